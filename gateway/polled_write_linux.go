package gateway

import (
	"syscall"

	"golang.org/x/sys/unix"

	"parley/planted"
)

func (p *polled) put(b []byte) error {
	if p.broken {
		return errBroken
	}
	q := p.waiting()
	q.push(b)
	if planted.Is(planted.BlockingBroadcast) {
		return p.writeAll()
	}
	if q.bytes > min(joinSize, p.server.options.MaxQueueBytes) {
		if p.flush(); p.broken {
			return errBroken
		}
		return nil
	}
	if !p.dirty {
		p.dirty = true
		p.loop.mark(p)
	}
	return nil
}

// writeAll waits for the peer, which is a bug: planted.BlockingBroadcast.
func (p *polled) writeAll() error {
	for p.flush(); p.queue != nil; p.flush() {
		unix.Poll([]unix.PollFd{{Fd: p.fd, Events: unix.POLLOUT}}, -1)
	}
	if p.broken {
		return errBroken
	}
	return nil
}

func (p *polled) try() {
	if !p.flushing {
		p.flush()
	}
}

// writeWaiting is the connection's part of a round: it asks the kernel to take what waits.
func (p *polled) writeWaiting() {
	p.mu.Lock()
	p.dirty = false
	p.try()
	p.mu.Unlock()
	p.proceed()
}

func (p *polled) abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shut {
		unix.SetsockoptLinger(int(p.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // a reset drops what the kernel holds
	}
	p.breakOff()
}

// breakOff lets go of what waits, for good. mu is held.
func (p *polled) breakOff() {
	p.broken, p.flushing = true, false
	p.release()
	p.note()
}

// flush gives the kernel what it takes of what waits, several chunks in one write. mu is held.
func (p *polled) flush() {
	if p.queue == nil {
		return
	}
	var buffer *[joinSize]byte
	took := !p.flushing
	for !p.broken {
		b := p.queue.peek(joinSize, func() []byte {
			if buffer == nil {
				buffer = joinBuffers.Get().(*[joinSize]byte)
			}
			return buffer[:]
		})
		if b == nil {
			p.flushing = false
			p.release()
			break
		}
		n, err := syscall.Write(int(p.fd), b)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			p.flushing = true // until epoll says so
			p.account()
			if took {
				p.progress.Store(int64(p.server.now()))
			}
			break
		}
		if err != nil {
			p.breakOff()
			break
		}
		p.queue.done(n)
		took = true
	}
	if buffer != nil {
		joinBuffers.Put(buffer)
	}
}
