package gateway

import (
	"sync"
	"sync/atomic"
	"time"
	"unique"
)

// connection is one WebSocket, whichever engine carries it. Its engine reads from it, has the handler called, and at the
// end closes it, one after the other; anybody may write to it. Ten thousand of them are idle at a time, so it holds no
// buffer and no timer.
type connection struct {
	server    *Server
	id        string
	address   [16]byte              // the client's, as netip.Addr.As16 has it; zero: not known
	userAgent unique.Handle[string] // thousands come with the same few
	carrier   carrier               // nil until the handshake is answered; set once, guarded by mu until then
	frames    *frameReader          // only the reader's; nil while nothing is unfinished

	underWay chan struct{} // holds one for each message that is handled; nil: Options.Unordered is not set

	// Of the server's own clock, in nanoseconds; the sweep compares them.
	connectedAt time.Duration
	controls    time.Duration // the bucket of its pings and pongs; only the reader's
	took        time.Duration // progress when the sweep last saw something wait; only the sweep's
	activeAt    atomic.Int64  // when a message went either way last
	heard       atomic.Int64  // when bytes came last
	progress    atomic.Int64  // when the kernel last took something of what waits
	pinged      atomic.Int64  // when a ping was sent last
	begun       atomic.Int64  // when a message began that is still unfinished; 0: none
	acting      atomic.Bool   // the handler is at work, so nothing is read
	spoke       atomic.Bool   // a message has come
	hidden      atomic.Bool   // its id is not known to anybody yet

	mu       sync.Mutex // guards what follows; never held while waiting for the peer
	phase    phase
	flushing bool   // the kernel takes no more at present, or the handshake is not answered yet: all has to queue
	proxied  bool   // address is not the peer's; set once
	end      *end   // of it; nil while phaseOpen
	queue    *queue // nil while nothing waits
}

// end is what is to be known of a connection that is closing.
type end struct {
	code     int // of the close that began first, with its reason
	reason   string
	deadline time.Duration // when it is given up, of the server's own clock
	said     bool          // our close frame is written, or waits
	parting  bool          // the close frame that the phase promises is still being made

	until    time.Duration // when lingering ends, of the same clock; a loop's own, as is what follows
	discards int           // bytes that are still thrown away meanwhile
}

type phase uint8

const (
	phaseOpen    phase = iota // also while connecting, as long as carrier is nil
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
	if o.KeepSlowReaders && c.overfull(len(b)) {
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
		c.abort() // the reader learns of it and finishes
	}
	return sentGone
}

// overfull tells whether so many bytes more would be more than may wait. c.mu is held.
func (c *connection) overfull(more int) bool {
	over := func() bool { return c.queue != nil && c.queue.bytes+more > c.server.options.MaxQueueBytes }
	if !over() {
		return false
	}
	if !c.flushing {
		c.carrier.try()
	}
	return over()
}

func (c *connection) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == phaseOpen
}
