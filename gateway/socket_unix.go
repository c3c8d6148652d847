//go:build unix

package gateway

import (
	"io"
	"net"
	"syscall"
)

// rawSocket asks the kernel directly: it borrows a buffer only once there is something to read, and writes without
// waiting.
type rawSocket struct {
	stream
	raw syscall.RawConn

	in      *[readSize]byte // borrowed between next and release
	inBytes int
	inErr   error

	out      []byte // given to try
	outBytes int
	outErr   error
	tryOnce  func(fd uintptr) bool // made once: a closure for each delivery would be an allocation for each
}

func newSocket(conn net.Conn) socket {
	if c, ok := conn.(interface{ hasMore() bool }); ok && c.hasMore() {
		return &plainSocket{stream: stream{conn}} // the kernel does not have all that is to be read
	}
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			s := &rawSocket{stream: stream{conn}, raw: raw}
			s.tryOnce = s.writeOnce
			return s
		}
	}
	return &plainSocket{stream: stream{conn}}
}

func (s *rawSocket) next() ([]byte, error) {
	if err := s.raw.Read(s.readOnce); err != nil {
		return nil, err
	}
	switch {
	case s.inErr != nil:
		return nil, s.inErr
	case s.inBytes == 0:
		return nil, io.EOF
	}
	return s.in[:s.inBytes], nil
}

// readOnce returns false to be called again when there is something.
func (s *rawSocket) readOnce(fd uintptr) bool {
	in := readBuffers.Get().(*[readSize]byte)
	for {
		n, err := syscall.Read(int(fd), in[:])
		if err == syscall.EINTR {
			continue
		}
		if n > 0 {
			s.in, s.inBytes, s.inErr = in, n, nil
			return true
		}
		readBuffers.Put(in)
		if err == syscall.EAGAIN {
			return false
		}
		s.inBytes, s.inErr = 0, err
		return true
	}
}

func (s *rawSocket) release() {
	readBuffers.Put(s.in)
	s.in = nil
}

func (s *rawSocket) try(b []byte) (int, error) {
	s.out, s.outBytes, s.outErr = b, 0, nil
	err := s.raw.Write(s.tryOnce)
	s.out = nil
	if err != nil {
		return 0, err
	}
	return s.outBytes, s.outErr
}

func (s *rawSocket) writeOnce(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), s.out)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			s.outErr = err
		default:
			s.outBytes = n
		}
		return true
	}
}
