package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/gateway"
)

// informed is a handler that is told all.
type informed struct {
	*handler
	requests chan *http.Request
	ends     chan string // "code reason"
}

func (h *informed) OnRequest(ctx context.Context, id, address string, r *http.Request) (string, error) {
	h.requests <- r
	return h.OnConnect(ctx, id, gateway.Handshake{Address: address})
}

func (h *informed) OnEnd(ctx context.Context, id string, code int, reason string) error {
	h.ends <- fmt.Sprintf("%d %s", code, reason)
	return h.OnDisconnect(ctx, id)
}

func TestInformedHandler(t *testing.T) { onEngines(t, testInformedHandler) }

func testInformedHandler(t *testing.T) {
	h := &informed{newHandler(), make(chan *http.Request, 10), make(chan string, 10)}
	s := start(t, gateway.Options{}, h, nil)
	s.handler = h.handler
	t.Run("sees the whole handshake", func(t *testing.T) {
		c := s.in(t).dial()
		lines := s.upgrade()
		lines[0] = "GET /socket?room=a&room=b HTTP/1.1"
		if resp := c.request(append(lines, "X-Own: 1", "X-Own: 2")...); resp.StatusCode != 101 {
			t.Fatalf("status %d", resp.StatusCode)
		}
		r := receive(t, h.requests)
		if r.URL.RawQuery != "room=a&room=b" || !slices.Equal(r.Header["X-Own"], []string{"1", "2"}) {
			t.Errorf("query %q, headers %v", r.URL.RawQuery, r.Header)
		}
		receive(t, h.connected)
		c.Close()
		receive(t, h.ends)
	})
	for _, test := range []struct {
		name, want string
		end        func(c *client, id string)
	}{
		{"without a code", "1005 Client-side close frame status not set", func(c *client, _ string) { c.send(masked(final|closing, "")) }},
		{"with a code and a reason", "4000 enough", func(c *client, _ string) { c.send(bye(4000, "enough")) }},
		{"with a code alone", "1001 ", func(c *client, _ string) { c.send(bye(1001, "")) }},
		{"TCP lost", "1006 ", func(c *client, _ string) { c.Close() }},
		{"by Close, whatever the client answers", "4001 signed out", func(c *client, id string) {
			s.Close(context.Background(), 4001, "signed out", id)
			c.send(bye(4000, "no, me"))
		}},
		{"binary", "1003 text only", func(c *client, _ string) { c.send(masked(final|binaryFrame, "x")) }},
	} {
		t.Run("is told how it ended: "+test.name, func(t *testing.T) {
			c, id := s.in(t).open()
			receive(t, h.requests)
			test.end(c, id)
			time.AfterFunc(patience/5, func() { c.Close() })
			if got := receive(t, h.ends); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			c.Close()
		})
	}
}

func TestInformedHandlerWhoseClientLeaves(t *testing.T) {
	onEngines(t, testInformedHandlerWhoseClientLeaves)
}

func testInformedHandlerWhoseClientLeaves(t *testing.T) {
	h := &informed{newHandler(), make(chan *http.Request, 10), make(chan string, 10)}
	h.onConnect = func(ctx context.Context, _ string, _ gateway.Handshake) (string, error) {
		time.Sleep(100 * time.Millisecond)
		return "", ctx.Err()
	}
	s := start(t, gateway.Options{}, h, nil)
	s.handler = h.handler
	c := s.dial()
	io.WriteString(c, strings.Join(s.upgrade(), "\r\n")+"\r\n\r\n")
	receive(t, h.requests)
	c.Close()
	if in, out := receive(t, h.connected), receive(t, h.disconnected); in != out {
		t.Errorf("%s connected, %s disconnected", in, out)
	}
}

// framed is an error that says what its client sees.
type framed struct{ error }

func (framed) Frame() []byte { return []byte("sorry") }

func TestUnordered(t *testing.T) { onEngines(t, testUnordered) }

