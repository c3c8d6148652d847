package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/gateway"
)

type refused int

func (refused) Error() string     { return "refused" }
func (r refused) HTTPStatus() int { return int(r) }

func TestHandshake(t *testing.T) { onEngines(t, testHandshake) }

func testHandshake(t *testing.T) {
	s := start(t, gateway.Options{}, newHandler(), nil)

	set := func(name, value string) func([]string) []string {
		return func(lines []string) []string {
			lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+":") })
			if value != "" {
				lines = append(lines, name+": "+value)
			}
			return lines
		}
	}
	first := func(line string) func([]string) []string {
		return func(lines []string) []string { lines[0] = line; return lines }
	}
	add := func(more ...string) func([]string) []string {
		return func(lines []string) []string { return append(lines, more...) }
	}
	for _, test := range []struct {
		name   string
		change func([]string) []string
		status int
	}{
		{"correct", add(), 101},
		{"Upgrade in mixed case", set("Upgrade", "WebSocket"), 101},
		{"Connection with other tokens", set("Connection", "keep-alive, Upgrade"), 101},
		{"with a query", first("GET /socket?x=y HTTP/1.1"), 101},
		{"POST", first("POST /socket HTTP/1.1"), 405},
		{"HTTP/1.0", first("GET /socket HTTP/1.0"), 400},
		{"no Host", set("Host", ""), 400},
		{"two Hosts", add("Host: 127.0.0.1"), 400},
		{"no Upgrade", set("Upgrade", ""), 426},
		{"Upgrade to something else", set("Upgrade", "h2c"), 426},
		{"no Connection", set("Connection", ""), 426},
		{"no key", set("Sec-WebSocket-Key", ""), 400},
		{"key not base64", set("Sec-WebSocket-Key", "!!!!not-base64!!!!!!!!!=="), 400},
		{"key of 8 bytes", set("Sec-WebSocket-Key", "AAAAAAAAAAA="), 400},
		{"two keys", add("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400},
		{"no version", set("Sec-WebSocket-Version", ""), 426},
		{"version 12", set("Sec-WebSocket-Version", "12"), 426},
		{"version 13abc", set("Sec-WebSocket-Version", "13abc"), 426},
		{"a body", add("Content-Length: 4"), 400},
		{"a body of untold length", add("Transfer-Encoding: chunked"), 411},
		{"two lengths", add("Content-Length: 4", "Transfer-Encoding: chunked"), 411},
		{"the same sub-protocol twice", add("Sec-WebSocket-Protocol: a, a"), 400},
		{"a sub-protocol that is no token", add("Sec-WebSocket-Protocol: a b"), 400},
		{"another path", first("GET /elsewhere HTTP/1.1"), 404},
		{"headers above 64 KiB", add("X-Big: " + strings.Repeat("a", 80<<10)), 431},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := s.in(t).dial().request(test.change(s.upgrade())...)
			if resp.StatusCode != test.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, test.status)
			}
			switch test.status {
			case 101:
				// The key and its answer are those of RFC 6455 section 1.3.
				if got := resp.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
					t.Errorf("Sec-WebSocket-Accept %q", got)
				}
			case 426:
				version, upgrade := resp.Header.Get("Sec-WebSocket-Version"), resp.Header.Get("Upgrade")
				if version != "13" && upgrade != "websocket" {
					t.Errorf("names neither version 13 (%q) nor the upgrade (%q)", version, upgrade)
				}
			}
		})
	}
}

func TestOnConnect(t *testing.T) { onEngines(t, testOnConnect) }

