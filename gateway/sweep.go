package gateway

import (
	"time"

	"github.com/gobwas/ws"

	"parley/planted"
)

const (
	// answerTimeout is how long a ping may go unanswered. Two fifths of a Heartbeat shorter than 25 s.
	answerTimeout = 10 * time.Second

	sweepInterval = time.Second
)

// sweep looks at every connection once a second, instead of a timer for each: who is silent, who is stuck, who does not
// answer a close. It ends with stopped.
func (s *Server) sweep() {
	defer close(s.swept)
	interval := sweepInterval
	for _, limit := range []time.Duration{s.options.Heartbeat, s.options.FarewellTimeout, s.options.StallTimeout, s.options.MessageTimeout, s.options.IdleTimeout, s.options.MaxAge, s.options.HandshakeTimeout} {
		if limit > 0 {
			interval = min(interval, limit/5)
		}
	}
	interval = max(10*time.Millisecond, interval)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-s.stopped:
			return
		case <-ticker.C:
			now := s.now()
			s.connections.each(func(c *connection) { c.check(now) })
			s.often.tell(now, false)
			if s.engine != nil {
				s.engine.sweep()
			}
		}
	}
}

// check does what is due for one connection. It MUST NOT block.
func (c *connection) check(now time.Duration) {
	c.mu.Lock()
	phase, overdue, connecting, waits := c.phase, c.end != nil && now > c.end.deadline, c.carrier == nil, c.flushing
	c.mu.Unlock()
	if connecting {
		return
	}
	if phase == phaseClosing && overdue {
		c.server.log.Debug("close not answered", "connection", c.id)
		c.abort()
	}
	if phase != phaseOpen || waits && c.stalled(now) || c.outlived(now) || c.acting.Load() {
		return
	}
	o := &c.server.options
	// A reader that is slow, but takes what waits for it, lives, though its pong may come late.
	sign := max(time.Duration(c.heard.Load()), c.took)
	pinged, begun := time.Duration(c.pinged.Load()), time.Duration(c.begun.Load())
	switch asked := pinged > sign; {
	// Nobody is given up unasked: it may be this process that was not running for a while.
	case o.Heartbeat > 0 && asked && now-pinged > min(answerTimeout, o.Heartbeat*2/5) && !planted.Is(planted.NoReaping):
		c.server.log.Debug("silent", "connection", c.id)
		c.drop(closeGoingAway, "no answer to a ping")
	case begun != 0 && now-begun > o.MessageTimeout:
		c.server.often.info("message never finished", "connection", c.id)
		c.drop(closePolicy, "message not finished in time")
	case o.Heartbeat > 0 && !asked && now-sign > o.Heartbeat:
		c.pinged.Store(int64(now))
		c.ping()
	}
}

// stalled closes a connection whose peer takes nothing of what waits for it, whatever it says meanwhile.
func (c *connection) stalled(now time.Duration) bool {
	o := &c.server.options
	// Only what waits between two sweeps tells that somebody reads. What the kernel takes at once, such as a ping, doesn't.
	c.took = time.Duration(c.progress.Load())
	if o.KeepSlowReaders || now-c.took <= o.StallTimeout || planted.Is(planted.UnboundedQueue) {
		return false
	}
	c.server.log.Info("slow reader", "connection", c.id, "took_nothing_for", now-c.took)
	c.drop(closeSlowReader, "slow reader")
	return true
}

// outlived closes a connection that is too old, or that no message went through for too long; pings do not count. The
// words are API Gateway's for both.
func (c *connection) outlived(now time.Duration) bool {
	o := &c.server.options
	idle, old := now-time.Duration(c.activeAt.Load()) > o.IdleTimeout, now-c.connectedAt > o.MaxAge
	if (o.IdleTimeout == 0 || !idle) && (o.MaxAge == 0 || !old) {
		return false
	}
	c.server.log.Debug("time is over", "connection", c.id)
	c.drop(closeGoingAway, "Going away")
	return true
}

func (c *connection) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseOpen && c.control(ws.OpPing, nil) == nil && !c.flushing {
		c.carrier.try() // at once: in a sweep thousands may be due, each of which would have a queue until its round
	}
}
