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

var errFull = errors.New("more waits than a slow reader may have")

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
	if planted.Is(planted.BlockingBroadcast) {
		_, err := c.socket.Write(b)
		return err
	}
	n, err := c.socket.try(b)
	if err != nil || n == len(b) {
		return err
	}
	q := c.waiting()
	q.push(b)
	q.offset, q.bytes = n, len(b)-n
	c.account()
	c.flushing, c.flushed = true, make(chan struct{})
	c.progress.Store(int64(c.server.now()))
	go c.flush()
	return nil
}

func (c *connection) waiting() *queue {
	if c.queue == nil {
		c.queue = &queue{}
	}
	return c.queue
}

// account tells the server how much waits now. c.mu is held, and there is a queue.
func (c *connection) account() {
	waits := c.queue.bytes + c.queue.writing
	c.server.queued.Add(int64(waits - c.queue.counted))
	c.queue.counted = waits
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

// flush writes until nothing waits, or until the socket fails. Its goroutine lives only meanwhile, and the connection's
// reading goroutine waits for its end.
func (c *connection) flush() {
	var buffer *[joinSize]byte
	borrow := func() []byte {
		if buffer == nil {
			buffer = joinBuffers.Get().(*[joinSize]byte)
		}
		return buffer[:]
	}
	defer func() {
		if buffer != nil {
			joinBuffers.Put(buffer)
		}
	}()
	for {
		c.mu.Lock()
		var b []byte
		if c.queue != nil {
			b = c.queue.take(joinSize, borrow)
			c.queue.writing = len(b)
			c.account()
		}
		if b == nil {
			c.endFlush()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()

		if _, err := c.socket.Write(b); err != nil {
			c.mu.Lock()
			c.endFlush()
			c.mu.Unlock()
			c.socket.abort()
			return
		}
		c.progress.Store(int64(c.server.now()))
	}
}

// endFlush lets go of the queue and wakes who waits for its end. c.mu is held.
func (c *connection) endFlush() {
	if c.queue != nil {
		c.server.queued.Add(-int64(c.queue.counted))
	}
	c.flushing, c.queue = false, nil
	close(c.flushed)
	c.flushed = nil
}
