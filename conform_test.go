package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"parley/protocol"
)

// A server with a planted bug is found, and it is explained what is wrong with it.
func TestConformFindsABug(t *testing.T) {
	home := startHome(t)
	for _, bug := range []struct {
		what       string
		event      func(string) string
		only, says string
	}{
		{"none", func(frame string) string { return frame }, "message/copies", ""},
		{"a text that is changed on its way", func(frame string) string {
			return regexp.MustCompile(`"text":"([^"]*)"`).ReplaceAllString(frame, `"text":"$1!"`)
		}, "message/copies", "expected: the own copy of a message, unchanged"},
		{"a colour that is another for everybody", func(frame string) string {
			return regexp.MustCompile(`"color":\d+`).ReplaceAllString(frame, `"color":7`)
		}, "hello/welcome", "FNV-1a"},
	} {
		t.Run(bug.what, func(t *testing.T) {
			wrong := httptest.NewServer(&wrongServer{t.Context(), home, bug.event})
			defer wrong.Close()
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), []string{"conform", "--only", bug.only, strings.Replace(wrong.URL, "http", "ws", 1)}, func(string) string { return "" }, strings.NewReader(""), &stdout, &stderr)
			if bug.says == "" {
				if err != nil {
					t.Fatalf("%v\n%s", err, &stdout)
				}
				return
			}
			var f *failure
			if !errors.As(err, &f) || f.code != exitNonconforming || f.err.Error() != "1 of 1 cases do not hold" {
				t.Fatalf("got %#v\n%s", err, &stdout)
			}
			for _, want := range []string{"fails   " + bug.only, "matters: ", bug.says, "got: ", "rule: ", "protocol/asyncapi.yaml:", "0 hold, 1 fail, 0 skipped"} {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, &stdout)
				}
			}
			if regexp.MustCompile(`asyncapi.yaml:0\b`).MatchString(stdout.String()) {
				t.Errorf("the rule is nowhere:\n%s", &stdout)
			}
		})
	}
}

// startHome runs parley serve until the test ends, and returns its socket's address.
func startHome(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var running sync.WaitGroup
	running.Go(func() {
		err := run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--management", "off", "--rate-limits", "off", "--data", t.TempDir()}, func(string) string { return "" }, strings.NewReader(""), in, io.Discard)
		in.CloseWithError(errors.Join(err, io.EOF))
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	b := make([]byte, 200)
	for text := ""; ; {
		n, err := out.Read(b)
		text += string(b[:n])
		if found := regexp.MustCompile(`WebSocket URL: (\S+)\n`).FindStringSubmatch(text); found != nil {
			go io.Copy(io.Discard, out) // ends with the pipe
			return found[1]
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// wrongServer stands between a client and a server, and changes what comes.
type wrongServer struct {
	ctx      context.Context
	upstream string
	event    func(string) string
}

func (s *wrongServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	offered := r.Header.Values("Sec-WebSocket-Protocol")
	server, _, err := websocket.Dial(s.ctx, s.upstream, &websocket.DialOptions{Subprotocols: offered})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.CloseNow()
	client, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: offered})
	if err != nil {
		return
	}
	defer client.CloseNow()
	client.SetReadLimit(2 * protocol.MaxFrameBytes)
	server.SetReadLimit(2 * protocol.MaxFrameBytes)
	var actions sync.WaitGroup
	actions.Go(func() {
		defer server.CloseNow()
		for {
			kind, frame, err := client.Read(s.ctx)
			if err != nil || server.Write(s.ctx, kind, frame) != nil {
				return
			}
		}
	})
	for {
		kind, frame, err := server.Read(s.ctx)
		if err != nil || client.Write(s.ctx, kind, []byte(s.event(string(frame)))) != nil {
			break
		}
	}
	client.CloseNow()
	actions.Wait()
}
