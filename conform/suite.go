package conform

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// Suite is what one case works with: fresh names, and connections that end with it.
type Suite struct {
	*run
	mu    sync.Mutex
	conns []*conn
	owner map[string]string // session tokens, and whose they are
}

func newSuite(r *run) *Suite { return &Suite{run: r, owner: map[string]string{}} }

// word returns random letters, 8 of which are one in 10^9. There are none that
// look like another one, nor pairs that do (rn, vv): names must differ in more.
func word(n int) string { return random("acdefghkpstxyz", n) }

func random(letters string, n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

func (s *Suite) room() string { return "conform-" + word(12) }
func (s *Suite) name() string { return "guest " + word(10) }
func (s *Suite) text() string { return "conform " + word(12) }

// dialing adjusts how a connection is made. The zero value is a plain one.
type dialing struct {
	subprotocols []string
	origin       string
}

// connect makes a connection that has said nothing yet.
func (s *Suite) connect(ctx context.Context, d dialing) (*conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, s.target.Patience)
	defer cancel()
	o := &websocket.DialOptions{Subprotocols: d.subprotocols, HTTPHeader: http.Header{}}
	if d.origin != "" {
		o.HTTPHeader.Set("Origin", d.origin)
	}
	ws, response, err := websocket.Dial(ctx, s.target.WebSocket, o)
	if err != nil {
		return nil, response, err
	}
	ws.SetReadLimit(1 << 20) // far more than is allowed, to tell what came
	c := &conn{s: s, ws: ws, plain: ws.Subprotocol() == "", news: make(chan struct{}), done: make(chan struct{}), rooms: map[string]bool{}}
	if c.plain {
		c.rooms[protocol.GeneralRoom] = true
	}
	go c.read() // #nosec G118 -- it lives as long as its connection
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
	return c, response, nil
}

// plain connects as the 2019 sample's clients do.
func (s *Suite) plain(ctx context.Context) (*conn, error) {
	c, _, err := s.connect(ctx, dialing{})
	return c, err
}

// silent connects with the sub-protocol and says nothing yet.
func (s *Suite) silent(ctx context.Context) (*conn, error) {
	c, _, err := s.connect(ctx, dialing{subprotocols: []string{protocol.Subprotocol}})
	if err == nil && c.plain {
		err = want(ruleSubprotocol, "the sub-protocol to be confirmed").but("a handshake without it")
	}
	return c, err
}

// enter connects with the sub-protocol under a fresh name, and joins rooms.
func (s *Suite) enter(ctx context.Context, rooms ...string) (*conn, error) {
	return s.enterAs(ctx, action{"name": s.name()}, rooms...)
}

// enterAs is enter with a hello of the case's own.
func (s *Suite) enterAs(ctx context.Context, hello action, rooms ...string) (*conn, error) {
	c, err := s.silent(ctx)
	if err != nil {
		return nil, err
	}
	_, err = c.hello(ctx, hello, rooms...)
	return c, err
}

// crowd enters n persons into a room.
func (s *Suite) crowd(ctx context.Context, n int, room string) ([]*conn, error) {
	var all []*conn
	for range n {
		c, err := s.enter(ctx, room)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// close ends all connections and waits for what reads them.
func (s *Suite) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.ws.CloseNow()
		<-c.done
	}
}

// aside returns what the connections noticed whatever their case was about:
// events that no connection may get. Call it after close.
func (s *Suite) aside() error {
	for i, c := range s.conns {
		if c.aside != nil {
			return fmt.Errorf("on connection %d, whatever it asked: %w", i+1, c.aside)
		}
		for _, e := range c.got {
			for token, person := range s.owner {
				if person != c.me.ID && strings.Contains(string(e.raw), token) {
					return want(ruleSecret, "the session of %s to stay secret from others", person).but(e)
				}
			}
		}
	}
	return nil
}

// sentBack tells whether a connection was ended with the word to come back, and
// after how long. Call it after close.
func (s *Suite) sentBack() (after time.Duration, told bool) {
	for _, c := range s.conns {
		if websocket.CloseStatus(c.ended) == -1 {
			continue // by us, or without a close
		}
		for _, e := range c.got {
			if b, ok := e.body.(*protocol.Error); ok && b.ID == "" && b.Retry {
				after, told = max(after, time.Duration(b.After)*time.Millisecond), true
			}
		}
	}
	return after, told
}

// together runs f for each number below n, at once, and joins their errors.
func together(n int, f func(int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// sleep waits, or returns why not.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
