package gateway

import (
	"sync"
	"sync/atomic"
	"time"
)

// connection is one WebSocket. One goroutine reads from it, calls the handler, and at the end closes it; anybody may
// write to it. Ten thousand of them are idle at a time, so it holds no buffer and no timer.
type connection struct {
	server      *Server
	id          string
	address     string
	userAgent   string
	connectedAt int64 // milliseconds since 1970
	socket      socket
	frames      frameReader // only the reading goroutine's

	// Of the server's own clock, in nanoseconds; the sweep compares them.
	heard    atomic.Int64 // when bytes came last
	progress atomic.Int64 // when the kernel last took something of what waits
	pinged   atomic.Int64 // when a ping was sent last
	begun    atomic.Int64 // when a message began that is still unfinished; 0: none
	acting   atomic.Bool  // the handler is at work, so nothing is read

	activeAt atomic.Int64 // when a message went either way last, in milliseconds since 1970

	mu       sync.Mutex // guards what follows; never held while waiting for the peer
	phase    phase
	said     bool          // our close frame is written, or waits
	deadline time.Duration // when a connection that is closing is given up, of the server's own clock
	flushing bool          // a goroutine writes, or the handshake is not answered yet: all else has to queue
	flushed  chan struct{} // closed when flushing ends
	queue    *queue        // nil while nothing waits
}

type phase uint8

const (
	phaseOpen    phase = iota
	phaseClosing       // nothing is posted any more; a close frame goes out, and the peer's is awaited
	phaseClosed        // nothing goes out any more
)

// send posts whole frames; false: the connection is gone, or too slow and closed for it.
func (c *connection) send(b []byte, at int64) bool {
	c.mu.Lock()
	if c.phase != phaseOpen {
		c.mu.Unlock()
		return false
	}
	err := c.write(b)
	c.mu.Unlock()
	switch err {
	case nil:
		c.activeAt.Store(at)
		return true
	case errFull:
		c.server.log.Info("slow reader", "connection", c.id, "limit_bytes", c.server.options.MaxQueueBytes)
		c.drop(closeSlowReader, "slow reader")
	default:
		c.socket.abort() // the reading goroutine learns of it and finishes
	}
	return false
}

func (c *connection) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == phaseOpen
}
