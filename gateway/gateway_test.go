package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"parley/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 15 * time.Second // for what must come; a test that waits for all of it fails

// handler is told what happens and passes it on; each field may be nil.
type handler struct {
	onConnect func(ctx context.Context, id string, h gateway.Handshake) (string, error)
	onAction  func(ctx context.Context, id string, frames ...[]byte) error

	connected    chan string   // ids, in order
	disconnected chan string   // ids, in order
	acted        chan [][]byte // what each OnAction got
}

func newHandler() *handler {
	return &handler{connected: make(chan string, 4096), disconnected: make(chan string, 4096), acted: make(chan [][]byte, 4096)}
}

func (h *handler) OnConnect(ctx context.Context, id string, shake gateway.Handshake) (subprotocol string, err error) {
	if h.onConnect != nil {
		if subprotocol, err = h.onConnect(ctx, id, shake); err != nil {
			return "", err
		}
	}
	h.connected <- id
	return subprotocol, nil
}

func (h *handler) OnAction(ctx context.Context, id string, frames ...[]byte) error {
	h.acted <- frames
	if h.onAction != nil {
		return h.onAction(ctx, id, frames...)
	}
	return nil
}

func (h *handler) OnDisconnect(ctx context.Context, id string) error {
	h.disconnected <- id
	return nil
}

// home is a running server, shut down at the test's end.
type home struct {
	*gateway.Server
	t       testing.TB
	handler *handler
	address string
	tls     *tls.Config // of a client; nil: no TLS
	pipes   *pipes      // instead of TCP; nil: TCP
}

// start serves on loopback. listen changes the listener; nil: plain TCP.
func start(t testing.TB, o gateway.Options, h gateway.Handler, listen func(*home, net.Listener) net.Listener) *home {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.Engine == gateway.EngineAuto {
		o.Engine = engineOf(t)
	}
	s := &home{Server: gateway.New(o), t: t, address: ln.Addr().String()}
	s.serve(ln, h, listen)
	return s
}

// engines are those of this system.
func engines() []gateway.Engine {
	if runtime.GOOS == "linux" {
		return []gateway.Engine{gateway.EngineGoroutine, gateway.EngineEpoll}
	}
	return []gateway.Engine{gateway.EngineGoroutine}
}

// onEngines runs a test with each engine; start finds in its name with which.
func onEngines(t *testing.T, test func(t *testing.T)) {
	for _, engine := range engines() {
		t.Run("engine="+string(engine), test)
	}
}

func engineOf(t testing.TB) gateway.Engine {
	for _, engine := range engines() {
		if strings.Contains(t.Name()+"/", "/engine="+string(engine)+"/") {
			return engine
		}
	}
	return gateway.EngineAuto
}

func (s *home) serve(ln net.Listener, h gateway.Handler, listen func(*home, net.Listener) net.Listener) {
	t := s.t
	s.handler, _ = h.(*handler)
	if listen != nil {
		ln = listen(s, ln)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln, h) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// in is the same server for a sub-test.
func (s *home) in(t testing.TB) *home {
	sub := *s
	sub.t = t
	return &sub
}

type transport struct {
	name   string
	listen func(*home, net.Listener) net.Listener
}

// transports are the ways a connection's bytes can come: with a descriptor to ask, without (as on Windows), and TLS.
var transports = []transport{
	{"tcp", nil},
	{"without a descriptor", func(_ *home, ln net.Listener) net.Listener { return hiding{ln} }},
	{"tls", func(s *home, ln net.Listener) net.Listener {
		lender := httptest.NewTLSServer(nil) // lends its certificate
		defer lender.Close()
		s.tls = lender.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		s.tls.ServerName = "example.com"
		return tls.NewListener(ln, &tls.Config{Certificates: lender.TLS.Certificates})
	}},
}

// transportsOf are those that the test's engine can carry.
func transportsOf(t testing.TB) []transport {
	if engineOf(t) == gateway.EngineEpoll {
		return transports[:1] // the others fall back to goroutines
	}
	return transports
}

// hiding hides that its connections have descriptors.
type hiding struct{ net.Listener }

func (l hiding) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return hidden{c}, err
}

type hidden struct{ net.Conn }

func (c hidden) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// client is a raw connection, to say what no well-behaved client would.
type client struct {
	net.Conn
	t    testing.TB
	r    *bufio.Reader
	resp *http.Response
}

