package gateway_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parley/gateway"
)

// BenchmarkTLS is what TLS costs: bytes of a silent connection, and the CPU of a delivery to one of 1,000, of a frame
// alone and of 32 joined, and of a connection that comes and goes. The clients' part is in the CPU, and hardly differs:
// all but two take the bytes without looking into them.
//
// loop is not one of the engines. It is the least that one could take which drives tls.Conn from a loop: over a
// descriptor that never waits, without a person, a queue, or a frame's header.
//
//	go test -run '^$' -bench TLS -benchtime 1000x ./gateway
func BenchmarkTLS(b *testing.B) {
	for _, carried := range []struct {
		name      string
		transport transport
	}{
		{"tcp/engine=epoll", transports[0]},
		{"tcp/engine=goroutine", transports[0]},
		{"tls/engine=goroutine", transports[2]},
	} {
		b.Run(carried.name, func(b *testing.B) {
			begin := func(b *testing.B) *home {
				return start(b, gateway.Options{MaxQueueBytes: 64 << 20, MaxConnections: 20_000}, newHandler(), carried.transport.listen)
			}
			b.Run("idle", func(b *testing.B) {
				s := begin(b)
				benchmarkSilent(b, func() (net.Conn, any) {
					c, id := s.open()
					return c.Conn, id
				})
			})
			for _, joined := range []int{1, 32} {
				b.Run(deliveries[joined], func(b *testing.B) {
					s := begin(b)
					var ids []string
					benchmarkDeliveries(b, joined, func() net.Conn {
						c, id := s.open()
						ids = append(ids, id)
						return c.Conn
					}, func(frames [][]byte) error {
						_, err := s.Post(context.Background(), frames, ids)
						return err
					})
				})
			}
			b.Run("connect", func(b *testing.B) {
				s := begin(b)
				before := processorTime()
				for b.Loop() {
					c, _ := s.open()
					c.send(bye(1000, ""))
					c.wantClose(1000)
					c.Close()
					<-s.handler.disconnected
				}
				b.ReportMetric(float64(processorTime()-before)/float64(b.N), "cpu-ns/op")
			})
		})
	}
	b.Run("tls/loop/idle", func(b *testing.B) {
		p := newPairs(b)
		benchmarkSilent(b, func() (net.Conn, any) {
			client, server := p.open()
			return client, server
		})
	})
	for _, joined := range []int{1, 32} {
		b.Run("tls/loop/"+deliveries[joined], func(b *testing.B) {
			p := newPairs(b)
			var servers []*tls.Conn
			benchmarkDeliveries(b, joined, func() net.Conn {
				client, server := p.open()
				servers = append(servers, server)
				return client
			}, func(frames [][]byte) error {
				together := []byte(strings.Repeat("x", len(frames)*len(frames[0])))
				for _, s := range servers {
					if _, err := s.Write(together); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

var deliveries = map[int]string{1: "joined=1", 32: "joined=32"}

// benchmarkSilent counts what a server's end holds. Of the client's only the descriptor is kept.
func benchmarkSilent(b *testing.B, open func() (client net.Conn, server any)) {
	var servers []any
	bare := func() {
		client, server := open()
		servers = append(servers, server)
		if c, ok := client.(*tls.Conn); ok {
			client = c.NetConn()
		}
		fd := descriptorOf(b, client)
		b.Cleanup(func() { syscall.Close(fd) })
	}
	bare()
	before := live()
	for b.Loop() {
		bare()
	}
	time.Sleep(10 * time.Millisecond) // the last handshake's worker ends
	b.ReportMetric(float64(live()-before)/float64(b.N), "B/connection")
	runtime.KeepAlive(servers)
}

// benchmarkDeliveries posts the next frames when the first and the last client have the ones before.
func benchmarkDeliveries(b *testing.B, joined int, open func() net.Conn, post func(frames [][]byte) error) {
	const n, size = 1000, 120
	var first, last atomic.Int64 // bytes read
	for i := range n {
		c := open()
		switch t, isTLS := c.(*tls.Conn); {
		case i == 0:
			go io.Copy(counter{&first}, c)
		case i == n-1:
			go io.Copy(counter{&last}, c)
		case isTLS:
			go io.Copy(io.Discard, t.NetConn())
		default:
			go io.Copy(io.Discard, c)
		}
	}
	frames := make([][]byte, joined)
	for i := range frames {
		frames[i] = []byte(strings.Repeat("x", size))
	}
	before, posted := processorTime(), int64(0)
	for b.Loop() {
		if err := post(frames); err != nil {
			b.Fatal(err)
		}
		for posted += int64(joined * size); first.Load() < posted || last.Load() < posted; {
			time.Sleep(50 * time.Microsecond)
		}
	}
	b.ReportMetric(float64(processorTime()-before)/float64(b.N*n*joined), "cpu-ns/delivery")
}

// pairs makes both ends of TLS connections, of which the server's never waits.
type pairs struct {
	b      *testing.B
	server *tls.Config
	client *tls.Config
}

func newPairs(b *testing.B) pairs {
	lender := httptest.NewTLSServer(nil) // lends its certificate
	defer lender.Close()
	client := lender.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return pairs{b, &tls.Config{Certificates: lender.TLS.Certificates}, client}
}

func (p pairs) open() (*tls.Conn, *tls.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.b.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		p.b.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		p.b.Fatal(err)
	}
	client := tls.Client(conn, p.client)
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	ours := &unwaiting{Conn: accepted}
	server := tls.Server(ours, p.server)
	if err := errors.Join(server.Handshake(), <-shaken); err != nil {
		p.b.Fatal(err)
	}
	ours.fd, ours.Conn = descriptorOf(p.b, accepted), nil
	unix.SetNonblock(ours.fd, true)
	p.b.Cleanup(func() { unix.Close(ours.fd) })

	// That nothing has come is no end: what comes later is read.
	one := make([]byte, 1)
	if n, err := server.Read(one); n != 0 || !errors.Is(err, errEmpty) {
		p.b.Fatalf("read %d bytes of nothing, error %v", n, err)
	}
	client.Write([]byte("x"))
	unix.Poll([]unix.PollFd{{Fd: int32(ours.fd), Events: unix.POLLIN}}, 1000)
	if n, err := server.Read(one); n != 1 || err != nil {
		p.b.Fatalf("read %d bytes, error %v", n, err)
	}
	return client, server
}

// unwaiting is a descriptor as tls.Conn sees it: once fd is set, reading what is not there fails for the moment.
type unwaiting struct {
	net.Conn // for the handshake
	fd       int
}

func (u *unwaiting) Read(b []byte) (int, error) {
	if u.Conn != nil {
		return u.Conn.Read(b)
	}
	switch n, err := unix.Read(u.fd, b); {
	case err == unix.EAGAIN:
		return 0, errEmpty
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	default:
		return n, nil
	}
}

func (u *unwaiting) Write(b []byte) (int, error) {
	if u.Conn != nil {
		return u.Conn.Write(b)
	}
	written := 0
	for written < len(b) {
		n, err := unix.Write(u.fd, b[written:])
		if err == unix.EAGAIN { // an engine would keep the rest
			unix.Poll([]unix.PollFd{{Fd: int32(u.fd), Events: unix.POLLOUT}}, 1000)
		} else if err != nil {
			return written, err
		}
		written += max(n, 0)
	}
	return written, nil
}

// errEmpty is a net.Error that crypto/tls forgets: (*tls.Conn).readRecordOrCCS keeps only those that are not temporary.
var errEmpty = empty{}

type empty struct{}

func (empty) Error() string   { return "nothing has come" }
func (empty) Timeout() bool   { return false }
func (empty) Temporary() bool { return true }

// processorTime is what this process has used of the processor.
func processorTime() time.Duration {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// descriptorOf is a duplicate of conn's descriptor; conn is closed.
func descriptorOf(b *testing.B, conn net.Conn) int {
	f, err := conn.(*net.TCPConn).File()
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	conn.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	return fd
}
