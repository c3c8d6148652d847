package gateway

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// member is what a loop reads and writes. Its methods are called by the loop alone, and MUST NOT block.
type member interface {
	// ready tells what epoll has seen of its descriptor.
	ready(events uint32)

	// attend follows a note.
	attend()

	// check is called with each sweep for those that are in loop.due.
	check(now time.Duration)

	// cut closes its descriptor, because the loop ends.
	cut()
}

// watched is what epoll tells about a descriptor, once each time it becomes so. That way none is ever changed: a
// connection that is not to be read just isn't.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// over is that nothing more will come after what there is to read.
const over = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

// loop is one goroutine that reads and writes its share of the connections.
type loop struct {
	engine   *loops
	epoll    *os.File // an epoll instance. Go's own poller waits for it, so that no thread stands in a system call
	fd       int      // the same
	doorbell int      // an eventfd within it

	mu      sync.Mutex // guards what follows. Taken after a connection's, never before
	notes   []member   // who asks for attention
	dirty   []*polled  // to whom something is to be written
	asleep  bool       // it looks at notes only when the doorbell rings
	stopped bool

	// Only the loop's own.
	members []member            // by descriptor, of which every so many'th is this loop's as there are loops
	due     map[member]struct{} // those that the server's sweep does not know: visitors, and connections that linger
	buffer  [readSize]byte      // what is read lies here until it has been looked at
	acting  int                 // connections whose messages are being handled
	pace    time.Duration       // what a connection's writing took in the last round
	round   []*polled           // to be written next
	ended   chan struct{}
}

func newLoop(e *loops) (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err = unix.SetNonblock(fd, true); err != nil { // for os.NewFile
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	l := &loop{engine: e, fd: fd, epoll: os.NewFile(uintptr(fd), "epoll"), due: map[member]struct{}{}, ended: make(chan struct{})}
	if l.doorbell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		l.epoll.Close()
		return nil, os.NewSyscallError("eventfd", err)
	}
	if err = l.watch(l.doorbell, unix.EPOLLIN|unix.EPOLLET); err != nil { // each ring is an event; nobody need read it
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *loop) watch(fd int, events uint32) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}))
}

// note asks for m.attend to be called. Any goroutine may; the loop is woken once for all that is noted while it sleeps.
func (l *loop) note(m member) {
	l.mu.Lock()
	if l.stopped {
		l.mu.Unlock()
		return
	}
	l.notes = append(l.notes, m)
	l.wake()
	l.mu.Unlock()
}

// mark asks for p.writeWaiting to be called in the next round. Any goroutine may.
func (l *loop) mark(p *polled) {
	l.mu.Lock()
	if !l.stopped {
		l.dirty = append(l.dirty, p)
		l.wake()
	}
	l.mu.Unlock()
}

// wake rings if the loop sleeps. mu is held, so that the descriptor is still the doorbell's.
func (l *loop) wake() {
	if l.asleep {
		l.asleep = false
		l.ring()
	}
}

func (l *loop) ring() { syscall.Write(l.doorbell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) } // it cannot fail before 2^64 rings

// stop lets the loop end; ended is closed then.
func (l *loop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped {
		l.stopped = true
		l.ring()
	}
}

func (l *loop) run() {
	defer close(l.ended)
	defer l.close()
	raw, err := l.epoll.SyscallConn()
	if err != nil {
		l.engine.server.log.Error("epoll", "error", err)
		return
	}
	var events [256]unix.EpollEvent
	var n int
	var sleepy bool
	wait := func(uintptr) bool {
		n, err = unix.EpollWait(l.fd, events[:], 0)
		return n > 0 || !sleepy
	}
	var notes []member
	var held time.Time // since when a round waits; zero: none does
	for {
		l.mu.Lock()
		sleepy = len(l.notes)+len(l.dirty) == 0 && !l.stopped && (len(l.round) == 0 || !held.IsZero())
		l.asleep = sleepy
		l.mu.Unlock()
		if failed := raw.Read(wait); errors.Is(failed, os.ErrDeadlineExceeded) {
			l.epoll.SetReadDeadline(time.Time{})
			n = 0
		} else if failed != nil || err != nil && err != syscall.EINTR {
			l.engine.server.log.Error("epoll", "error", errors.Join(failed, err))
			return
		}
		for i := range max(n, 0) {
			if fd := int(events[i].Fd); fd != l.doorbell {
				if m := l.member(fd); m != nil {
					m.ready(events[i].Events)
				}
			}
		}
		l.mu.Lock()
		notes, l.notes = l.notes, notes[:0]
		l.round, l.dirty = append(l.round, l.dirty...), l.dirty[:0]
		l.asleep = false
		stopped := l.stopped
		l.mu.Unlock()
		for i, m := range notes {
			m.attend()
			notes[i] = nil
		}
		if stopped {
			return
		}
		held = l.write(held)
		runtime.Gosched() // whoever was given something to do may do it before the next look
	}
}

const (
	// heldShare is the part of a round's duration for which it is held back while messages are being handled. What these
	// have posted joins it then, instead of a round of its own that costs as much.
	heldShare = 8

	// leastHeld is what is worth a timer.
	leastHeld = 100 * time.Microsecond
)

// write does a round: each connection's waiting frames in one write. It returns since when the round is held instead.
func (l *loop) write(held time.Time) time.Time {
	if len(l.round) == 0 {
		return time.Time{}
	}
	began := time.Now()
	if patience := l.pace * time.Duration(len(l.round)) / heldShare; l.acting > 0 && patience >= leastHeld {
		if held.IsZero() {
			l.epoll.SetReadDeadline(began.Add(patience))
			return began
		}
		if began.Sub(held) < patience {
			return held
		}
	}
	for i, p := range l.round {
		p.writeWaiting()
		l.round[i] = nil
	}
	l.pace = time.Since(began) / time.Duration(len(l.round))
	l.round = l.round[:0]
	return time.Time{}
}

// close cuts whatever is left.
func (l *loop) close() {
	l.mu.Lock()
	l.stopped = true // nobody rings any more
	l.mu.Unlock()
	for _, m := range l.members {
		if m != nil {
			m.cut()
		}
	}
	l.epoll.Close()
	unix.Close(l.doorbell)
}

// seat makes m the one whose descriptor fd is; nil: nobody.
func (l *loop) seat(fd int, m member) {
	i := fd / len(l.engine.loops)
	if i >= len(l.members) {
		l.members = slices.Grow(l.members, i+1-len(l.members))[:i+1]
	}
	l.members[i] = m
}

// member returns whose descriptor fd is, or nil.
func (l *loop) member(fd int) member {
	if i := fd / len(l.engine.loops); i < len(l.members) {
		return l.members[i]
	}
	return nil
}

// sweeper checks a loop's due members. It is noted like a member.
type sweeper struct{ *loop }

func (s sweeper) attend() {
	now := s.engine.server.now()
	for m := range s.due {
		m.check(now)
	}
}

func (sweeper) ready(uint32)        {}
func (sweeper) check(time.Duration) {}
func (sweeper) cut()                {}