func (s *home) dial() *client {
	s.t.Helper()
	var c net.Conn
	var err error
	if s.pipes != nil {
		c, err = s.pipes.dial()
	} else {
		c, err = net.Dial("tcp", s.address)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if s.tls != nil {
		c = tls.Client(c, s.tls)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(2 * patience))
	return &client{Conn: c, t: s.t, r: bufio.NewReader(c)}
}

// request sends lines (the first without "HTTP/1.1" gets it) and reads the answer.
func (c *client) request(lines ...string) *http.Response {
	c.t.Helper()
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		c.t.Fatal(err)
	}
	return c.answer()
}

func (c *client) answer() *http.Response {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	return resp
}

// upgrade is a correct handshake.
func (s *home) upgrade() []string {
	return []string{"GET /socket HTTP/1.1", "Host: " + s.address, "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}
}

// open makes a raw WebSocket and tells its connection's id.
func (s *home) open(headers ...string) (*client, string) {
	s.t.Helper()
	c := s.dial()
	c.resp = c.request(append(s.upgrade(), headers...)...)
	if c.resp.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("handshake: status %d", c.resp.StatusCode)
	}
	return c, receive(s.t, s.handler.connected)
}

// join makes a well-behaved WebSocket.
func (s *home) join() (*websocket.Conn, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+s.address+"/socket", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { ws.CloseNow() })
	ws.SetReadLimit(-1)
	return ws, receive(s.t, s.handler.connected)
}

func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func nothing[T any](t testing.TB, c <-chan T, within time.Duration) {
	t.Helper()
	select {
	case v := <-c:
		t.Fatalf("%v came, want nothing", v)
	case <-time.After(within):
	}
}

const (
	continuation = 0x0
	text         = 0x1
	binaryFrame  = 0x2
	closing      = 0x8
	ping         = 0x9
	pong         = 0xa
	final        = 0x80
)

// masked is a client's frame; first is FIN, RSV and opcode.
func masked(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0xde, 0xad, 0xbe, 0xef}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

func say(s string) []byte { return masked(final|text, s) }

func bye(code int, reason string) []byte {
	return masked(final|closing, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

func (c *client) send(frames ...[]byte) {
	c.t.Helper()
	if _, err := c.Write(bytes.Join(frames, nil)); err != nil {
		c.t.Fatal(err)
	}
}

// frame reads one frame of the server, which must not be masked or fragmented.
func (c *client) frame() (op byte, payload string, err error) {
	var h [8]byte
	if _, err := io.ReadFull(c.r, h[:2]); err != nil {
		return 0, "", err
	}
	if h[0]&0xf0 != final || h[1]&0x80 != 0 {
		return 0, "", fmt.Errorf("frame begins %x", h[:2])
	}
	op = h[0] & 0x0f
	n := uint64(h[1])
	switch n {
	case 126:
		io.ReadFull(c.r, h[:2])
		n = uint64(binary.BigEndian.Uint16(h[:2]))
	case 127:
		io.ReadFull(c.r, h[:8])
		n = binary.BigEndian.Uint64(h[:8])
	}
	if n > 64<<20 {
		return 0, "", fmt.Errorf("frame of %d bytes", n)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(c.r, b)
	return op, string(b), err
}

func (c *client) want(op byte, payload string) {
	c.t.Helper()
	gotOp, got, err := c.frame()
	if err != nil || gotOp != op || got != payload {
		c.t.Fatalf("got frame %x %.200q, error %v; want %x %.200q", gotOp, got, err, op, payload)
	}
}

// wantClose expects a close frame, and then that TCP ends.
func (c *client) wantClose(code int) (reason string) {
	c.t.Helper()
	op, payload, err := c.frame()
	if err != nil || op != closing {
		c.t.Fatalf("got frame %x %.200q, error %v; want close %d", op, payload, err, code)
	}
	got := 1005
	if len(payload) >= 2 {
		got, reason = int(binary.BigEndian.Uint16([]byte(payload))), payload[2:]
	}
	if got != code {
		c.t.Fatalf("close %d %q, want %d", got, reason, code)
	}
	return reason
}

func (c *client) wantEnd() {
	c.t.Helper()
	if op, payload, err := c.frame(); !errors.Is(err, io.EOF) {
		c.t.Fatalf("got frame %x %.200q, error %v; want the end", op, payload, err)
	}
}

// chat posts what anybody says to everybody.
func chat(h *handler, s **home) {
	var mu sync.Mutex
	var ids []string
	h.onConnect = func(_ context.Context, id string, _ gateway.Handshake) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids[:len(ids):len(ids)], id)
		return "", nil
	}
	h.onAction = func(ctx context.Context, _ string, frames ...[]byte) error {
		mu.Lock()
		to := ids
		mu.Unlock()
		_, err := (*s).Post(ctx, frames, to)
		return err
	}
}
