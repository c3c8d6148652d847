package conform

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
)

// proxy stands between the suite and a server, and makes one that is wrong out
// of one that is right. Its zero value changes nothing.
type proxy struct {
	confirm func(offered []string, confirmed string) string // the sub-protocol
	origin  func(string) string
	greet   func(*link)
	action  func(*link, string) []string // what goes to the server for a frame of the client
	event   func(*link, string) []string // what goes to the client for a frame of the server
	binary  bool                         // events go out as binary messages
	code    func(websocket.StatusCode) websocket.StatusCode

	jitter time.Duration // each frame takes up to so long, on its own, in both directions

	upstream Target
	own      string // origin
	ctx      context.Context
	running  sync.WaitGroup

	mu    sync.Mutex
	links []*link
	known map[string]string // for the mutations, under mu
}

// link is one connection through the proxy.
type link struct {
	*proxy
	number         int
	client, server *websocket.Conn
	count          map[string]int // for the mutations; one goroutine for each direction has keys of its own
	late           sync.WaitGroup // frames under way
}

// start makes the proxy a target of its own, until the test ends.
func (p *proxy) start(t *testing.T, upstream Target) Target {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(p)
	p.upstream, p.ctx, p.links, p.known = upstream, ctx, nil, map[string]string{}
	p.own = server.URL
	t.Cleanup(func() {
		cancel()
		server.Close()
		p.running.Wait()
	})
	target := upstream
	target.WebSocket, target.Origin = "ws"+strings.TrimPrefix(server.URL, "http")+"/socket", server.URL
	return target
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.running.Add(1)
	defer p.running.Done()
	var offered []string
	for s := range strings.SplitSeq(r.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if s = strings.TrimSpace(s); s != "" {
			offered = append(offered, s)
		}
	}
	header, origin := http.Header{}, r.Header.Get("Origin")
	if p.origin != nil {
		origin = p.origin(origin)
	}
	if origin == p.own {
		origin = p.upstream.Origin
	}
	if origin != "" {
		header.Set("Origin", origin)
	}
	server, response, err := websocket.Dial(p.ctx, p.upstream.WebSocket, &websocket.DialOptions{Subprotocols: offered, HTTPHeader: header})
	if err != nil {
		status := http.StatusBadGateway
		if response != nil {
			status = response.StatusCode
		}
		http.Error(w, err.Error(), status)
		return
	}
	defer server.CloseNow()
	confirmed := server.Subprotocol()
	if p.confirm != nil {
		confirmed = p.confirm(offered, confirmed)
	}
	o := &websocket.AcceptOptions{InsecureSkipVerify: true}
	if confirmed != "" {
		o.Subprotocols = []string{confirmed}
	}
	client, err := websocket.Accept(w, r, o)
	if err != nil {
		return
	}
	defer client.CloseNow()
	client.SetReadLimit(1 << 20)
	server.SetReadLimit(1 << 20)
	l := &link{proxy: p, client: client, server: server, count: map[string]int{"actions": 0, "events": 0}}
	p.mu.Lock()
	p.links = append(p.links, l)
	l.number = len(p.links)
	p.mu.Unlock()
	if p.greet != nil {
		p.greet(l)
	}
	l.run()
}

// run passes on what comes until either side ends.
func (l *link) run() {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	var actions sync.WaitGroup
	actions.Go(func() {
		defer cancel()
		for {
			kind, frame, err := l.client.Read(ctx)
			if err != nil {
				return
			}
			if kind == websocket.MessageBinary {
				l.server.Write(ctx, kind, frame)
				continue
			}
			l.each(l.action, string(frame), func(f string) { l.server.Write(ctx, websocket.MessageText, []byte(f)) })
		}
	})
	for {
		_, frame, err := l.server.Read(ctx)
		if err != nil {
			l.late.Wait()
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				if l.code != nil {
					closed.Code = l.code(closed.Code)
				}
				l.client.Close(closed.Code, closed.Reason)
			}
			break
		}
		l.each(l.event, string(frame), l.tell)
	}
	if l.jitter == 0 || rand.N(4) > 0 { // with jitter, an end gets lost now and then
		cancel()
	}
	actions.Wait()
	l.late.Wait()
}

// each hands on what became of a frame.
func (l *link) each(change func(*link, string) []string, frame string, send func(string)) {
	frames := []string{frame}
	if change != nil {
		frames = change(l, frame)
	}
	for _, f := range frames {
		if l.jitter == 0 {
			send(f)
			continue
		}
		l.late.Go(func() {
			time.Sleep(rand.N(l.jitter))
			send(f)
		})
	}
}

// tell sends an event to the client.
func (l *link) tell(frame string) {
	kind := websocket.MessageText
	if l.binary {
		kind = websocket.MessageBinary
	}
	l.client.Write(l.ctx, kind, []byte(frame))
}

// others are the other links that are there.
func (l *link) others() []*link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.links), func(o *link) bool { return o == l })
}

// swap returns what was kept under a key, and keeps something else.
func (l *link) swap(key, value string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.known[key]
	l.known[key] = value
	return was
}

// fields reads a frame; nil if it is no object.
func fields(frame string) action {
	var m action
	if json.Unmarshal([]byte(frame), &m) != nil {
		return nil
	}
	return m
}

// on changes frames of some types, and passes the others.
func on(types string, change func(l *link, m action) bool) func(*link, string) []string {
	return func(l *link, frame string) []string {
		m := fields(frame)
		kind, _ := m["type"].(string)
		if kind == "" || !slices.Contains(strings.Fields(types), kind) {
			return []string{frame}
		}
		if !change(l, m) {
			return nil
		}
		return []string{string(encode(m))}
	}
}

// A proxy that changes nothing changes no result.
func TestProxyThatChangesNothing(t *testing.T) {
	t.Parallel()
	holds(t, (&proxy{}).start(t, serve(t, "--rate-limits", "off")))
}

// What API Gateway does not promise is taken away: the order of events and of
// actions, that events come once, and the end of a connection.
func TestJitter(t *testing.T) {
	t.Parallel()
	upstream := serve(t, "--rate-limits", "off")
	upstream.Local = false
	upstream.AtOnce = 12 // they mostly sleep
	holds(t, (&proxy{
		jitter: 30 * time.Millisecond,
		event: func(l *link, frame string) []string {
			if rand.N(4) == 0 && strings.HasPrefix(frame, `{"type":"message"`) {
				return []string{frame, frame}
			}
			return []string{frame}
		},
	}).start(t, upstream))
}
