package gateway

import (
	"bytes"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxReads bounds what a loop reads from one connection before it looks at the others.
const maxReads = 16

// polled is the carrier of a connection that a loop reads and writes. The loop reads; what waits is written by the loop
// once a round, all in one write, or by whoever posts so much that it would be too much to wait.
type polled struct {
	connection
	loop *loop

	parts  atomic.Int32 // that have not ended yet: the descriptor, and what the handler is told
	action *action      // only the loop's own

	// Guarded by connection.mu.
	fd     int32
	noted  bool // in the loop's notes
	dirty  bool // in the loop's list of those for whom something waits that the kernel has not been asked to take
	broken bool // nothing goes out any more
	shut   bool // fd is closed
	acted  bool // the handler has returned, and the loop has not seen it yet

	// Only the loop's own.
	stage    stage
	readable bool // there may be something to read
	over     bool // and after that nothing more
}

// stage is how far the loop is with a connection.
type stage uint8

const (
	stageComing    stage = iota // its visitor still has the descriptor
	stageReading                // messages are looked at
	stageEnding                 // nothing more is looked at; what waits goes out
	stageLingering              // all is said and TCP is closed from our side: what comes is thrown away
	stageShut                   // the descriptor is closed
)

// action is what has been read and is being handled. Nothing is read meanwhile.
type action struct {
	messages [][]byte
	rest     []byte  // read, and not looked at yet
	end      *ending // follows messages; nil: rest does
}

func newPolled(l *loop, fd int, h Handshake) *polled {
	p := &polled{loop: l, fd: int32(fd)}
	p.init(l.engine.server, h)
	p.parts.Store(2)
	return p
}

// open answers the handshake. The loop writes what was posted meanwhile, and reads, once it has been seated.
func (p *polled) open(answer []byte) {
	p.attach(p)
	n, err := syscall.Write(int(p.fd), answer)
	p.mu.Lock()
	p.flushing = false
	if err != nil || n != len(answer) {
		p.breakOff() // what is posted must not go out in the answer's place
	}
	p.mu.Unlock()
	p.attached()
}

// note asks for the loop's attention, once. mu is held.
func (p *polled) note() {
	if !p.noted {
		p.noted = true
		p.loop.note(p)
	}
}

func (p *polled) settled() { p.note() }

func (p *polled) ready(events uint32) {
	p.readable = p.readable || events&(unix.EPOLLIN|over) != 0
	p.over = p.over || events&over != 0
	if events&unix.EPOLLOUT != 0 {
		p.mu.Lock()
		if p.flushing && p.stage != stageComing {
			p.flush()
		}
		p.mu.Unlock()
	}
	p.proceed()
}

func (p *polled) attend() {
	p.mu.Lock()
	p.noted = false
	acted, broken := p.acted, p.broken
	p.acted = false
	p.mu.Unlock()
	if broken && p.stage != stageComing && p.stage != stageShut {
		p.shutDescriptor()
	}
	if acted {
		p.endAction()
	}
	p.proceed()
}

// seated is called when the descriptor is this connection's. rest came together with the handshake.
func (p *polled) seated(rest []byte, readable, over bool) {
	p.stage, p.readable, p.over = stageReading, readable, over
	p.mu.Lock()
	p.flush() // what was posted meanwhile; epoll may have told the visitor that the kernel takes it
	p.mu.Unlock()
	if len(rest) > 0 {
		p.digest(rest)
	}
	p.attend()
}

// proceed does what can be done without waiting.
func (p *polled) proceed() {
	for turn := 0; p.stage == stageReading && p.action == nil; turn++ {
		if p.isShut() {
			p.lose()
			p.stage = stageEnding
			break
		}
		if !p.readable {
			return
		}
		if turn == maxReads {
			p.mu.Lock()
			p.note()
			p.mu.Unlock()
			return
		}
		switch b, err := p.read(); {
		case err != nil:
			p.lose()
			p.stage = stageEnding
		case b != nil:
			p.heard.Store(int64(p.server.now()))
			p.digest(b)
		}
	}
	if p.stage == stageEnding {
		p.finish()
	}
	if p.stage == stageLingering {
		p.discard()
	}
}

// read returns nil when there is nothing at present. What it returns lies in the loop's buffer.
func (p *polled) read() ([]byte, error) {
	buffer := p.loop.buffer[:]
	n, err := syscall.Read(int(p.fd), buffer)
	switch {
	case err == unix.EINTR:
		return nil, nil
	case err == unix.EAGAIN:
		p.readable = false
		return nil, nil
	case err != nil:
		return nil, err
	case n == 0:
		return nil, errBroken
	}
	p.readable = n == len(buffer) || p.over // a short read has emptied it
	return buffer[:n], nil
}

// digest looks at bytes that have come, as far as can be done without the handler.
func (p *polled) digest(b []byte) {
	rest, messages, end := p.gather(b)
	switch {
	case len(messages) > 0:
		p.action = &action{messages: messages, rest: bytes.Clone(rest), end: end}
		p.loop.acting++
		p.loop.engine.crew.do(p)
	case end != nil:
		p.conclude(end)
		p.stage = stageEnding
	}
}

// work has the messages handled.
func (p *polled) work() {
	p.act(p.action.messages)
	p.mu.Lock()
	p.acted = true
	p.note()
	p.mu.Unlock()
}

func (p *polled) endAction() {
	done := p.action
	p.action = nil
	p.loop.acting--
	switch {
	case done.end != nil:
		p.conclude(done.end)
		p.stage = stageEnding
	case len(done.rest) > 0:
		p.digest(done.rest)
	}
}
