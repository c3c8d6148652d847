package gateway

import (
	"context"
	"fmt"
	"time"
)

const (
	lingerTimeout = time.Second // for the peer to close TCP once it has been told everything
	lingerBytes   = 4 << 20     // bytes of what the peer was still sending that are thrown away meanwhile
)

// Close sends each of ids a close frame after what already waits for it; from then on a Post answers that it is gone.
// It does not wait: the gateway gives the client FarewellTimeout to answer. An id that is unknown or already closing is
// left alone. Reasons above 123 bytes are cut. The error is for a code that RFC 6455 section 7.4 does not let one send.
func (s *Server) Close(ctx context.Context, code int, reason string, ids ...string) error {
	if !validCloseCode(code) {
		return fmt.Errorf("gateway: close code %d must not be sent", code)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, id := range ids {
		if c := s.connections.get(id); c != nil {
			s.jitter.afterPosts(c, func() { c.close(code, reason, nil) })
		}
	}
	return nil
}

// drop closes because the gateway decides so: with a farewell. A slow reader loses what waits for it. It returns
// false if a close has begun already.
func (c *connection) drop(code int, reason string) bool {
	return c.close(code, reason, func() []byte {
		return c.server.options.Farewell(code)
	})
}

// close begins a close from our side; false: one has begun already.
func (c *connection) close(code int, reason string, farewell func() []byte) bool {
	c.mu.Lock()
	if c.phase != phaseOpen {
		c.mu.Unlock()
		return false
	}
	c.phase = phaseClosing
	c.end = &end{code: code, reason: reason, deadline: c.server.now() + c.server.patience(code)}
	c.end.parting = true // the connection must not end before the frames are out that are made now, without the lock
	if c.queue != nil && code == closeSlowReader {
		c.queue.drop()
		c.account()
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.end.parting = false
		if c.carrier != nil {
			c.carrier.settled()
		}
		c.mu.Unlock()
	}()

	var last []byte
	if farewell != nil {
		if text := farewell(); len(text) > 0 {
			last = encode([][]byte{text})
		}
	}
	c.say(append(last, closeFrame(code, reason)...))
	return true
}

// patience is how long a client has to answer a close frame.
func (s *Server) patience(code int) time.Duration {
	if code == closeSlowReader {
		return 2 * s.options.FarewellTimeout // it has to take what is under way first
	}
	return s.options.FarewellTimeout
}

// say sends the last frames, unless a close frame has gone out already.
func (c *connection) say(last []byte) {
	c.mu.Lock()
	if c.phase == phaseClosed || c.end.said {
		c.mu.Unlock()
		return
	}
	c.end.said = true
	if c.queue != nil {
		c.queue.ping, c.queue.pong = false, nil // they must not overtake a close frame
	}
	err := c.put(last)
	c.mu.Unlock()
	if err != nil {
		c.abort()
	}
}

// ending is how the reading of a connection ends, when the peer has said so or has broken the protocol.
type ending struct {
	code      int
	reason    string
	violation bool
}

// conclude answers the last frame.
func (c *connection) conclude(end *ending) {
	if !end.violation {
		c.answerClose(end.code, end.reason)
		return
	}
	c.server.often.info("connection failed", "connection", c.id, "code", end.code, "reason", end.reason)
	c.drop(end.code, end.reason)
}

// answerClose echoes the client's close frame, or takes it as the answer to ours.
func (c *connection) answerClose(code int, reason string) {
	c.mu.Lock()
	if c.phase == phaseOpen {
		c.phase = phaseClosing
		c.end = &end{code: code, reason: reason, deadline: c.server.now() + c.server.options.FarewellTimeout}
	}
	c.mu.Unlock()
	c.say(closeFrame(code, ""))
}

// lose is for a peer that ended its side without a close frame, or whose connection failed. If it still reads, it is
// told; nothing else that waits is of use to it.
func (c *connection) lose() {
	c.mu.Lock()
	if c.phase == phaseOpen {
		c.phase, c.end = phaseClosing, &end{code: closeAbnormal}
	}
	c.end.deadline = c.server.now() + lingerTimeout
	if c.queue != nil {
		c.queue.drop()
		c.account()
	}
	c.mu.Unlock()
	c.say(closeFrame(closeProtocol, "ended without a close frame"))
}

// ended counts out a connection of which nothing is left.
func (s *Server) ended(c *connection) {
	s.leave(c.from())
	s.closed(c.peer())
	s.log.Debug("disconnected", "connection", c.id)
}

// disconnect tells the handler, which API Gateway gives no promise of either.
func (s *Server) disconnect(id string, code int, reason string) {
	if s.losesEnd() {
		return
	}
	s.delay()
	err := s.contain(func(ctx context.Context) error {
		if s.informed != nil {
			return s.informed.OnEnd(ctx, id, code, reason)
		}
		return s.handler.OnDisconnect(ctx, id)
	})
	if err != nil {
		s.log.Error("OnDisconnect", "connection", id, "error", err)
	}
}
