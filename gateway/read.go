package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/gobwas/ws"
)

// Bounds of what one OnAction gets, so that a burst doesn't keep the sender's first message waiting for its last.
const (
	maxBatch      = 64        // messages
	maxBatchBytes = 256 << 10 // bytes, after which no further message is added
)

// gather uses bytes that have come, up to where the handler has to be called or the connection ends. messages go to one
// OnAction; end follows them, and nothing is to be read after it. It unmasks b in place and keeps nothing of it.
func (c *connection) gather(b []byte) (rest []byte, messages [][]byte, end *ending) {
	var size int
	var pinged, completed bool
	var ping []byte
	if c.frames == nil {
		c.frames = frameReaders.Get().(*frameReader)
		*c.frames = frameReader{limit: c.server.options.MaxMessageBytes, frameLimit: c.server.options.MaxFrameBytes}
	}
	for {
		var e event
		b, e = c.frames.next(b)
		completed = completed || e.kind != eventNone && !c.frames.begun // a ping within a message is no progress of it
		switch e.kind {
		case eventText:
			messages = append(messages, e.payload)
			size += len(e.payload)
		case eventPing:
			pinged, ping = true, e.payload
			end = c.tooLively()
		case eventPong:
			end = c.tooLively()
		case eventClose:
			end = &ending{e.code, closeReason(e), false}
		case eventViolation:
			end = &ending{e.code, e.reason, true}
		}
		if end == nil && e.kind != eventNone && len(messages) < maxBatch && size < maxBatchBytes {
			continue
		}
		if pinged { // only the last of those read at once is answered, as RFC 6455 section 5.5.3 permits
			c.pong(ping)
		}
		if end == nil {
			c.markUnfinished(completed)
		}
		return b, messages, end
	}
}

// frameReaders lends what is needed to look at bytes.
var frameReaders = sync.Pool{New: func() any { return new(frameReader) }}

// markUnfinished notes since when a message has been coming, for the sweep. completed: another one has come since.
func (c *connection) markUnfinished(completed bool) {
	if c.frames.idle() {
		frameReaders.Put(c.frames)
		c.frames = nil
		c.begun.Store(0)
	} else if completed || c.begun.Load() == 0 {
		c.begun.Store(int64(c.server.now()))
	}
}

func (c *connection) pong(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseOpen {
		c.control(ws.OpPong, payload) // a socket that fails, fails the next read too
	}
}

// controlRate is what a client may send of pings and pongs: each costs a look, and says nothing. One ping in some
// seconds is usual.
var controlRate = Rate{PerSecond: 10, Burst: 200}

// tooLively counts a ping or a pong; not nil: there were too many.
func (c *connection) tooLively() *ending {
	bucket, wait := controlRate.take(c.controls, c.server.now())
	if wait > 0 {
		return &ending{closePolicy, "too many pings", true}
	}
	c.controls = bucket
	return nil
}

// act hands messages to the handler. What comes after a close has begun is not looked at.
func (c *connection) act(batch [][]byte) {
	if len(batch) == 0 || !c.isOpen() {
		return
	}
	c.activeAt.Store(int64(c.server.now()))
	c.spoke.Store(true)
	c.acting.Store(true)
	if c.underWay == nil {
		c.handle(batch...)
	} else {
		c.scatter(batch)
	}
	c.heard.Store(int64(c.server.now())) // it could not be heard meanwhile
	c.acting.Store(false)
}

// maxUnderWay is how many messages of one connection are handled at a time with Options.Unordered.
const maxUnderWay = 64

// scatter hands each message over by itself, and waits only when too many are under way.
func (c *connection) scatter(batch [][]byte) {
	for _, message := range batch {
		c.underWay <- struct{}{}
		c.server.working.Add(1) // the reading goroutine is counted in, so Shutdown is still waiting
		go func() {
			defer c.server.working.Done()
			c.handle(message)
			<-c.underWay
		}()
	}
}

// handle calls the handler, and tells the client when that fails.
func (c *connection) handle(messages ...[]byte) {
	c.server.delay()
	err := c.server.contain(func(ctx context.Context) error { return c.server.handler.OnAction(ctx, c.id, messages...) })
	if err == nil {
		return
	}
	var frame []byte
	if told := (interface{ Frame() []byte })(nil); errors.As(err, &told) {
		frame = told.Frame()
	} else {
		frame = internalError(c.id, newID())
	}
	c.server.log.Error("OnAction", "connection", c.id, "error", err)
	c.send(encode([][]byte{frame}), c.server.now())
}

// internalError is the frame that API Gateway sends when an integration fails, to the space.
func internalError(id, request string) []byte {
	connectionID, _ := json.Marshal(id)
	requestID, _ := json.Marshal(request)
	return fmt.Appendf(nil, `{"message": "Internal server error", "connectionId":%s, "requestId":%s}`, connectionID, requestID)
}

// contain turns a handler's panic into an error, so that it costs one connection its answer and not everybody theirs.
func (s *Server) contain(f func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			cause := fmt.Sprintf("%T", p) // the value may hold a message's text
			if e, ok := p.(runtime.Error); ok {
				cause = e.Error()
			}
			err = fmt.Errorf("panic: %s\n%s", cause, debug.Stack())
		}
	}()
	return f(s.actions)
}
