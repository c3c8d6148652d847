package gateway

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

type quiet struct{}

func (quiet) OnConnect(context.Context, string, Handshake) (string, error) { return "", nil }
func (quiet) OnDisconnect(context.Context, string) error                   { return nil }
func (quiet) OnAction(context.Context, string, ...[]byte) error            { return nil }

// TestNothingIsLeft of connections that have gone, however they went.
func TestNothingIsLeft(t *testing.T) {
	for _, engine := range []Engine{EngineGoroutine, EngineEpoll} {
		t.Run("engine="+string(engine), func(t *testing.T) { testNothingIsLeft(t, engine) })
	}
}

func testNothingIsLeft(t *testing.T, engine Engine) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Engine: engine, MaxQueueBytes: 1 << 30})
	served := make(chan error)
	go func() { served <- s.Serve(ln, quiet{}) }()
	unread := encode([][]byte{make([]byte, 8<<20)})
	for i := range 20 {
		conn, _, _, err := ws.Dial(t.Context(), "ws://"+ln.Addr().String()+"/socket")
		if err != nil {
			t.Fatal(err)
		}
		s.connections.each(func(c *connection) { c.send(unread, s.now()) })
		if i%2 == 0 {
			ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(nil)))
		}
		conn.Close()
	}
	left := func() (n int) {
		s.connections.each(func(*connection) { n++ })
		return n
	}
	for end := time.Now().Add(5 * time.Second); left()+int(s.sockets.Load()+s.open.Load()+s.queued.Load()) > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n, sockets, open, queued := left(), s.sockets.Load(), s.open.Load(), s.queued.Load(); n+int(sockets+open) > 0 || queued != 0 {
		t.Errorf("%d registered, %d sockets, %d connections, %d bytes queued", n, sockets, open, queued)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
