package gateway

import (
	"errors"
	"sync"

	"github.com/gobwas/ws"

	"parley/planted"
)

// joinSize is what one write of a flush takes at most. What waits is joined up to it: the kernel's work for a segment,
// not its bytes, is what a delivery costs.
const joinSize = 32 << 10 // bytes

var joinBuffers = sync.Pool{New: func() any { return new([joinSize]byte) }}

var (
	errFull   = errors.New("more waits than a slow reader may have")
	errBroken = errors.New("the connection is broken")
)

// write sends whole frames after what already waits, or returns errFull when too much does then. It MUST NOT wait for the
// peer. c.mu is held.
func (c *connection) write(b []byte) error {
	if err := c.put(b); err != nil {
		return err
	}
	if c.queue != nil && c.queue.bytes > c.server.options.MaxQueueBytes && !planted.Is(planted.UnboundedQueue) {
		return errFull
	}
	return nil
}

// put is write without the limit. c.mu is held.
func (c *connection) put(b []byte) error {
	if c.flushing {
		c.waiting().push(b)
		c.account()
		return nil
	}
	return c.carrier.put(b)
}

func (c *connection) waiting() *queue {
	if c.queue == nil {
		c.queue = queues.Get().(*queue)
	}
	return c.queue
}

// account tells the server how much waits now. c.mu is held, and there is a queue.
func (c *connection) account() {
	waits := c.queue.bytes + c.queue.writing
	c.server.queued.Add(int64(waits - c.queue.counted))
	c.queue.counted = waits
}

// endFlush lets go of the queue and wakes who waits for its end. c.mu is held.
func (c *connection) endFlush() {
	c.release()
	c.flushing = false
	if c.carrier != nil {
		c.carrier.settled()
	}
}

// release lets go of the queue. c.mu is held.
func (c *connection) release() {
	if q := c.queue; q != nil {
		c.server.queued.Add(-int64(q.counted))
		c.queue = nil
		q.recycle()
	}
}

// control sends a ping or the pong that answers one. These overtake what waits, since they tell that both ends live,
// and at most one of each waits: a client that asks without reading costs nothing. c.mu is held.
func (c *connection) control(op ws.OpCode, payload []byte) error {
	switch {
	case !c.flushing:
		return c.put(appendFrame(nil, op, payload))
	case op == ws.OpPing:
		c.waiting().ping = true
	default:
		c.waiting().pong = appendFrame(nil, op, payload)
	}
	return nil
}
