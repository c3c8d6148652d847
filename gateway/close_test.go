package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/gateway"
)

func TestClose(t *testing.T) { onEngines(t, testClose) }

func testClose(t *testing.T) {
	for _, transport := range transportsOf(t) {
		t.Run(transport.name, func(t *testing.T) {
			h := newHandler()
			s := start(t, gateway.Options{Farewell: func(int) []byte { return []byte("farewell") }}, h, transport.listen)
			t.Run("goes after what was posted, once, and then the connection is gone", func(t *testing.T) {
				c, id := s.in(t).open()
				s.Post(t.Context(), texts("last"), []string{id})
				for _, code := range []int{4001, 4003} {
					if err := s.Close(t.Context(), code, "signed out", "unknown", id); err != nil {
						t.Fatal(err)
					}
				}
				if lost, _ := s.Post(t.Context(), texts("late"), []string{id}); len(lost) != 1 {
					t.Error("not gone after Close")
				}
				c.want(text, "last") // and no farewell: who calls Close has said why
				if reason := c.wantClose(4001); reason != "signed out" {
					t.Errorf("reason %q", reason)
				}
				c.send(say("too late"), bye(4001, ""))
				c.wantEnd()
				c.Close()
				if got := receive(t, h.disconnected); got != id {
					t.Errorf("%s disconnected, want %s", got, id)
				}
				nothing(t, h.acted, 0)
			})
			t.Run("text after the client's close is not handled", func(t *testing.T) {
				c, _ := s.in(t).open()
				c.send(say("before"), bye(1000, ""), say("after"), masked(final|ping, ""), bye(1000, ""))
				c.wantClose(1000)
				c.wantEnd()
				c.Close()
				receive(t, h.disconnected)
				if got := receive(t, h.acted); len(got) != 1 || string(got[0]) != "before" {
					t.Errorf("handled %q, want only what came before", got)
				}
			})
			t.Run("without a code is answered without one", func(t *testing.T) {
				c, _ := s.in(t).open()
				c.send(masked(final|closing, ""))
				c.wantClose(1005)
				c.wantEnd()
				receive(t, h.disconnected)
			})
			inBubble(t, "of a connection that never answers is bounded", func(t *testing.T) {
				s := startPipes(t, gateway.Options{FarewellTimeout: time.Second}, newHandler(), transport.listen)
				c, id := s.open()
				s.Close(t.Context(), 1000, "", id)
				c.wantClose(1000)
				receive(t, s.handler.disconnected)
			})
		})
	}
	t.Run("codes that must not be sent are an error", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000} {
			if err := s.Close(t.Context(), code, ""); err == nil {
				t.Errorf("%d: no error", code)
			}
		}
	})
	t.Run("a long reason is cut between characters", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		c, id := s.open()
		s.Close(t.Context(), 1000, strings.Repeat("é", 100), id)
		if got := c.wantClose(1000); got != strings.Repeat("é", 61) {
			t.Errorf("reason %q of %d bytes", got, len(got))
		}
	})
	t.Run("by the handler, of the connection it handles", func(t *testing.T) {
		h := newHandler()
		var s *home
		h.onAction = func(ctx context.Context, id string, _ ...[]byte) error {
			s.Post(ctx, texts("you are banned"), []string{id})
			return s.Close(ctx, 4003, "banned", id)
		}
		s = start(t, gateway.Options{}, h, nil)
		c, _ := s.open()
		c.send(say("x"))
		c.want(text, "you are banned")
		c.wantClose(4003)
	})
}

// TestFarewellUnderWay fears a reader that ends while the farewell is being made, so that no close frame goes out.
func TestFarewellUnderWay(t *testing.T) { onEngines(t, testFarewellUnderWay) }

func testFarewellUnderWay(t *testing.T) {
	for _, transport := range transportsOf(t) {
		t.Run(transport.name, func(t *testing.T) {
			asked, goOn := make(chan int, 10), make(chan struct{})
			release := sync.OnceFunc(func() { close(goOn) })
			defer release()
			h := newHandler()
			s := start(t, gateway.Options{MaxAge: 100 * time.Millisecond, Farewell: func(code int) []byte {
				asked <- code
				<-goOn
				return []byte("farewell")
			}}, h, transport.listen)
			c, id := s.open()
			if code := receive(t, asked); code != 1001 {
				t.Fatalf("farewell for %d", code)
			}
			c.send(masked(final|binaryFrame, "x")) // ends the reading
			nothing(t, h.disconnected, 100*time.Millisecond)
			release()
			c.want(text, "farewell")
			c.wantClose(1001)
			c.wantEnd()
			c.Close()
			if got := receive(t, h.disconnected); got != id || len(asked) != 0 {
				t.Errorf("%s disconnected, want %s; %d farewells more", got, id, len(asked))
			}
		})
	}
}

func TestPeerGoes(t *testing.T) { onEngines(t, testPeerGoes) }