func testOnConnect(t *testing.T) {
	t.Run("is told who comes, and its sub-protocol is answered", func(t *testing.T) {
		h := newHandler()
		shakes := make(chan gateway.Handshake, 1)
		h.onConnect = func(_ context.Context, _ string, shake gateway.Handshake) (string, error) {
			shakes <- shake
			return "parley.v1", nil
		}
		s := start(t, gateway.Options{}, h, nil)
		c, id := s.open("Sec-WebSocket-Protocol: other, parley.v1", "Sec-WebSocket-Extensions: permessage-deflate", "User-Agent: test/1", "Origin: http://"+s.address)
		if got := c.resp.Header.Get("Sec-WebSocket-Protocol"); got != "parley.v1" {
			t.Errorf("sub-protocol %q, want parley.v1", got)
		}
		if got := c.resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("extension %q was confirmed", got)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`).MatchString(id) {
			t.Errorf("id %q is not of API Gateway's form", id)
		}
		shake := receive(t, shakes)
		if !slices.Equal(shake.Subprotocols, []string{"other", "parley.v1"}) || shake.Origin != "http://"+s.address || shake.Address != "127.0.0.1" || shake.UserAgent != "test/1" {
			t.Errorf("handshake %+v", shake)
		}
	})
	t.Run("chooses none: none is answered", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		c, _ := s.open("Sec-WebSocket-Protocol: parley.v1")
		if got, ok := c.resp.Header["Sec-Websocket-Protocol"]; ok {
			t.Errorf("sub-protocol %q, want none", got)
		}
	})
	t.Run("chooses what was not offered: refused, and disconnected", func(t *testing.T) {
		h := newHandler()
		h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) { return "parley.v9", nil }
		s := start(t, gateway.Options{}, h, nil)
		if resp := s.dial().request(s.upgrade()...); resp.StatusCode != 502 {
			t.Errorf("status %d, want 502", resp.StatusCode)
		}
		if in, out := receive(t, h.connected), receive(t, h.disconnected); in != out {
			t.Errorf("%s connected, %s disconnected", in, out)
		}
	})
	t.Run("refuses", func(t *testing.T) {
		for _, test := range []struct {
			err    error
			status int
		}{
			{refused(401), 401}, {refused(403), 403}, {refused(429), 429}, {refused(503), 503},
			{refused(200), 502}, {refused(0), 502}, {errors.New("broken"), 502}, {errors.Join(errors.New("no"), refused(403)), 403},
		} {
			h := newHandler()
			h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) { return "", test.err }
			s := start(t, gateway.Options{}, h, nil)
			if resp := s.dial().request(s.upgrade()...); resp.StatusCode != test.status {
				t.Errorf("%#v: status %d, want %d", test.err, resp.StatusCode, test.status)
			}
			nothing(t, h.disconnected, 0)
		}
	})
	t.Run("panics: 502, and the server lives", func(t *testing.T) {
		h := newHandler()
		h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) { panic("at the disco") }
		s := start(t, gateway.Options{}, h, nil)
		for range 2 {
			if resp := s.dial().request(s.upgrade()...); resp.StatusCode != 502 {
				t.Errorf("status %d, want 502", resp.StatusCode)
			}
		}
	})
	t.Run("holds the handshake, and what is posted meanwhile follows it", func(t *testing.T) {
		h := newHandler()
		ids, goOn := make(chan string), make(chan struct{})
		h.onConnect = func(_ context.Context, id string, _ gateway.Handshake) (string, error) {
			ids <- id
			<-goOn
			return "", nil
		}
		s := start(t, gateway.Options{}, h, nil)
		c := s.dial()
		io.WriteString(c, strings.Join(s.upgrade(), "\r\n")+"\r\n\r\n")
		id := receive(t, ids)
		if lost, err := s.Post(t.Context(), texts("early"), []string{id}); err != nil || lost != nil {
			t.Errorf("gone %v, error %v", lost, err)
		}
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if b, err := c.r.Peek(1); err == nil {
			t.Errorf("answered %q before OnConnect had returned", b)
		}
		close(goOn)
		c.SetReadDeadline(time.Now().Add(patience))
		c.r.Reset(c)
		if resp, err := http.ReadResponse(c.r, nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("response %v, error %v", resp, err)
		}
		s.Post(t.Context(), texts("now"), []string{id})
		c.want(text, "early")
		c.want(text, "now")
	})
	inBubble(t, "is followed by the close of who was closed meanwhile", func(t *testing.T) {
		h := newHandler()
		var s *home
		h.onConnect = func(ctx context.Context, id string, _ gateway.Handshake) (string, error) {
			s.Post(ctx, texts("you are banned"), []string{id})
			s.Close(ctx, 4003, "banned", id)
			time.Sleep(5 * time.Second) // longer than a client has to answer a close
			return "", nil
		}
		s = startPipes(t, gateway.Options{FarewellTimeout: time.Second}, h, nil)
		c, id := s.open()
		c.want(text, "you are banned")
		c.wantClose(4003)
		if got := receive(t, h.disconnected); got != id {
			t.Errorf("%s disconnected, want %s", got, id)
		}
	})
	t.Run("of 400 while others post to all who are known: nobody is gone, deaf or mute", func(t *testing.T) {
		const n = 400
		h := newHandler()
		var s *home
		var mu sync.Mutex
		var ids []string
		h.onConnect = func(_ context.Context, id string, _ gateway.Handshake) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids[:len(ids):len(ids)], id)
			return "", nil
		}
		known := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return ids
		}
		s = start(t, gateway.Options{}, h, nil)
		stop := make(chan struct{})
		var posters, arrivals sync.WaitGroup
		for range 2 {
			posters.Go(func() {
				for seen := 0; ; {
					select {
					case <-stop:
						return
					default:
					}
					to := known()
					if lost, err := s.Post(context.Background(), texts("busy"), to[seen:]); lost != nil || err != nil {
						t.Errorf("gone %q, error %v", lost, err)
						return
					}
					seen = len(to)
				}
			})
		}
		clients := make(chan *client, n)
		for range 8 {
			arrivals.Go(func() {
				for range n / 8 {
					c, _ := s.open()
					clients <- c
				}
			})
		}
		arrivals.Wait()
		close(stop)
		posters.Wait()
		if lost, _ := s.Post(t.Context(), texts("last"), known()); lost != nil {
			t.Errorf("%d gone", len(lost))
		}
		close(clients)
		for c := range clients {
			for got := ""; got != "last"; {
				var err error
				if _, got, err = c.frame(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	t.Run("is followed at once by posts, of which none is lost", func(t *testing.T) {
		h := newHandler()
		var s *home
		var posters sync.WaitGroup
		defer posters.Wait()
		h.onConnect = func(_ context.Context, id string, _ gateway.Handshake) (string, error) {
			posters.Go(func() {
				for i := range 3 {
					if lost, _ := s.Post(context.Background(), texts(fmt.Sprint(i)), []string{id}); lost != nil {
						t.Errorf("post %d: gone", i)
						return
					}
				}
			})
			return "", nil
		}
		s = start(t, gateway.Options{}, h, nil)
		for range 100 {
			c, _ := s.open()
			for i := range 3 {
				c.want(text, fmt.Sprint(i))
			}
		}
	})
	t.Run("a frame sent together with the handshake is not lost", func(t *testing.T) {
		s := start(t, gateway.Options{}, newHandler(), nil)
		c := s.dial()
		io.WriteString(c, strings.Join(s.upgrade(), "\r\n")+"\r\n\r\n"+string(say("hello")))
		if got := receive(t, s.handler.acted); len(got) != 1 || string(got[0]) != "hello" {
			t.Errorf("got %q, want hello", got)
		}
	})
}

func TestLimits(t *testing.T) { onEngines(t, testLimits) }

func testLimits(t *testing.T) {
	t.Run("too many sockets: 503 and when to come back, and room again when one goes", func(t *testing.T) {
		s := start(t, gateway.Options{MaxConnections: 2}, newHandler(), nil)
		one, _ := s.open()
		s.open()
		resp := s.dial().request(s.upgrade()...)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("status %d, Retry-After %q; want 503 and some seconds", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
		one.send(bye(1000, ""))
		one.wantClose(1000)
		one.Close()
		receive(t, s.handler.disconnected)
		for range 100 {
			if resp = s.dial().request(s.upgrade()...); resp.StatusCode == 101 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("status %d after one had gone", resp.StatusCode)
	})
	t.Run("too many connections of any kind: 503 without reading", func(t *testing.T) {
		s := start(t, gateway.Options{MaxConnections: 1}, newHandler(), nil)
		for range 33 { // 1 and the 32 spare
			s.dial()
		}
		c := s.dial()
		resp, err := http.ReadResponse(c.r, nil)
		if err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("response %v, error %v; want 503 and Retry-After", resp, err)
		}
	})
	t.Run("unfinished requests are cut", func(t *testing.T) {
		s := start(t, gateway.Options{HandshakeTimeout: 100 * time.Millisecond}, newHandler(), nil)
		for name, sent := range map[string]string{
			"nothing":       "",
			"half a line":   "GET /so",
			"half a header": "GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\n",
			"half a body":   "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc",
		} {
			c := s.dial()
			io.WriteString(c, sent)
			c.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, c.r); err != nil {
				t.Errorf("%s: %v, want the end", name, err)
			}
		}
	})
}

func TestAddress(t *testing.T) { onEngines(t, testAddress) }

func testAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, test := range []struct {
		name      string
		trusted   []netip.Prefix
		forwarded []string
		want      string
	}{
		{"no proxy is trusted", nil, []string{"192.0.2.1"}, "127.0.0.1"},
		{"a proxy", proxies, []string{"192.0.2.1"}, "192.0.2.1"},
		{"two proxies", proxies, []string{"192.0.2.1, 10.1.1.1"}, "192.0.2.1"},
		{"two proxies, two lines", proxies, []string{"192.0.2.1", "10.1.1.1"}, "192.0.2.1"},
		{"the client has written one before", proxies, []string{"198.51.100.9, 192.0.2.1"}, "192.0.2.1"},
		{"the client has written one before two proxies", proxies, []string{"198.51.100.9, 192.0.2.1,10.1.1.1"}, "192.0.2.1"},
		{"a proxy that writes the port", proxies, []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"the client has written nonsense", proxies, []string{"nonsense"}, "127.0.0.1"},
		{"the proxy has written none", proxies, nil, "127.0.0.1"},
		{"IPv6", proxies, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv4 in IPv6", proxies, []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHandler()
			addresses := make(chan string, 1)
			h.onConnect = func(_ context.Context, _ string, shake gateway.Handshake) (string, error) {
				addresses <- shake.Address
				return "", nil
			}
			s := start(t, gateway.Options{TrustedProxies: test.trusted}, h, nil)
			var lines []string
			for _, f := range test.forwarded {
				lines = append(lines, "X-Forwarded-For: "+f)
			}
			s.open(lines...)
			if got := receive(t, addresses); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestHeader fears refusals on which a site's security headers are missing.
func TestHeader(t *testing.T) { onEngines(t, testHeader) }

func testHeader(t *testing.T) {
	policy := http.Header{"Content-Security-Policy": {"default-src 'none'"}, "X-Frame-Options": {"DENY"}}
	h := newHandler()
	h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) { return "", refused(429) }
	s := start(t, gateway.Options{Header: policy, MaxConnections: 1}, h, nil)
	host := "Host: " + s.address
	for _, test := range []struct {
		status int
		lines  []string
	}{
		{403, append(s.upgrade(), "Origin: http://evil.example")},
		{404, []string{"GET / HTTP/1.1", host}},
		{404, []string{"GET /elsewhere HTTP/1.1", host, "Upgrade: websocket", "Connection: Upgrade"}},
		{405, []string{"POST /socket HTTP/1.1", host}},
		{411, []string{"POST / HTTP/1.1", host, "Transfer-Encoding: chunked"}},
		{421, []string{"GET / HTTP/1.1", "Host: evil.example"}},
		{426, []string{"GET /socket HTTP/1.1", host}},
		{429, s.upgrade()},
	} {
		c := s.dial()
		resp := c.request(test.lines...)
		c.Close()
		if resp.StatusCode != test.status {
			t.Errorf("%q: status %d, want %d", test.lines[0], resp.StatusCode, test.status)
		}
		wantHeader(t, resp, policy)
	}
	var full *client
	for range 40 { // 1 and the 32 spare, and those above that have not been counted out yet
		full = s.dial()
	}
	resp := full.answer()
	if resp.StatusCode != 503 {
		t.Errorf("status %d, want 503", resp.StatusCode)
	}
	wantHeader(t, resp, policy)
}

func wantHeader(t *testing.T, resp *http.Response, want http.Header) {
	t.Helper()
	for name, values := range want {
		if got := resp.Header.Values(name); !slices.Equal(got, values) {
			t.Errorf("status %d: %s is %q, want %q", resp.StatusCode, name, got, values)
		}
	}
}
