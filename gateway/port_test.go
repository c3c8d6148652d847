package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"parley/gateway"
)

// TestSamePort fears an engine that reads the beginning of what is not for it, and loses it.
func TestSamePort(t *testing.T) { onEngines(t, testSamePort) }

func testSamePort(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d %v", r.Method, r.URL.Path, len(body), err)
	})
	s := start(t, gateway.Options{Pages: echo}, newHandler(), nil)
	body := strings.Repeat("x", 200_000)
	post := fmt.Sprintf("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", len(body))
	answer := func(t *testing.T, c *client, want string) {
		t.Helper()
		resp := c.answer()
		if got, err := io.ReadAll(resp.Body); err != nil || string(got) != want {
			t.Fatalf("got %q, error %v; want %q", got, err, want)
		}
	}
	t.Run("a page with a body, all at once", func(t *testing.T) {
		c := s.in(t).dial()
		io.WriteString(c, post+body)
		answer(t, c, "POST /a 200000 <nil>")
	})
	t.Run("a page, and then another, and then a socket", func(t *testing.T) {
		c := s.in(t).dial()
		io.WriteString(c, "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
		answer(t, c, "GET /a 0 <nil>")
		answer(t, c, "GET /b 0 <nil>")
		if resp := c.request(s.upgrade()...); resp.StatusCode != 101 {
			t.Fatalf("status %d", resp.StatusCode)
		}
		id := receive(t, s.handler.connected)
		c.send(say("hello"))
		if got := receive(t, s.handler.acted); string(got[0]) != "hello" {
			t.Errorf("got %q", got)
		}
		s.Post(t.Context(), texts("hi"), []string{id})
		c.want(text, "hi")
	})
	for name, request := range map[string]string{
		"a page":   "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a socket": strings.Join(s.upgrade(), "\r\n") + "\r\n\r\n" + string(say("hello")),
	} {
		t.Run(name+", byte for byte", func(t *testing.T) {
			c := s.in(t).dial()
			for i := range len(request) {
				io.WriteString(c, request[i:i+1])
			}
			if name == "a page" {
				answer(t, c, "GET /a 0 <nil>")
				return
			}
			if resp := c.answer(); resp.StatusCode != 101 {
				t.Fatalf("status %d", resp.StatusCode)
			}
			receive(t, s.handler.connected)
			if got := receive(t, s.handler.acted); string(got[0]) != "hello" {
				t.Errorf("got %q", got)
			}
		})
	}
	t.Run("what is no HTTP, and half a request", func(t *testing.T) {
		for _, sent := range []string{"\x16\x03\x01 hello\r\n\r\n", "GET / HTTP/1.1\r\nHo st: x\r\n\r\n", "GET /socket HTTP/1.1\r\nHost: localhost\r\nX: \x01\r\n\r\n"} {
			c := s.in(t).dial()
			io.WriteString(c, sent)
			if resp := c.answer(); resp.StatusCode != 400 {
				t.Errorf("%q: status %d, want 400", sent, resp.StatusCode)
			}
		}
	})
}
