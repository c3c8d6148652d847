package gateway

import (
	"sync"
	"sync/atomic"
	"time"
)

// connection is one WebSocket. One goroutine reads from it, calls the handler, and at the end closes it; anybody may
// write to it. Ten thousand of them are idle at a time, so it holds no buffer and no timer.
type connection struct {
	server    *Server
	id        string
	address   string
	userAgent string
	socket    socket      // nil until the handshake is answered; set once, guarded by mu until then
	frames    frameReader // only the reading goroutine's

	underWay chan struct{} // holds one for each message that is handled; nil: Options.Unordered is not set

	// Of the server's own clock, in nanoseconds; the sweep compares them.
	connectedAt time.Duration
	took        time.Duration // progress when the sweep last saw something wait; only the sweep's
	activeAt    atomic.Int64  // when a message went either way last
	heard       atomic.Int64  // when bytes came last
	progress    atomic.Int64  // when the kernel last took something of what waits
	pinged      atomic.Int64  // when a ping was sent last
	begun       atomic.Int64  // when a message began that is still unfinished; 0: none
	acting      atomic.Bool   // the handler is at work, so nothing is read

	mu       sync.Mutex // guards what follows; never held while waiting for the peer
	phase    phase
	said     bool // our close frame is written, or waits
	code     int  // of the close that began first, with its reason; 0: none has
	reason   string
	deadline time.Duration // when a connection that is closing is given up, of the server's own clock
	flushing bool          // a goroutine writes, or the handshake is not answered yet: all else has to queue
	flushed  chan struct{} // closed when flushing ends
	parting  chan struct{} // closed when the close frame that the phase promises has been said; nil: no need to wait
	queue    *queue        // nil while nothing waits
}

type phase uint8

const (
	phaseOpen    phase = iota // also while connecting, as long as socket is nil
	phaseClosing              // nothing is posted any more; a close frame goes out, and the peer's is awaited
	phaseClosed               // nothing goes out any more
)

// sent is what became of a post.
type sent uint8

const (
	sentOff  sent = iota // written, or in the queue
	sentGone             // the connection is gone, or too slow and closed for it
	sentFull             // too much waits already, and Options.KeepSlowReaders: lost
)

// send posts whole frames.
func (c *connection) send(b []byte, at time.Duration) sent {
	o := &c.server.options
	c.mu.Lock()
	if c.phase != phaseOpen {
		c.mu.Unlock()
		return sentGone
	}
	if o.KeepSlowReaders && c.queue != nil && c.queue.bytes+len(b) > o.MaxQueueBytes {
		c.mu.Unlock()
		return sentFull
	}
	err := c.write(b)
	waits := c.queue != nil
	c.mu.Unlock()
	switch err {
	case nil:
		c.activeAt.Store(int64(at))
		if waits && c.server.queued.Load() > o.MaxQueuedBytes {
			if c.server.relieve(); !c.isOpen() {
				return sentGone
			}
		}
		return sentOff
	case errFull:
		c.server.log.Info("slow reader", "connection", c.id, "limit_bytes", o.MaxQueueBytes)
		c.drop(closeSlowReader, "slow reader")
	default:
		c.abort() // the reading goroutine learns of it and finishes
	}
	return sentGone
}

func (c *connection) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == phaseOpen
}