func testUnordered(t *testing.T) {
	h := newHandler()
	goOn := make(chan struct{})
	h.onAction = func(_ context.Context, _ string, frames ...[]byte) error {
		switch string(frames[0]) {
		case "wait":
			<-goOn
		case "fail":
			return framed{errors.New("failed")}
		}
		return nil
	}
	s := start(t, gateway.Options{Unordered: true}, h, nil)
	t.Run("one message does not wait for another", func(t *testing.T) {
		c, _ := s.in(t).open()
		c.send(say("wait"), say("wait"), say("last"))
		var got []string
		for range 3 {
			frames := receive(t, h.acted)
			got = append(got, string(frames[0]))
			if len(frames) != 1 {
				t.Errorf("%d messages at once", len(frames))
			}
		}
		if slices.Sort(got); !slices.Equal(got, []string{"last", "wait", "wait"}) {
			t.Errorf("got %q", got)
		}
		t.Run("nor does the end", func(t *testing.T) {
			c.send(bye(1000, ""))
			receive(t, h.disconnected)
			time.AfterFunc(20*time.Millisecond, func() { close(goOn) }) // else the test's end would wait
		})
	})
	t.Run("an error may say what the client sees", func(t *testing.T) {
		c, _ := s.in(t).open()
		c.send(say("fail"))
		c.want(text, "sorry")
	})
	t.Run("not more than 64 of a connection at a time", func(t *testing.T) {
		h := newHandler()
		goOn := make(chan struct{})
		h.onAction = func(context.Context, string, ...[]byte) error { <-goOn; return nil }
		s := start(t, gateway.Options{Unordered: true}, h, nil)
		c, _ := s.open()
		for range 70 {
			c.send(say("x"))
		}
		for range 64 {
			receive(t, h.acted)
		}
		nothing(t, h.acted, 50*time.Millisecond)
		close(goOn)
		for range 6 {
			receive(t, h.acted)
		}
	})
}

// TestAPIGatewayLimits shortens them.
func TestAPIGatewayLimits(t *testing.T) { onEngines(t, testAPIGatewayLimits) }

