package runtimeapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Invoker has a function handle an event: *Function.
type Invoker interface {
	Invoke(ctx context.Context, event []byte) (answer []byte, err error)
}

// GatewayOptions are the routes, and what the events say of the API.
type GatewayOptions struct {
	OnConnect    Invoker // the integration of $connect; nil: the route is not there, and everybody may come
	OnDisconnect Invoker // of $disconnect; nil: nobody is told
	OnAction     Invoker // of $default; needed

	APIID      string        // default "a1b2c3d4e5"
	Stage      string        // default "live"
	DomainName string        // default {APIID}.execute-api.us-east-1.amazonaws.com
	Timeout    time.Duration // of an integration; default 29 s, the most that API Gateway gives one
}

// Gateway turns what happens to connections into API Gateway's events, and the functions' answers back. It is a handler
// of a gateway that holds the sockets; one that hands over each message by itself and at the same time as others, as API
// Gateway does.
type Gateway struct {
	options GatewayOptions
	now     func() time.Time
	newID   func() string

	mu    sync.Mutex
	peers map[string]peer // by connection
}

// NewGateway returns a Gateway.
func NewGateway(o GatewayOptions) *Gateway {
	o.APIID = cmp.Or(o.APIID, "a1b2c3d4e5")
	o.Stage = cmp.Or(o.Stage, "live")
	o.DomainName = cmp.Or(o.DomainName, o.APIID+".execute-api.us-east-1.amazonaws.com")
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
	o.Timeout = cmp.Or(o.Timeout, 29*time.Second)
	return &Gateway{options: o, now: time.Now, newID: newID, peers: map[string]peer{}}
}

// OnRequest is $connect. The handshake waits for it, and is refused with the status that the function answers; with 502
// when it fails, takes too long, or answers what is none. The client's going away does not end it: its $disconnect
// follows.
func (g *Gateway) OnRequest(ctx context.Context, id, address string, r *http.Request) (subprotocol string, err error) {
	p := g.newPeer(address, r.UserAgent())
	if g.options.OnConnect != nil {
		b, err := g.invoke(ctx, g.options.OnConnect, g.connectEvent(id, p, r))
		if err != nil {
			return "", err
		}
		a, err := readAnswer(b)
		if err != nil {
			return "", fmt.Errorf("$connect: %w", err)
		}
		if !a.accepts() {
			return "", refusedError(a.StatusCode)
		}
		subprotocol = a.subprotocol()
	}
	g.mu.Lock()
	g.peers[id] = p
	g.mu.Unlock()
	return subprotocol, nil
}

// OnAction is $default, once for each frame and all at once. A function's status reaches nobody, as on AWS; what fails
// is an error with a method Frame() []byte: what API Gateway sends the client then.
// https://repost.aws/questions/QUx45wrdOxR3WCqwNIJPOW-g
func (g *Gateway) OnAction(ctx context.Context, id string, frames ...[]byte) error {
	if len(frames) == 1 {
		return g.message(ctx, id, frames[0])
	}
	failures := make([]error, len(frames))
	var all sync.WaitGroup
	for i, frame := range frames {
		all.Go(func() { failures[i] = g.message(ctx, id, frame) })
	}
	all.Wait()
	return errors.Join(failures...)
}

func (g *Gateway) message(ctx context.Context, id string, frame []byte) error {
	e := g.messageEvent(id, g.peer(id), frame)
	b, err := g.invoke(ctx, g.options.OnAction, e)
	if err == nil {
		_, err = readAnswer(b)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded): // the integration's; a function over its own has failed
		return newFrameError(fmt.Errorf("$default: no answer after %v: %w", g.options.Timeout, err), endpointTimedOut, e.RequestContext)
	}
	return newFrameError(fmt.Errorf("$default: %w", err), internalServerError, e.RequestContext)
}

// OnEnd is $disconnect: after the close, at most once, and whatever comes of it.
func (g *Gateway) OnEnd(ctx context.Context, id string, code int, reason string) error {
	p := g.peer(id)
	time.AfterFunc(g.options.Timeout, func() { g.forget(id) }) // messages may still be on their way
	if g.options.OnDisconnect == nil {
		return nil
	}
	_, err := g.invoke(ctx, g.options.OnDisconnect, g.disconnectEvent(id, p, code, reason))
	return err
}

// OnConnect is OnRequest for a gateway that tells no more than this of a handshake.
func (g *Gateway) OnConnect(ctx context.Context, id string, h struct {
	Subprotocols []string
	Origin       string
	Address      string
	UserAgent    string
}) (subprotocol string, err error) {
	r := &http.Request{Header: http.Header{}, URL: &url.URL{}}
	for name, value := range map[string]string{
		"Origin": h.Origin, "User-Agent": h.UserAgent, "Sec-WebSocket-Protocol": strings.Join(h.Subprotocols, ", "),
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return g.OnRequest(ctx, id, h.Address, r)
}

// OnDisconnect is OnEnd for a gateway that does not tell how: as when TCP was lost.
func (g *Gateway) OnDisconnect(ctx context.Context, id string) error {
	return g.OnEnd(ctx, id, 1006, "")
}

func (g *Gateway) invoke(ctx context.Context, f Invoker, e *event) ([]byte, error) {
	b, err := e.encode()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeout)
	defer cancel()
	return f.Invoke(ctx, b)
}

func (g *Gateway) peer(id string) peer {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.peers[id]
}

func (g *Gateway) forget(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.peers, id)
}
