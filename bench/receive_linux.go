package bench

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// loops is a receiver that reads with an event loop for each core. A connection
// holds no goroutine and no buffer, so that the machine is the server's.
type loops struct {
	all  []*loop
	tls  readers // what an event loop cannot read
	wait sync.WaitGroup
}

// newReceiver returns what reads from many connections on this system. One that
// spins never sleeps: a server then does not pay for waking it.
func newReceiver(cores int, spin bool) (receiver, error) {
	r := &loops{}
	for range cores {
		l, err := newLoop(spin)
		if err != nil {
			r.close()
			return nil, err
		}
		r.all = append(r.all, l)
		r.wait.Go(l.run)
	}
	return r, nil
}

func (r *loops) add(i int, c *connection, s *shard, conn net.Conn) error {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return r.tls.add(i, c, s, conn)
	}
	return r.all[i%len(r.all)].add(c, s, tcp)
}

func (r *loops) close() {
	for _, l := range r.all {
		l.epoll.Close()
	}
	r.wait.Wait()
	for _, l := range r.all {
		l.closeConnections()
	}
	r.tls.close()
}

type loop struct {
	epoll *os.File
	spin  bool

	mu      sync.Mutex
	members []member // an event has the index
}

type member struct {
	c  *connection
	s  *shard
	fd descriptor
}

func newLoop(spin bool) (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that os.NewFile hands it to the runtime's poller
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &loop{epoll: os.NewFile(uintptr(fd), "epoll"), spin: spin}, nil
}

// add takes the socket out of the runtime's poller, which would look at it with
// each arrival as well.
func (l *loop) add(c *connection, s *shard, conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	fd := -1
	var failed error
	err = raw.Control(func(old uintptr) { fd, failed = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, os.NewSyscallError("dup", failed)); err != nil {
		return err
	}
	conn.Close() // the other descriptor keeps it open, and not blocking
	c.wire = descriptor(fd)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.members = append(l.members, member{c, s, descriptor(fd)})
	control, err := l.epoll.SyscallConn()
	if err != nil {
		return err
	}
	err = control.Control(func(epoll uintptr) {
		failed = unix.EpollCtl(int(epoll), unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(l.members) - 1)})
	})
	return errors.Join(err, os.NewSyscallError("epoll_ctl", failed))
}

// run reads until the loop is closed. The goroutine sleeps in the runtime's own
// poller, of which this loop is one descriptor, so that it holds no thread.
func (l *loop) run() {
	control, err := l.epoll.SyscallConn()
	if err != nil {
		return // closed already
	}
	events := make([]unix.EpollEvent, 256)
	buffer := make([]byte, 256<<10)
	for {
		n := 0
		err := control.Read(func(epoll uintptr) bool {
			n, _ = unix.EpollWait(int(epoll), events, 0)
			n = max(n, 0) // interrupted: again
			return n > 0 || l.spin
		})
		if err != nil {
			return
		}
		if n == 0 {
			runtime.Gosched()
		}
		for _, e := range events[:n] {
			l.mu.Lock()
			m := l.members[e.Fd]
			l.mu.Unlock()
			if err := m.read(buffer); err != nil {
				control.Control(func(epoll uintptr) { unix.EpollCtl(int(epoll), unix.EPOLL_CTL_DEL, int(m.fd), nil) })
				unix.Shutdown(int(m.fd), unix.SHUT_RDWR) // who writes hears of it; closed is it with all others
				m.s.end(m.c, err)
			}
		}
	}
}

func (m member) read(buffer []byte) error {
	n, err := unix.Read(int(m.fd), buffer)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return os.NewSyscallError("read", err)
	case n == 0:
		return io.EOF
	}
	return m.s.take(m.c, buffer[:n])
}

// closeConnections is called when the loop has ended.
func (l *loop) closeConnections() {
	for _, m := range l.members {
		m.c.sending.Lock() // nobody writes to a descriptor that may be another's by now
		m.c.wire = closedWire{}
		unix.Close(int(m.fd))
		m.c.sending.Unlock()
	}
}

// descriptor is a connection's own, not blocking.
type descriptor int

// Write writes all of b. While the server takes nothing it waits, for writePatience.
func (d descriptor) Write(b []byte) (int, error) {
	for done := 0; ; {
		n, err := unix.Write(int(d), b[done:])
		done += max(n, 0)
		switch {
		case err == nil && done == len(b):
			return done, nil
		case err == unix.EAGAIN:
			ready, err := unix.Poll([]unix.PollFd{{Fd: int32(d), Events: unix.POLLOUT}}, int(writePatience.Milliseconds()))
			if ready == 0 && err == nil {
				return done, os.ErrDeadlineExceeded
			}
		case err != nil && err != unix.EINTR:
			return done, os.NewSyscallError("write", err)
		}
	}
}

type closedWire struct{}

func (closedWire) Write([]byte) (int, error) { return 0, net.ErrClosed }
