package gateway

import (
	"time"

	"golang.org/x/sys/unix"

	"parley/planted"
)

// finish is the end, once what is left has gone out: the handler is told, and TCP is closed so gently that the close
// frame is not overtaken by a reset.
func (p *polled) finish() {
	p.mu.Lock()
	if p.end.parting || p.queue != nil {
		p.mu.Unlock()
		return // the sweep aborts it at the deadline
	}
	p.phase = phaseClosed
	p.mu.Unlock()
	if !planted.Is(planted.DescriptorLeak) {
		p.server.connections.remove(&p.connection)
	}
	p.loop.engine.crew.do(epilogue{p})
	if p.isShut() {
		p.stage = stageShut
		return
	}
	unix.Shutdown(int(p.fd), unix.SHUT_WR)
	p.stage, p.readable = stageLingering, true
	p.end.until, p.end.discards = p.server.now()+lingerTimeout, lingerBytes
	p.loop.due[p] = struct{}{}
}

// epilogue tells the handler of a connection's end.
type epilogue struct{ p *polled }

func (e epilogue) work() {
	e.p.server.disconnect(e.p.id, e.p.end.code, e.p.end.reason) // nobody changes them in phaseClosed
	e.p.partEnded()
}

// discard throws away what still comes. Bytes that arrive after close(2), or lie unread then, are answered with a reset,
// which makes the peer forget what it has not read yet. RFC 6455 section 7.1.1, RFC 1122 section 4.2.2.13.
func (p *polled) discard() {
	for turn := 0; p.readable; turn++ {
		if turn == maxReads {
			p.mu.Lock()
			p.note()
			p.mu.Unlock()
			return
		}
		b, err := p.read()
		if p.end.discards -= len(b); err != nil || p.end.discards < 0 {
			p.shutDescriptor()
			return
		}
	}
}

func (p *polled) check(now time.Duration) {
	if now > p.end.until {
		p.shutDescriptor()
	}
}

func (p *polled) cut() { p.shutDescriptor() }

func (p *polled) isShut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shut
}

// shutDescriptor closes it. What else is to be done for the connection goes on without it.
func (p *polled) shutDescriptor() {
	p.mu.Lock()
	if p.shut {
		p.mu.Unlock()
		return
	}
	p.shut, p.broken, p.flushing = true, true, false
	p.release()
	if fd := int(p.fd); p.loop.member(fd) == member(p) {
		p.loop.seat(fd, nil)
	}
	delete(p.loop.due, p)
	if !planted.Is(planted.DescriptorLeak) {
		unix.Close(int(p.fd))
	}
	p.mu.Unlock()
	if p.stage == stageLingering {
		p.stage = stageShut
	}
	p.partEnded()
}

// partEnded is called when the descriptor is closed, and when the handler has been told.
func (p *polled) partEnded() {
	if p.parts.Add(-1) == 0 {
		p.server.ended(&p.connection)
		p.server.working.Done()
	}
}
