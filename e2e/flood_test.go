//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// fromAddress is the one that floods come from here: the server is told to
// believe X-Forwarded-For from loopback, as from a proxy of its own machine.
const fromAddress = "203.0.113.7"

func startForFlood(t testing.TB, flags ...string) *program {
	return start(t, append([]string{"--rate-limits", "on", "--trusted-proxies", "127.0.0.1"}, flags...)...)
}

// flooder connects from an address, says hello, and has said nothing yet.
func flooder(ctx context.Context, t testing.TB, p *program, address, name string) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ws, err := dialFlood(ctx, p.socket, address)
	if err != nil {
		return nil, err
	}
	return &connection{t, ws}, sayHello(ctx, ws, name)
}

func dialFlood(ctx context.Context, socket, address string) (*websocket.Conn, error) {
	ws, response, err := websocket.Dial(ctx, socket, &websocket.DialOptions{
		Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: http.Header{"X-Forwarded-For": {"198.51.100.1, " + address}},
	})
	if err != nil && response != nil {
		return nil, fmt.Errorf("%s, Retry-After %q: %w", response.Status, response.Header.Get("Retry-After"), err)
	} else if err != nil {
		return nil, err
	}
	ws.SetReadLimit(1 << 20)
	return ws, nil
}

func sayHello(ctx context.Context, ws *websocket.Conn, name string) error {
	return ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"hello","name":%q,"rooms":[{"room":"general"}]}`, name))
}

func sayFlood(ctx context.Context, ws *websocket.Conn, i int) error {
	return ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"message","id":"f%d","text":"flood"}`, i))
}

// flood says so many as fast as they go, and returns what it was told: how often
// to wait, the last error, and the close code.
func (c *connection) flood(ctx context.Context, messages int) (told int, last event, code websocket.StatusCode) {
	go func() {
		for i := range messages {
			if sayFlood(ctx, c.ws, i) != nil {
				return // it was closed, which the other side tells
			}
		}
	}()
	for {
		e, err := c.read(ctx)
		var closed websocket.CloseError
		switch {
		case errors.As(err, &closed):
			return told, last, closed.Code
		case err != nil:
			return told, last, -1
		case e.Type == "error" && e.Code == "too_fast":
			if last = e; e.Retry && e.After > 0 {
				told++
			}
		}
	}
}

// TestFlood: a flood is told, closed, and heard of by others no more than its
// limit; who is quiet is heard meanwhile.
func TestFlood(t *testing.T) {
	p := startForFlood(t)
	grace := enter(t, p, "Grace")
	wantEnd := func(who string, told int, last event, code websocket.StatusCode) {
		t.Helper()
		if told == 0 || last.Retry || code != protocol.ClosePolicy {
			t.Errorf("%s was told %d times to wait, at last %s, and closed with %d; want some, retry false, 1008", who, told, last.raw, code)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said := func(begun time.Time, least, burst, rate int) {
		t.Helper()
		most := burst + int(float64(rate)*time.Since(begun).Seconds()) + 1
		n := 0
		for _, m := range history(t, p, "general") {
			if strings.HasPrefix(m.From, "Flood") {
				n++
			}
		}
		if n < least || n > most {
			t.Errorf("%d messages of a flood were told, want %d to %d", n, least, most)
		}
	}

	begun := time.Now()
	one, err := flooder(ctx, t, p, fromAddress, "Flood")
	if err != nil {
		t.Fatal(err)
	}
	told, last, code := one.flood(ctx, 1000)
	wantEnd("one connection", told, last, code)
	said(begun, 10, 10, 5)

	before := residentBytes(t, p.command.Process.Pid)
	begun = time.Now()
	var all sync.WaitGroup
	for i := range 50 {
		c, err := flooder(ctx, t, p, fromAddress, fmt.Sprint("Flood ", i))
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			told, last, code := c.flood(ctx, 1000)
			wantEnd(fmt.Sprint("connection ", i), told, last, code)
		})
	}
	for i := range 5 {
		for { // as every client does: again when told
			grace.send(map[string]any{"type": "message", "id": fmt.Sprint("g", i), "text": "a question"})
			var answer event
			for answer.ID != fmt.Sprint("g", i) {
				answer = grace.next("message", "error")
			}
			if answer.Type == "message" {
				break
			}
			if !answer.Retry || answer.After > 3000 {
				t.Fatalf("who is quiet was told %s", answer.raw)
			}
			time.Sleep(time.Duration(answer.After) * time.Millisecond)
		}
	}
	all.Wait()
	said(begun, 50, 100, 50) // a quarter of the burst is for who is quiet
	if after := residentBytes(t, p.command.Process.Pid); after > before+32<<20 {
		t.Errorf("memory grew from %d to %d KiB by a flood", before>>10, after>>10)
	}
}

// TestFloodOfConnections: an address has so many places and no more, whatever
// is written before its proxy's own line.
func TestFloodOfConnections(t *testing.T) {
	p := startForFlood(t, "--limit-address-open", "20")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := range 20 {
		c, err := flooder(ctx, t, p, fromAddress, "")
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { c.ws.CloseNow() })
	}
	if _, err := flooder(ctx, t, p, fromAddress, ""); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("the 21st: %v, want 429", err)
	}
	if c, err := flooder(ctx, t, p, "203.0.113.8", ""); err != nil {
		t.Errorf("another address: %v", err)
	} else {
		c.ws.CloseNow()
	}
}
