package gateway_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/gateway"
)

func TestConversation(t *testing.T) { onEngines(t, testConversation) }

func testConversation(t *testing.T) {
	for _, transport := range transportsOf(t) {
		t.Run(transport.name, func(t *testing.T) {
			h := newHandler()
			var s *home
			chat(h, &s)
			s = start(t, gateway.Options{}, h, transport.listen)
			a, idA := s.open()
			b, _ := s.open()
			long := strings.Repeat("é", 16<<10) // 32 KiB: all there may be
			for _, said := range []string{"hello", "", long, "x"} {
				a.send(say(said))
				a.want(text, said)
				b.want(text, said)
			}
			a.send(bye(1000, "bye"))
			a.wantClose(1000)
			a.wantEnd()
			a.Close()
			if got := receive(t, h.disconnected); got != idA {
				t.Errorf("%s disconnected, want %s", got, idA)
			}
		})
	}
}

func TestWellBehavedClient(t *testing.T) { onEngines(t, testWellBehavedClient) }

func testWellBehavedClient(t *testing.T) {
	h := newHandler()
	var s *home
	chat(h, &s)
	s = start(t, gateway.Options{}, h, nil)
	ws, _ := s.join()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := ws.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if kind, got, err := ws.Read(ctx); err != nil || kind != websocket.MessageText || string(got) != "hello" {
		t.Fatalf("got %v %q, error %v", kind, got, err)
	}
	go ws.Read(ctx) // takes the pong
	if err := ws.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := ws.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("close: %v", err)
	}
}

// TestViolations sends what RFC 6455 forbids, each after a good message: that one is handled, the close frame tells
// what was wrong, and the farewell comes before it.
func TestViolations(t *testing.T) { onEngines(t, testViolations) }

func testViolations(t *testing.T) {
	raw := func(b ...byte) []byte { return b }
	h := newHandler()
	s := start(t, gateway.Options{MaxMessageBytes: 1000, Farewell: func(code int) []byte { return fmt.Appendf(nil, "farewell %d", code) }}, h, nil)
	for _, test := range []struct {
		name string
		sent []byte
		code int
	}{
		{"unmasked text", raw(0x81, 1, 'x'), 1002},
		{"reserved bit 1", masked(0xc1, "x"), 1002},
		{"reserved bit 3 on a ping", masked(0x99, "x"), 1002},
		{"reserved opcode 3", masked(0x83, ""), 1002},
		{"reserved opcode 11", masked(0x8b, ""), 1002},
		{"fragmented ping", masked(ping, "x"), 1002},
		{"ping of 126 bytes", masked(final|ping, strings.Repeat("x", 126)), 1002},
		{"nothing to continue", masked(final|continuation, "x"), 1002},
		{"text within a message", append(masked(text, "x"), say("y")...), 1002},
		{"binary within a message", append(masked(text, "x"), masked(final|binaryFrame, "y")...), 1002},
		{"16-bit length below 126", raw(0x81, 0xfe, 0, 125), 1002},
		{"64-bit length below 65536", raw(0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 1002},
		{"64-bit length with the top bit", raw(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0), 1002},
		{"binary, at its first byte", raw(0x82), 1003},
		{"text not UTF-8", say("\xff"), 1007},
		{"a surrogate", say("\xed\xa0\x80"), 1007},
		{"a character cut by the end", say("\xe2\x82"), 1007},
		{"not UTF-8 only together", append(masked(text, "\xe2\x28"), masked(final|continuation, "\xa1")...), 1007},
		{"announces too much", raw(0x81, 0xfe, 0x03, 0xe9), 1009},
		{"announces 2^62", raw(0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0), 1009},
		{"fragments that sum to too much", append(masked(text, strings.Repeat("x", 1000)), masked(final|continuation, "y")...), 1009},
		{"fragments without end", append(masked(text, "x"), bytes.Repeat(masked(continuation, ""), 2000)...), 1009},
		{"close of one byte", masked(final|closing, "x"), 1002},
		{"close with 1005", bye(1005, ""), 1002},
		{"close with 1016", bye(1016, ""), 1002},
		{"close with 5000", bye(5000, ""), 1002},
		{"close with a reason not UTF-8", bye(1000, "\xff"), 1007},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, id := s.in(t).open()
			c.send(say("good"), test.sent, say("later"))
			c.want(text, fmt.Sprintf("farewell %d", test.code))
			c.wantClose(test.code)
			c.wantEnd()
			c.Close()
			if got := receive(t, h.acted); len(got) != 1 || string(got[0]) != "good" {
				t.Errorf("handled %q, want only the good message", got)
			}
			if got := receive(t, h.disconnected); got != id {
				t.Errorf("%s disconnected, want %s", got, id)
			}
		})
	}
	nothing(t, h.acted, 0)
	nothing(t, h.disconnected, 0)
}

func TestControlFrames(t *testing.T) { onEngines(t, testControlFrames) }

