package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/gateway"
)

func TestShutdown(t *testing.T) { onEngines(t, testShutdown) }

func testShutdown(t *testing.T) {
	t.Run("tells each, waits for each, leaves nothing", func(t *testing.T) {
		before := goleak.IgnoreCurrent()
		var farewells atomic.Int64
		h := newHandler()
		s := start(t, gateway.Options{Farewell: func(code int) []byte { return fmt.Appendf(nil, "%d %d", code, farewells.Add(1)) }}, h, nil)
		const n = 50
		var clients []*client
		for range n {
			c, _ := s.open()
			clients = append(clients, c)
		}
		idle := s.dial() // a browser's spare connection
		goOn := make(chan struct{})
		h.onAction = func(context.Context, string, ...[]byte) error { <-goOn; return nil }
		clients[0].send(say("still being handled"))
		receive(t, h.acted)

		ended := make(chan error, 1)
		go func() { ended <- s.Shutdown(context.Background()) }()
		seen := map[string]bool{}
		for i, c := range clients {
			_, got, err := c.frame()
			if !strings.HasPrefix(got, "1012 ") || seen[got] || err != nil {
				t.Fatalf("connection %d: farewell %q, error %v; want one of its own for 1012", i, got, err)
			}
			seen[got] = true
			c.wantClose(1012)
			c.send(bye(1012, ""))
			if i > 0 {
				c.wantEnd()
			}
			c.Close()
		}
		if conn, err := net.Dial("tcp", s.address); err == nil {
			t.Error("still accepts")
			conn.Close()
		}
		nothing(t, ended, 20*time.Millisecond)
		close(goOn)
		idle.Close()
		if err := receive(t, ended); err != nil {
			t.Fatal(err)
		}
		if len(h.disconnected) != n || farewells.Load() != n {
			t.Errorf("%d disconnected, %d farewells, want %d of each", len(h.disconnected), farewells.Load(), n)
		}
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("parley/gateway_test.start.func1"))
	})
	inBubble(t, "gives up those who do not answer", func(t *testing.T) {
		s := startPipes(t, gateway.Options{FarewellTimeout: time.Second}, newHandler(), nil)
		c, _ := s.open()
		s.dial()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- s.Shutdown(ctx) }()
		c.wantClose(1012)
		if err := receive(t, ended); err != nil {
			t.Fatal(err)
		}
		receive(t, s.handler.disconnected)
	})
	t.Run("cuts what still lives when its context ends, and tells handlers", func(t *testing.T) {
		h := newHandler()
		h.onAction = func(ctx context.Context, _ string, _ ...[]byte) error { <-ctx.Done(); return nil }
		s := start(t, gateway.Options{FarewellTimeout: time.Hour}, h, nil)
		acting, _ := s.open()
		acting.send(say("x"))
		receive(t, h.acted)
		s.open() // does not answer the close
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline's", err)
		}
		receive(t, h.disconnected)
		receive(t, h.disconnected)
	})
	t.Run("meets a handshake under way", func(t *testing.T) {
		h := newHandler()
		asked, goOn := make(chan struct{}), make(chan struct{})
		h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) {
			close(asked)
			<-goOn
			return "", nil
		}
		s := start(t, gateway.Options{}, h, nil)
		c := s.dial()
		io.WriteString(c, strings.Join(s.upgrade(), "\r\n")+"\r\n\r\n")
		receive(t, asked)
		ended := make(chan error, 1)
		go func() { ended <- s.Shutdown(context.Background()) }()
		nothing(t, ended, 50*time.Millisecond)
		close(goOn)
		if resp := c.answer(); resp.StatusCode != 101 {
			t.Fatalf("status %d", resp.StatusCode)
		}
		c.wantClose(1012)
		c.send(bye(1012, ""))
		c.wantEnd()
		c.Close()
		if err := receive(t, ended); err != nil {
			t.Fatal(err)
		}
		receive(t, h.disconnected)
	})
	t.Run("before Serve, and twice", func(t *testing.T) {
		s := gateway.New(gateway.Options{})
		for range 2 {
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(ln, newHandler()); err != nil {
			t.Errorf("Serve after Shutdown: %v", err)
		}
	})
}
