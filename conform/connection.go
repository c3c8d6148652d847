package conform

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// conn is a connection that keeps all that comes. It never waits for the next
// event, only for one that is right: order is not promised.
type conn struct {
	s     *Suite
	ws    *websocket.Conn
	plain bool

	me      protocol.Person // once welcome came
	session string

	mu    sync.Mutex
	got   []event
	news  chan struct{}   // closed and replaced when got or ended changes
	ended error           // why nothing more comes
	rooms map[string]bool // it ever asked to be in
	spoke bool            // an action was sent
	aside error           // the first event that no connection may get

	done chan struct{} // closed when read returned
}

// read gathers what comes until the connection ends.
func (c *conn) read() {
	defer close(c.done)
	for {
		kind, frame, err := c.ws.Read(context.Background()) // ends by Suite.close
		c.mu.Lock()
		if err != nil {
			c.ended = err
		} else {
			e, err := decode(kind, frame)
			if err == nil {
				err = c.allowed(e)
			}
			if c.aside == nil {
				c.aside = err
			}
			c.got = append(c.got, e)
		}
		close(c.news)
		c.news = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// allowed tells whether an event may come to this connection at all.
func (c *conn) allowed(e event) error {
	if !c.spoke && !c.plain {
		return want(ruleSpeakFirst, "nothing before the first action").but(e)
	}
	if room := roomOf(e); room != "" && !c.rooms[room] {
		return want(ruleNotInRoom, "nothing of room %q, which this connection never joined", room).but(e)
	}
	if c.plain && e.id == "" {
		switch e.kind {
		case "message", "error", "notice":
		default:
			return want(rulePlain, "no %s on a plain connection that did not ask for it", e.kind).but(e)
		}
	}
	return c.s.ledger.check(e)
}

// mark returns a place in what came: await looks behind it.
func (c *conn) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.got)
}

// since returns what came behind a mark.
func (c *conn) since(mark int) []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[mark:len(c.got):len(c.got)]
}

// find waits until an event behind the mark is right, whatever comes before it.
func (c *conn) find(ctx context.Context, x expectation, mark int, right func(event) bool) (event, error) {
	late := time.NewTimer(c.s.target.Patience)
	defer late.Stop()
	for next := mark; ; {
		c.mu.Lock()
		got, news, ended := c.got, c.news, c.ended
		c.mu.Unlock()
		for ; next < len(got); next++ {
			if right(got[next]) {
				return got[next], nil
			}
		}
		if ended != nil {
			return event{}, x.but(fmt.Sprintf("the connection ended: %v; before that came %s", ended, show(got[mark:])))
		}
		select {
		case <-news:
		case <-late.C:
			return event{}, x.but(fmt.Sprintf("not within %s; there came %s", c.s.target.Patience, show(got[mark:])))
		case <-ctx.Done():
			return event{}, x.but(fmt.Sprintf("%v; there came %s", context.Cause(ctx), show(got[mark:])))
		}
	}
}

// await waits for an event of one type behind the mark that is right.
func await[T any](ctx context.Context, c *conn, x expectation, mark int, right func(*T) bool) (*T, error) {
	e, err := c.find(ctx, x, mark, func(e event) bool {
		b, ok := e.body.(*T)
		return ok && right(b)
	})
	if err != nil {
		return nil, err
	}
	return e.body.(*T), nil
}

// send sends one action.
func (c *conn) send(ctx context.Context, a action) error { return c.sendText(ctx, string(encode(a))) }

// sendText sends one text message, whatever is in it.
func (c *conn) sendText(ctx context.Context, frame string) error {
	c.mu.Lock()
	c.spoke = true
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.s.target.Patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return fmt.Errorf("send %s: %w (%v)", shorten(frame), err, c.ended)
	}
	return nil
}

// intend notes rooms that the connection is about to ask for.
func (c *conn) intend(rooms ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rooms {
		c.rooms[r] = true
	}
}

// closing waits until the server has closed the connection, and returns the
// code; 0 for an end without one.
func (c *conn) closing(ctx context.Context, x expectation) (websocket.StatusCode, error) {
	select {
	case <-c.done:
		var closed websocket.CloseError
		if errors.As(c.ended, &closed) {
			return closed.Code, nil
		}
		return 0, nil
	case <-time.After(c.s.target.Patience):
		return 0, x.but("it was still open after " + c.s.target.Patience.String())
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
