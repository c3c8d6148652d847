package gateway

import (
	"crypto/tls"
	"net"
	"sync"
)

// socket is how one connection's bytes come and go. One goroutine reads; writes are serialised by the connection.
type socket interface {
	// next waits until bytes have come. They are valid until release.
	next() ([]byte, error)
	release()

	// try gives the kernel what it takes at once, perhaps nothing. It MUST NOT wait, and MUST NOT be called while
	// Write runs.
	try(b []byte) (n int, err error)

	// closeWrite tells the peer that nothing follows; it may go on sending.
	closeWrite()

	// abort ends both directions at once, waking who waits, and drops what the kernel still holds.
	abort()

	net.Conn
}

// readSize is what one read takes at most: many frames of a burst, or half of the largest message.
const readSize = 16 << 10 // bytes

// readBuffers lends a buffer while bytes are looked at. No connection holds one while it is silent.
var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// plainSocket serves what has no file descriptor of its own to ask, such as TLS: it has to hold a small buffer while it
// waits, and can't tell what the kernel would take.
type plainSocket struct {
	stream
	buffer [512]byte
}

func (s *plainSocket) next() ([]byte, error) {
	n, err := s.Read(s.buffer[:])
	if n > 0 {
		return s.buffer[:n], nil
	}
	return nil, err
}

func (s *plainSocket) release() {}

func (s *plainSocket) try([]byte) (int, error) { return 0, nil }

// stream is what both kinds of socket do alike.
type stream struct{ net.Conn }

func (s stream) closeWrite() {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

func (s stream) abort() {
	conn := s.Conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // closing t would wait for its last record
	}
	if t, ok := conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	conn.Close()
}