func testAPIGatewayLimits(t *testing.T) {
	t.Run("defaults", func(t *testing.T) {
		o := gateway.Options{MaxAge: time.Minute}.LikeAPIGateway()
		if o.MaxMessageBytes != 131072 || o.MaxFrameBytes != 32768 || o.IdleTimeout != 10*time.Minute || o.MaxAge != time.Minute || o.Heartbeat >= 0 || !o.Unordered || !o.KeepSlowReaders {
			t.Errorf("%+v", o)
		}
	})
	t.Run("a frame has 32 KB, a message of several 128 KB", func(t *testing.T) {
		s := start(t, gateway.Options{}.LikeAPIGateway(), newHandler(), nil)
		whole := strings.Repeat("x", 32<<10)
		c, _ := s.in(t).open()
		c.send(masked(text, whole), masked(continuation, whole), masked(continuation, whole), masked(final|continuation, whole))
		if got := receive(t, s.handler.acted); len(got[0]) != 128<<10 {
			t.Errorf("%d bytes", len(got[0]))
		}
		c.send(masked(final|text, whole+"x")[:20])
		c.wantClose(1009)
		c, _ = s.in(t).open()
		c.send(masked(text, whole), masked(continuation, whole), masked(continuation, whole), masked(continuation, whole), masked(final|continuation, "x")[:7])
		c.wantClose(1009)
	})
	inBubble(t, "idle: messages count, either way, pings do not", func(t *testing.T) {
		s := startPipes(t, gateway.Options{IdleTimeout: 400 * time.Millisecond, Heartbeat: -1}, newHandler(), nil)
		c, id := s.open()
		began := time.Now()
		for i := range 4 {
			time.Sleep(150 * time.Millisecond)
			if i%2 == 0 {
				c.send(say("x"))
			} else if lost, _ := s.Post(t.Context(), texts("x"), []string{id}); lost != nil {
				t.Fatalf("closed after %v", time.Since(began))
			} else {
				c.want(text, "x")
			}
		}
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
					c.Write(masked(final|ping, ""))
				}
			}
		}()
		for {
			op, payload, err := c.frame()
			if err != nil {
				t.Fatal(err)
			}
			if op == pong {
				continue
			}
			if op != closing || payload != "\x03\xe9Going away" {
				t.Errorf("got %x %q, want 1001 Going away", op, payload)
			}
			break
		}
	})
	inBubble(t, "age: however busy", func(t *testing.T) {
		s := startPipes(t, gateway.Options{MaxAge: 300 * time.Millisecond}, newHandler(), nil)
		c, _ := s.open()
		var busy sync.WaitGroup
		defer busy.Wait()
		defer c.Close()
		busy.Go(func() {
			for range 100 {
				if _, err := c.Write(say("x")); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		if reason := c.wantClose(1001); reason != "Going away" {
			t.Errorf("reason %q", reason)
		}
	})
	inBubble(t, "no ping without a heartbeat", func(t *testing.T) {
		s := startPipes(t, gateway.Options{Heartbeat: -1, FarewellTimeout: 50 * time.Millisecond}, newHandler(), nil)
		c, _ := s.open()
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if b, err := c.r.Peek(1); err == nil {
			t.Errorf("got %x", b)
		}
	})
	t.Run("a redirect of OnConnect is the handshake's", func(t *testing.T) {
		h := newHandler()
		h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) { return "", refused(301) }
		s := start(t, gateway.Options{}, h, nil)
		if resp := s.dial().request(s.upgrade()...); resp.StatusCode != 301 {
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}

// TestStage is the @connections API as API Gateway has it.
func TestStage(t *testing.T) { onEngines(t, testStage) }

func testStage(t *testing.T) {
	s := start(t, gateway.Options{Stage: "live", KeepSlowReaders: true, MaxQueueBytes: 64 << 10}, newHandler(), nil)
	management := httptest.NewServer(s.Management())
	defer management.Close()
	defer management.Client().CloseIdleConnections()
	c, id := s.open()
	post := func(path, body string) (int, string) {
		resp, err := management.Client().Post(management.URL+path, "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, resp.Header.Get("X-Amzn-ErrorType")
	}
	for path, want := range map[string]int{
		"/live/@connections/": 200, "/live/%40connections/": 200, "/@connections/": 403, "/test/@connections/": 403, "/live/connections/": 404,
	} {
		if got, _ := post(path+strings.ReplaceAll(id, "=", "%3D"), "hello"); got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	c.want(text, "hello")
	c.want(text, "hello")

	t.Run("429 while the reader's buffer is full, and it stays", func(t *testing.T) {
		body, taken := strings.Repeat("x", 32<<10), 0
		for status, kind := post("/live/@connections/"+id, body); ; status, kind = post("/live/@connections/"+id, body) {
			if status == 429 {
				if kind != "LimitExceededException" {
					t.Errorf("type %q", kind)
				}
				break
			}
			if status != 200 {
				t.Fatalf("status %d after %d", status, taken)
			}
			if taken++; taken > 10000 {
				t.Fatal("never full")
			}
		}
		if lost, err := s.Post(t.Context(), texts(body), []string{id}); lost != nil || err != nil {
			t.Errorf("gone %v, error %v; want neither", lost, err)
		}
		for range taken {
			c.want(text, body)
		}
		for end := time.Now().Add(patience); ; {
			if status, _ := post("/live/@connections/"+id, "again"); status == 200 {
				break
			} else if time.Now().After(end) {
				t.Fatalf("status %d", status)
			}
		}
		c.want(text, "again")
	})
}

func TestJitter(t *testing.T) { onEngines(t, testJitter) }

func testJitter(t *testing.T) {
	h := newHandler()
	s := start(t, gateway.Options{Jitter: 50 * time.Millisecond}, h, nil)
	t.Run("posts of different calls lose their order, those of one do not, and none is lost before a close", func(t *testing.T) {
		c, id := s.in(t).open()
		var want, got []string
		for i := range 20 {
			first, second := fmt.Sprintf("%02d", i), fmt.Sprintf("%02d+", i)
			if lost, err := s.Post(t.Context(), texts(first, second), []string{id}); lost != nil || err != nil {
				t.Fatal(lost, err)
			}
			want = append(want, first, second)
		}
		s.Close(t.Context(), 4001, "signed out", id)
		for i := range want {
			_, payload, err := c.frame()
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, payload); i%2 == 1 && got[i] != got[i-1]+"+" {
				t.Errorf("%s came between", payload)
			}
		}
		c.wantClose(4001)
		if slices.Equal(got, want) {
			t.Error("all came in order")
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("some OnDisconnect never come", func(t *testing.T) {
		const n = 100
		for range n {
			c, _ := s.in(t).open()
			c.Close()
		}
		came := 0
		for end := time.After(2 * time.Second); came < n; came++ {
			select {
			case <-h.disconnected:
				continue
			case <-end:
			}
			break
		}
		if came == n || came < n/2 {
			t.Errorf("%d of %d came", came, n)
		}
	})
}
