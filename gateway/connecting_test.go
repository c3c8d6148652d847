package gateway

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// asked is a handler whose OnConnect is told the id and decides.
type asked struct {
	quiet
	onConnect func(id string) error
}

func (a asked) OnConnect(_ context.Context, id string, _ Handshake) (string, error) {
	return "", a.onConnect(id)
}

// hijacked runs before the handler's connection is handed over.
type hijacked struct {
	http.ResponseWriter
	before func()
	conn   net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.before()
	if h.conn == nil {
		return nil, nil, errors.New("gone")
	}
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// TestPostWhileConnecting fears a connection that is called gone, and so forgotten, just before its handshake succeeds.
func TestPostWhileConnecting(t *testing.T) {
	for name, o := range map[string]Options{"": {}, "like API Gateway: ": Options{}.LikeAPIGateway()} {
		gone := func(t *testing.T, s *Server, id, when string, want bool) {
			t.Helper()
			lost, err := s.Post(t.Context(), [][]byte{[]byte(when)}, []string{id})
			if err != nil || slices.Contains(lost, id) != want {
				t.Errorf("%s: gone %q, error %v; want gone %t", when, lost, err, want)
			}
		}
		r := httptest.NewRequest("GET", "/socket", nil)
		r.Host = "localhost"
		for header, value := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(header, value)
		}
		t.Run(name+"accepted", func(t *testing.T) {
			s := New(o)
			var id string
			s.handler = asked{onConnect: func(given string) error {
				id = given
				gone(t, s, id, "deciding", o.Unordered)
				return nil
			}}
			client, server := net.Pipe()
			answered := make(chan string, 1)
			go func() {
				answer := make([]byte, 200)
				client.SetDeadline(time.Now().Add(5 * time.Second))
				n, _ := client.Read(answer)
				answered <- string(answer[:n])
			}()
			s.accept(hijacked{httptest.NewRecorder(), func() { gone(t, s, id, "decided", false) }, server}, r)
			gone(t, s, id, "answered", false)
			if got := <-answered; !strings.HasPrefix(got, "HTTP/1.1 101") {
				t.Errorf("answer %q", got)
			}
			client.Close()
			s.working.Wait()
			gone(t, s, id, "left", true)
		})
		t.Run(name+"refused", func(t *testing.T) {
			s := New(o)
			var id string
			var found *connection
			s.handler = asked{onConnect: func(given string) error {
				id, found = given, s.connections.get(given)
				gone(t, s, id, "deciding", o.Unordered)
				return errors.New("no")
			}}
			s.accept(httptest.NewRecorder(), r)
			gone(t, s, id, "refused", true)
			if found != nil && found.send([]byte("x"), 0) != sentGone {
				t.Error("who had found it before still posts to it")
			}
		})
		t.Run(name+"lost", func(t *testing.T) {
			s := New(o)
			var id string
			s.handler = asked{onConnect: func(given string) error { id = given; return nil }}
			s.accept(hijacked{ResponseWriter: httptest.NewRecorder(), before: func() {}}, r)
			gone(t, s, id, "lost", true)
		})
	}
}