func testPeerGoes(t *testing.T) {
	h := newHandler()
	s := start(t, gateway.Options{}, h, nil)
	for name, leave := range map[string]func(*client){
		"half closes":            func(c *client) { c.Conn.(*net.TCPConn).CloseWrite(); c.wantClose(1002); c.wantEnd() },
		"half closes, posted to": func(c *client) { c.Conn.(*net.TCPConn).CloseWrite() },
		"closes":                 func(c *client) { c.Close() },
		"resets":                 func(c *client) { c.Conn.(*net.TCPConn).SetLinger(0); c.Close() },
		"goes within a header":   func(c *client) { c.send([]byte{0x81}); c.Close() },
		"goes within a message":  func(c *client) { c.send(say("hello")[:8]); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			c, id := s.in(t).open()
			leave(c)
			for range 10 {
				s.Post(t.Context(), texts("x"), []string{id})
			}
			if got := receive(t, h.disconnected); got != id {
				t.Errorf("%s disconnected, want %s", got, id)
			}
			if lost, _ := s.Post(t.Context(), texts("x"), []string{id}); len(lost) != 1 {
				t.Error("not gone")
			}
		})
	}
	nothing(t, h.acted, 0)
	nothing(t, h.disconnected, 20*time.Millisecond)
}

func TestHeartbeat(t *testing.T) { onEngines(t, testHeartbeat) }

func testHeartbeat(t *testing.T) {
	const beat = time.Second
	options := gateway.Options{Heartbeat: beat, FarewellTimeout: beat, Farewell: func(code int) []byte { return fmt.Appendf(nil, "farewell %d", code) }}
	for _, transport := range transportsOf(t) {
		inBubble(t, "who is silent is asked, then told, then gone, "+transport.name, func(t *testing.T) {
			s := startPipes(t, options, newHandler(), transport.listen)
			c, id := s.open()
			began := time.Now()
			within := func(what string, least, most time.Duration) {
				t.Helper()
				if took := time.Since(began); took < least || took > most {
					t.Errorf("%s after %v, want %v to %v", what, took, least, most)
				}
			}
			c.want(ping, "")
			within("asked", beat, beat+beat/4)
			c.want(text, "farewell 1001")
			within("told", beat+beat*2/5, 2*beat)
			c.wantClose(1001)
			if got := receive(t, s.handler.disconnected); got != id {
				t.Errorf("%s disconnected, want %s", got, id)
			}
			within("gone", 2*beat, 3*beat)
		})
	}
	inBubble(t, "who answers, or speaks, stays", func(t *testing.T) {
		s := startPipes(t, options, newHandler(), nil)
		c, _ := s.open()
		for range 3 {
			c.want(ping, "")
			c.send(masked(final|pong, ""))
		}
		for range 5 {
			time.Sleep(beat / 2)
			c.send(say("x"))
		}
		nothing(t, s.handler.disconnected, 0)
	})
	inBubble(t, "who reads slowly what waits, and so answers late, stays", func(t *testing.T) {
		s := startPipes(t, gateway.Options{Heartbeat: beat, MaxQueueBytes: 128 << 20}, newHandler(), nil)
		c, id := s.open()
		megabyte := texts(strings.Repeat("x", 1<<20))
		for range 60 {
			s.Post(t.Context(), megabyte, []string{id})
		}
		buffer := make([]byte, 256<<10)
		for end := time.Now().Add(2 * beat); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if _, err := io.ReadFull(c.r, buffer); err != nil {
				t.Fatal(err)
			}
		}
		if lost, _ := s.Post(t.Context(), texts("y"), []string{id}); lost != nil {
			t.Error("closed while it was reading")
		}
	})
	inBubble(t, "whose message is being handled for long, stays", func(t *testing.T) {
		h := newHandler()
		h.onAction = func(context.Context, string, ...[]byte) error { time.Sleep(3 * beat); return nil }
		s := startPipes(t, options, h, nil)
		c, _ := s.open()
		c.send(say("x"))
		nothing(t, h.disconnected, 4*beat)
		for _, said := range []string{"still", "here"} {
			c.send(masked(final|ping, said))
			for op, got, err := c.frame(); op != pong || got != said; op, got, err = c.frame() {
				if op != ping || err != nil {
					t.Fatalf("frame %x %q, error %v; want only pings before the pong", op, got, err)
				}
			}
		}
	})
	inBubble(t, "who never finishes a message is told", func(t *testing.T) {
		s := startPipes(t, gateway.Options{MessageTimeout: beat, FarewellTimeout: beat}, newHandler(), nil)
		c, _ := s.open()
		var busy sync.WaitGroup
		defer busy.Wait()
		defer c.Close()
		busy.Go(func() { // a fragment and a ping now and then
			for first := byte(text); ; first = continuation {
				if _, err := c.Write(append(masked(first, "x"), masked(final|ping, "")...)); err != nil {
					return
				}
				time.Sleep(beat / 10)
			}
		})
		for {
			op, payload, err := c.frame()
			if err != nil {
				t.Fatal(err)
			}
			if op == closing {
				if code := int(payload[0])<<8 | int(payload[1]); code != 1008 {
					t.Errorf("close %d, want 1008", code)
				}
				return
			}
		}
	})
	inBubble(t, "who always has one message unfinished, but finishes each, stays", func(t *testing.T) {
		s := startPipes(t, gateway.Options{MessageTimeout: beat}, newHandler(), nil)
		c, _ := s.open()
		whole := say("hello")
		c.send(whole[:4])
		for range 20 {
			time.Sleep(beat / 10)
			c.send(whole[4:], whole[:4])
		}
		c.send(whole[4:], masked(final|ping, "end"))
		c.want(pong, "end")
	})
}
