package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"parley/gateway"
)

// log is a logger whose text can be read while it is written.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *log) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TestLongHeaders fears a stranger who has 60 KB kept, logged or repeated.
func TestLongHeaders(t *testing.T) { onEngines(t, testLongHeaders) }

func testLongHeaders(t *testing.T) {
	const long = 60_000
	t.Run("the User-Agent is kept in part", func(t *testing.T) {
		h := newHandler()
		shakes := make(chan gateway.Handshake, 1)
		h.onConnect = func(_ context.Context, _ string, shake gateway.Handshake) (string, error) {
			shakes <- shake
			return "", nil
		}
		s := start(t, gateway.Options{}, h, nil)
		_, id := s.open("User-Agent: x" + strings.Repeat("é", long/2))
		got := receive(t, shakes).UserAgent
		if len(got) != 255 || !utf8.ValidString(got) { // 1 + 127·2: the next é would not fit
			t.Errorf("OnConnect is told %d bytes, valid %t; want 255 of 256, whole characters", len(got), utf8.ValidString(got))
		}
		described := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/@connections/"+id, nil)
		r.Host = "localhost"
		s.Management().ServeHTTP(described, r)
		if n := described.Body.Len(); described.Code != 200 || n > 500 {
			t.Errorf("status %d, described in %d bytes", described.Code, n)
		}
	})
	t.Run("costs an idle connection nothing", func(t *testing.T) {
		const n = 50
		s := start(t, gateway.Options{}, newHandler(), nil)
		s.open()
		before := heap()
		for range n {
			s.open("User-Agent: "+strings.Repeat("x", long), "Sec-WebSocket-Protocol: "+strings.Repeat("x", 200))
		}
		if each := (heap() - before) / n; each > long/2 { // the clients' own buffers are in it
			t.Errorf("%d bytes a connection", each)
		}
	})
	t.Run("an Origin that is refused is repeated in part", func(t *testing.T) {
		var logged log
		s := start(t, gateway.Options{Logger: logged.logger()}, newHandler(), nil)
		resp := s.dial().request(append(s.upgrade(), "Origin: http://"+strings.Repeat("é", long/2))...)
		if n, err := io.Copy(io.Discard, resp.Body); resp.StatusCode != 403 || n > 1000 || err != nil {
			t.Errorf("status %d, %d bytes, error %v", resp.StatusCode, n, err)
		}
		if got := logged.String(); !strings.Contains(got, "origin refused") || len(got) > 1000 {
			t.Errorf("logged %d bytes: %.200q", len(got), got)
		}
	})
	t.Run("a Host that is not served is repeated in part", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		resp := s.dial().request("GET / HTTP/1.1", "Host: "+strings.Repeat("x", long))
		if n, err := io.Copy(io.Discard, resp.Body); resp.StatusCode != 421 || n > 1000 || err != nil {
			t.Errorf("status %d, %d bytes, error %v", resp.StatusCode, n, err)
		}
	})
	t.Run("sixteen sub-protocols, and no more", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		offer := func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, ",p%d", i)
			}
			return "Sec-WebSocket-Protocol: " + b.String()[1:]
		}
		for n, want := range map[int]int{16: 101, 17: 400, 9000: 400} {
			if got := s.dial().request(append(s.upgrade(), offer(n))...).StatusCode; got != want {
				t.Errorf("%d offered: status %d, want %d", n, got, want)
			}
		}
		if got := s.dial().request(append(s.upgrade(), offer(9), offer(8))...).StatusCode; got != http.StatusBadRequest {
			t.Errorf("17 in two lines: status %d", got)
		}
	})
}

// TestLogTellsNoText: what a function answers with may hold what somebody wrote.
func TestLogTellsNoText(t *testing.T) { onEngines(t, testLogTellsNoText) }

func testLogTellsNoText(t *testing.T) {
	var logged log
	h := newHandler()
	h.onAction = func(context.Context, string, ...[]byte) error { return framed{errors.New("failed")} }
	s := start(t, gateway.Options{Logger: logged.logger()}, h, nil)
	c := s.dial()
	lines := s.upgrade()
	lines[0] = "GET /socket?token=secret HTTP/1.1"
	c.request(lines...)
	c.send(say("private"))
	c.want(text, "sorry")
	c.send(bye(4000, "private"))
	c.wantClose(4000)
	c.Close()
	receive(t, h.disconnected)
	for _, never := range []string{"sorry", "private", "secret"} {
		if strings.Contains(logged.String(), never) {
			t.Errorf("%q was logged:\n%s", never, logged.String())
		}
	}
}
