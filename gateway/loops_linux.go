package gateway

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// loops is the engine with a loop for each core. It accepts connections, and reads their first request; what is no
// plain handshake it gives, with what has been read of it, to net/http, whose listener it is.
type loops struct {
	net.Listener
	door   *os.File // its descriptor, duplicated: a listener of package net does not let one wait for it
	server *Server
	crew   *crew
	loops  []*loop

	accepting sync.WaitGroup
	mu        sync.Mutex // guards what follows
	some      sync.Cond  // of mu: a page has come, or there will be none any more
	pages     []page
	err       error         // why there will be none
	closed    chan struct{} // closed by Close
}

// page is a connection for net/http.
type page struct {
	fd      int
	address netip.AddrPort // where it comes from, which cannot be asked any more once it has gone
	read    []byte         // what has been read from it
}

// newLoops returns nil for a listener that has no descriptor of its own, or none of TCP.
func newLoops(s *Server, ln net.Listener) engine {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return nil
	}
	door, err := tcp.File()
	if err != nil {
		return nil
	}
	raw, err := door.SyscallConn()
	if err != nil {
		door.Close()
		return nil
	}
	e := &loops{Listener: ln, door: door, server: s, crew: newCrew(), closed: make(chan struct{})}
	e.some.L = &e.mu
	for range runtime.GOMAXPROCS(0) {
		l, err := newLoop(e)
		if err != nil {
			s.log.Warn("no epoll here: a goroutine for each connection", "error", err)
			door.Close()
			for _, l := range e.loops {
				l.close()
			}
			return nil
		}
		e.loops = append(e.loops, l)
	}
	// What Go sets for each connection; on Linux those that are accepted inherit it.
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15)
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15)
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9)
	})
	for _, l := range e.loops {
		go l.run()
	}
	e.accepting.Go(func() { e.end(e.accept(raw)) })
	return e
}

// accept deals connections out to the loops until the listener fails or is closed.
func (e *loops) accept(raw syscall.RawConn) error {
	s := e.server
	const longest = time.Second
	pause := time.Duration(0)
	for {
		var fd int
		var from unix.Sockaddr
		var err error
		if failed := raw.Read(func(ln uintptr) bool {
			fd, from, err = unix.Accept4(int(ln), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			return err != unix.EAGAIN
		}); failed != nil {
			return net.ErrClosed
		}
		switch err {
		case nil:
			pause = 0
		case unix.EINTR, unix.ECONNABORTED:
			continue
		case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
			if pause == 0 {
				s.log.Error("cannot accept; trying again", "error", err)
			}
			pause = min(max(5*time.Millisecond, 2*pause), longest)
			select {
			case <-time.After(pause):
			case <-e.closed:
				return net.ErrClosed
			}
			continue
		default:
			return os.NewSyscallError("accept4", err)
		}
		if s.open.Load() >= int64(s.options.MaxConnections)+spareConnections {
			if conn, err := netConn(page{fd: fd}); err == nil {
				s.turnAway(conn)
			}
			continue
		}
		address := addrPort(from)
		if !s.opened(address.Addr().Unmap()) {
			unix.Close(fd)
			continue
		}
		l := e.loops[fd%len(e.loops)] // so that each loop needs a seat for its own descriptors alone
		l.note(&visitor{loop: l, fd: fd, address: address, deadline: s.now() + s.options.HandshakeTimeout})
	}
}

func addrPort(from unix.Sockaddr) netip.AddrPort {
	switch a := from.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// handOver gives net/http a connection, which is no more the loop's.
func (e *loops) handOver(p page) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		unix.Close(p.fd)
		e.server.closed(p.address.Addr().Unmap())
		return
	}
	e.pages = append(e.pages, p)
	e.some.Signal()
}

// Accept is for net/http.
func (e *loops) Accept() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		for len(e.pages) == 0 && e.err == nil {
			e.some.Wait()
		}
		if len(e.pages) == 0 {
			return nil, e.err
		}
		p := e.pages[0]
		e.pages = e.pages[1:]
		if conn, err := netConn(p); err == nil {
			return conn, nil
		}
		e.server.closed(p.address.Addr().Unmap()) // it has gone already
	}
}

// end tells why nothing will come any more.
func (e *loops) end(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
	e.some.Broadcast()
}

// Close stops accepting, and lets go of those who have not asked for anything yet.
func (e *loops) Close() error {
	e.mu.Lock()
	select {
	case <-e.closed:
		e.mu.Unlock()
		return net.ErrClosed
	default:
	}
	close(e.closed)
	e.mu.Unlock()
	err := errors.Join(e.Listener.Close(), e.door.Close())
	e.accepting.Wait()
	e.sweep()
	return err
}

func (e *loops) isClosed() bool {
	select {
	case <-e.closed:
		return true
	default:
		return false
	}
}

func (e *loops) sweep() {
	for _, l := range e.loops {
		l.note(sweeper{l})
	}
}

func (e *loops) stop(patient bool) {
	for _, l := range e.loops {
		l.stop()
	}
	for _, l := range e.loops {
		<-l.ended
	}
	e.crew.stop(patient)
}

// netConn makes a connection of the runtime's own poller out of a descriptor, which it closes.
func netConn(p page) (net.Conn, error) {
	f := os.NewFile(uintptr(p.fd), "tcp")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil || len(p.read) == 0 {
		return conn, err
	}
	return &foreread{TCPConn: conn.(*net.TCPConn), address: p.address, read: p.read}, nil
}

// foreread is a connection of which something has been read already.
type foreread struct {
	*net.TCPConn
	address netip.AddrPort
	read    []byte
}

func (c *foreread) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.address) }

func (c *foreread) Read(b []byte) (int, error) {
	if len(c.read) == 0 {
		return c.TCPConn.Read(b)
	}
	n := copy(b, c.read)
	c.read = c.read[n:]
	return n, nil
}

func (c *foreread) hasMore() bool { return len(c.read) > 0 }
