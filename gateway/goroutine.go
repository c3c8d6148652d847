package gateway

import (
	"net"
	"sync"
	"time"

	"parley/planted"
)

// attended is the carrier with a goroutine of its own, which reads, and waits for what comes. It works on every system
// and over TLS.
type attended struct {
	*connection
	socket socket
	idle   sync.Cond // of connection.mu: a flush or a parting has ended
}

// attend carries the connection over conn, answers the handshake, and lets out what was posted meanwhile; a close frame
// too, if somebody has closed it already.
func (c *connection) attend(conn net.Conn, answer []byte) *attended {
	a := &attended{connection: c, socket: newSocket(conn)}
	a.idle.L = &c.mu
	c.attach(a)

	conn.SetWriteDeadline(time.Now().Add(c.server.options.HandshakeTimeout))
	if _, err := conn.Write(answer); err != nil {
		a.socket.abort() // what is posted must not go out in the answer's place
	}
	conn.SetWriteDeadline(time.Time{})

	c.mu.Lock()
	if c.queue == nil {
		c.endFlush()
	} else {
		go a.flush()
	}
	c.mu.Unlock()
	c.attached()
	return a
}

// serve reads until the connection ends. early is what came together with the handshake.
func (a *attended) serve(early []byte) {
	defer a.server.working.Done()
	goOn := len(early) == 0 || a.receive(early)
	for goOn {
		b, err := a.socket.next()
		if err != nil {
			a.lose()
			break
		}
		a.heard.Store(int64(a.server.now()))
		goOn = a.receive(b)
		a.socket.release()
	}
	a.finish()
}

// receive handles bytes that have come; false: nothing more is to be read.
func (a *attended) receive(b []byte) (goOn bool) {
	for {
		rest, messages, end := a.gather(b)
		a.act(messages)
		if end != nil {
			a.conclude(end)
			return false
		}
		if b = rest; len(b) == 0 {
			return true
		}
	}
}

func (a *attended) put(b []byte) error {
	if planted.Is(planted.BlockingBroadcast) {
		_, err := a.socket.Write(b)
		return err
	}
	n, err := a.socket.try(b)
	if err != nil || n == len(b) {
		return err
	}
	q := a.waiting()
	q.push(b)
	q.offset, q.bytes = n, len(b)-n
	a.account()
	a.flushing = true
	a.progress.Store(int64(a.server.now()))
	go a.flush()
	return nil
}

// try has nothing to do: put has asked the kernel already.
func (a *attended) try() {}

func (a *attended) settled() { a.idle.Broadcast() }

func (a *attended) abort() { a.socket.abort() }

// flush writes until nothing waits, or until the socket fails. Its goroutine lives only meanwhile, and the connection's
// own waits for its end.
func (a *attended) flush() {
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
		a.mu.Lock()
		var b []byte
		if a.queue != nil {
			b = a.queue.take(joinSize, borrow)
			a.queue.writing = len(b)
			a.account()
		}
		if b == nil {
			a.endFlush()
			a.mu.Unlock()
			return
		}
		a.mu.Unlock()

		if _, err := a.socket.Write(b); err != nil {
			a.mu.Lock()
			a.endFlush()
			a.mu.Unlock()
			a.socket.abort()
			return
		}
		a.progress.Store(int64(a.server.now()))
	}
}

// finish is the end of the connection's goroutine: what is left goes out, the handler is told, and TCP is closed so
// gently that the close frame is not overtaken by a reset.
func (a *attended) finish() {
	a.mu.Lock()
	for a.end.parting || a.flushing {
		a.idle.Wait() // the sweep aborts a flush at the deadline
	}
	a.phase = phaseClosed
	code, reason := a.end.code, a.end.reason
	a.mu.Unlock()

	s := a.server
	if !planted.Is(planted.DescriptorLeak) {
		s.connections.remove(a.connection)
	}
	a.socket.closeWrite()
	s.disconnect(a.id, code, reason)

	// Bytes that arrive after close(2), or lie unread then, are answered with a reset, which makes the peer forget what
	// it has not read yet. RFC 6455 section 7.1.1, RFC 1122 section 4.2.2.13.
	a.socket.SetReadDeadline(time.Now().Add(lingerTimeout))
	a.discard()
	if !planted.Is(planted.DescriptorLeak) {
		a.socket.Close()
	}
	s.ended(a.connection)
}

func (a *attended) discard() {
	for left := lingerBytes; left > 0; {
		b, err := a.socket.next()
		if err != nil {
			return
		}
		left -= len(b)
		a.socket.release()
	}
}
