package runtimeapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/gateway"
	"parley/runtimeapi"
)

var _ gateway.InformedHandler = (*runtimeapi.Gateway)(nil)

// stack is all of it: sockets, events, processes, and the @connections API that these post to.
type stack struct {
	t       testing.TB
	gateway *gateway.Server
	log     *log
	address string
}

func startStack(t testing.TB, o gateway.Options, fo runtimeapi.FunctionOptions, timeout time.Duration) *stack {
	t.Helper()
	s := &stack{t: t, log: &log{}}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Logger, fo.Logger = logger, logger
	s.gateway = gateway.New(o.LikeAPIGateway())
	management := httptest.NewServer(s.gateway.Management())
	t.Cleanup(management.Close)
	fo.Env = map[string]string{"MANAGEMENT_ENDPOINT": management.URL + "/live"}
	f, _ := function(t, "websocket", fo)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = ln.Addr().String()
	served := make(chan error, 1)
	go func() {
		served <- s.gateway.Serve(ln, runtimeapi.NewGateway(runtimeapi.GatewayOptions{OnConnect: f, OnAction: f, OnDisconnect: f, Timeout: timeout}))
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.gateway.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

func (s *stack) dial(query string, protocols ...string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, "ws://"+s.address+"/socket"+query, &websocket.DialOptions{Subprotocols: protocols})
	if err == nil {
		s.t.Cleanup(func() { c.CloseNow() })
		c.SetReadLimit(-1)
	}
	return c, resp, err
}

func (s *stack) join(t testing.TB) *websocket.Conn {
	t.Helper()
	c, _, err := s.dial("")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func say(t testing.TB, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(context.Background(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t testing.TB, c *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, b, err := c.Read(ctx)
	if err != nil {
		t.Fatalf("nothing heard: %v", err)
	}
	return string(b)
}

func TestStack(t *testing.T) {
	s := startStack(t, gateway.Options{}, runtimeapi.FunctionOptions{}, time.Second)
	t.Run("an echo through function and @connections", func(t *testing.T) {
		c := s.join(t)
		say(t, c, "hello")
		if got := hear(t, c); got != "echo: hello" {
			t.Errorf("heard %q", got)
		}
	})
	t.Run("the handshake's status is the function's", func(t *testing.T) {
		for query, want := range map[string]int{
			"": 101, "?as=refused": 401, "?as=moved": 301, "?as=broken": 502, "?as=malformed": 502, "?as=slow": 502, "?as=early": 400,
		} {
			_, resp, _ := s.dial(query)
			if resp == nil || resp.StatusCode != want {
				t.Errorf("%q: %+v, want status %d", query, resp, want)
			}
		}
	})
	t.Run("the sub-protocol is what the function answers", func(t *testing.T) {
		c, _, err := s.dial("", "parley.v1", "other")
		if err != nil || c.Subprotocol() != "parley.v1" {
			t.Fatalf("error %v, sub-protocol %q", err, c.Subprotocol())
		}
	})
	t.Run("errors are API Gateway's frames, and the connection stays", func(t *testing.T) {
		c := s.join(t)
		for said, message := range map[string]string{"throw": "Internal server error", "nothing": "Internal server error", "hang": "Endpoint request timed out"} {
			say(t, c, said)
			if got := hear(t, c); !regexp.MustCompile(`^\{"message": "` + message + `", "connectionId":"[\w-]{15}=", "requestId":"[\w-]{15}="\}$`).MatchString(got) {
				t.Errorf("%s: heard %s", said, got)
			}
		}
		say(t, c, "status") // nobody hears of a status
		say(t, c, "still here")
		if got := hear(t, c); got != "echo: still here" {
			t.Errorf("heard %q", got)
		}
	})
	t.Run("two messages of one client are handled at once", func(t *testing.T) {
		c := s.join(t)
		say(t, c, "sleep 500ms")
		say(t, c, "quick")
		if first, second := hear(t, c), hear(t, c); first != "echo: quick" || second != "echo: sleep 500ms" {
			t.Errorf("heard %q, then %q", first, second)
		}
	})
	t.Run("$disconnect tells how", func(t *testing.T) {
		for _, test := range []struct {
			want string
			end  func(*websocket.Conn)
		}{
			{`4001 "bye"`, func(c *websocket.Conn) { c.Close(4001, `bye`) }},
			{`1005 "Client-side close frame status not set"`, func(c *websocket.Conn) { c.Close(websocket.StatusNoStatusRcvd, "") }},
			{`1006 ""`, func(c *websocket.Conn) { c.CloseNow() }},
			{`1000 "Connection Closed Normally"`, func(c *websocket.Conn) { say(t, c, "close"); c.Read(context.Background()) }},
			{`1003 "text only"`, func(c *websocket.Conn) {
				c.Write(context.Background(), websocket.MessageBinary, []byte("x"))
				c.Read(context.Background())
			}},
		} {
			test.end(s.join(t))
			s.log.has(t, "gone ", strings.ReplaceAll(test.want, `"`, `\"`))
		}
	})
}

func TestStackLimits(t *testing.T) {
	t.Run("idle, in spite of pings", func(t *testing.T) {
		s := startStack(t, gateway.Options{IdleTimeout: 300 * time.Millisecond}, runtimeapi.FunctionOptions{}, 0)
		c := s.join(t)
		_, _, err := c.Read(context.Background())
		if ce := websocket.CloseStatus(err); ce != 1001 || !strings.Contains(err.Error(), "Going away") {
			t.Errorf("got %v, want 1001 Going away", err)
		}
		s.log.has(t, `gone `, `1001 \"Going away\"`)
	})
	t.Run("no order, with jitter", func(t *testing.T) {
		s := startStack(t, gateway.Options{Jitter: 100 * time.Millisecond}, runtimeapi.FunctionOptions{MaxEnvironments: 5}, 0)
		c := s.join(t)
		var said, heard []string
		for i := range 20 {
			said = append(said, fmt.Sprintf("echo: %02d", i))
			say(t, c, fmt.Sprintf("%02d", i))
		}
		for range said {
			heard = append(heard, hear(t, c))
		}
		if slices.Equal(said, heard) {
			t.Errorf("all came in order")
		}
		if slices.Sort(heard); !slices.Equal(said, heard) {
			t.Errorf("heard %q", heard)
		}
	})
}