func testControlFrames(t *testing.T) {
	s := start(t, gateway.Options{}, newHandler(), nil)
	t.Run("a ping within a message is answered before the message's end", func(t *testing.T) {
		c, _ := s.in(t).open()
		c.send(masked(text, "hel"), masked(final|ping, "there?"))
		c.want(pong, "there?")
		c.send(masked(final|continuation, "lo"))
		if got := receive(t, s.handler.acted); string(got[0]) != "hello" {
			t.Errorf("got %q, want hello", got)
		}
	})
	t.Run("of many pings the last is answered, in order", func(t *testing.T) {
		c, _ := s.in(t).open()
		for i := range byte(100) {
			c.send(masked(final|ping, string([]byte{i})))
		}
		for last := -1; last < 99; {
			op, payload, err := c.frame()
			if err != nil || op != pong || int(payload[0]) <= last {
				t.Fatalf("frame %x %q after pong %d, error %v", op, payload, last, err)
			}
			last = int(payload[0])
		}
	})
	t.Run("pongs nobody asked for are ignored", func(t *testing.T) {
		c, _ := s.in(t).open()
		c.send(masked(final|pong, ""), masked(final|pong, "x"), masked(final|ping, "y"))
		c.want(pong, "y")
	})
	t.Run("in single bytes", func(t *testing.T) {
		c, _ := s.in(t).open()
		for _, b := range append(masked(final|ping, "slow"), bye(3000, "done")...) {
			c.send([]byte{b})
		}
		c.want(pong, "slow")
		c.wantClose(3000)
	})
}

func TestOnAction(t *testing.T) { onEngines(t, testOnAction) }

func testOnAction(t *testing.T) {
	t.Run("gets all that has been read, in order, and reads no more meanwhile", func(t *testing.T) {
		h := newHandler()
		goOn := make(chan struct{})
		h.onAction = func(context.Context, string, ...[]byte) error { <-goOn; return nil }
		s := start(t, gateway.Options{}, h, nil)
		c, _ := s.open()
		c.send(say("0"))
		if got := receive(t, h.acted); len(got) != 1 {
			t.Fatalf("got %q, want one message", got)
		}
		const n = 200
		var burst []byte
		for i := range n {
			burst = append(burst, say(fmt.Sprint(i+1))...)
		}
		c.send(burst)
		nothing(t, h.acted, 50*time.Millisecond)
		close(goOn)
		calls := 0
		for i := 1; i <= n; calls++ {
			got := receive(t, h.acted)
			if len(got) > 64 {
				t.Errorf("%d messages at once, want at most 64", len(got))
			}
			for _, frame := range got {
				if string(frame) != fmt.Sprint(i) {
					t.Fatalf("got %q, want %d", frame, i)
				}
				i++
			}
		}
		if calls > 8 {
			t.Errorf("%d calls for %d messages read at once", calls, n)
		}
	})
	t.Run("of one connection does not hold another", func(t *testing.T) {
		h := newHandler()
		goOn := make(chan struct{})
		h.onAction = func(_ context.Context, _ string, frames ...[]byte) error {
			if string(frames[0]) == "wait" {
				<-goOn
			}
			return nil
		}
		s := start(t, gateway.Options{}, h, nil)
		defer close(goOn)
		a, _ := s.open()
		b, _ := s.open()
		a.send(say("wait"))
		receive(t, h.acted)
		b.send(say("go"))
		receive(t, h.acted)
	})
	t.Run("keeps what it is given", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		c, _ := s.open()
		c.send(say("first"))
		kept := receive(t, s.handler.acted)
		for range 100 {
			c.send(say("other"))
			receive(t, s.handler.acted)
		}
		if string(kept[0]) != "first" {
			t.Errorf("became %q", kept[0])
		}
	})
	for name, broken := range map[string]func(context.Context, string, ...[]byte) error{
		"fails":  func(context.Context, string, ...[]byte) error { return errors.New("broken") },
		"panics": func(context.Context, string, ...[]byte) error { panic("broken") },
	} {
		t.Run(name+": API Gateway's frame, and the connection stays", func(t *testing.T) {
			h := newHandler()
			h.onAction = broken
			s := start(t, gateway.Options{}, h, nil)
			c, id := s.open()
			for range 2 {
				c.send(say("x"))
				_, got, err := c.frame()
				want := regexp.MustCompile(`^\{"message": "Internal server error", "connectionId":"` + regexp.QuoteMeta(id) + `", "requestId":"[A-Za-z0-9_-]{15}="\}$`)
				if err != nil || !want.MatchString(got) {
					t.Errorf("got %q, error %v", got, err)
				}
			}
		})
	}
	t.Run("outlives its connection, and OnDisconnect waits for it", func(t *testing.T) {
		h := newHandler()
		ended := make(chan error, 1)
		goOn := make(chan struct{})
		h.onAction = func(ctx context.Context, _ string, _ ...[]byte) error {
			<-goOn
			ended <- ctx.Err()
			return nil
		}
		s := start(t, gateway.Options{}, h, nil)
		c, _ := s.open()
		c.send(say("x"))
		receive(t, h.acted)
		c.Close()
		nothing(t, h.disconnected, 50*time.Millisecond)
		close(goOn)
		if err := receive(t, ended); err != nil {
			t.Errorf("its context had ended: %v", err)
		}
		receive(t, h.disconnected)
		nothing(t, h.disconnected, 20*time.Millisecond)
	})
}

// TestPingFlood: pings that come as fast as they go cost the connection, and those of a lively client do not.
func TestPingFlood(t *testing.T) { onEngines(t, testPingFlood) }

func testPingFlood(t *testing.T) {
	s := start(t, gateway.Options{}, newHandler(), nil)
	for _, kind := range []byte{ping, pong} {
		c, _ := s.open()
		c.send(bytes.Repeat(masked(final|kind, ""), 1000))
		for {
			op, payload, err := c.frame()
			if err != nil {
				t.Fatalf("frame %x: %v, want a close", kind, err)
			}
			if op == closing {
				if code := binary.BigEndian.Uint16([]byte(payload)); code != 1008 {
					t.Errorf("frame %x: closed with %d, want 1008", kind, code)
				}
				break
			}
		}
	}
	c, _ := s.open()
	for range 150 {
		c.send(masked(final|ping, "x"))
		c.want(pong, "x")
	}
}
