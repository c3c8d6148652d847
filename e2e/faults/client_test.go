//go:build linux

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// client keeps to one room as design asks of all clients: it resumes where it
// was, has at most one unacknowledged message, and sends that one again under
// its id after whatever befell it. It checks what it gets as it comes.
type client struct {
	load    *load
	name    string
	room    string
	socket  atomic.Value  // string: where to connect, perhaps a proxy
	speaks  bool          // says one message after the other
	pause   time.Duration // before each
	ordered bool          // the home promises that live messages come in sequence
	more    int           // bytes of text, besides the least
	changes bool          // it also edits and deletes what it said
	hasty   bool          // it says what is pending again before it has read whether that was stored

	session  string
	epoch    string
	said     int
	pending  string        // the id that waits for its acknowledgement
	own      []uint64      // what it said of late and may change, by sequence
	position atomic.Uint64 // the last sequence it has; all before it, too
	settled  atomic.Bool   // it wants to say nothing more, and nothing is pending
	present  atomic.Pointer[connection]
}

// think is the id of what the client says next.
func (c *client) think() string {
	c.said++
	id := fmt.Sprintf("%s-%d", c.name, c.said)
	if n := len(c.own); c.changes && n > 0 {
		switch rand.IntN(10) {
		case 0:
			id += fmt.Sprint(" delete ", c.own[0])
			c.own = c.own[1:]
			return id
		case 1, 2:
			return id + fmt.Sprint(" edit ", c.own[rand.IntN(n)])
		}
	}
	if c.more > 0 {
		id += fmt.Sprint("+", c.more)
	}
	return id
}

// mayChange notes what the client has said.
func (c *client) mayChange(e entry) {
	const most = 8
	if e.Kind == "message" {
		c.own = append(c.own, e.Seq)
		c.own = c.own[max(0, len(c.own)-most):]
	}
}

// live connects again and again until ctx ends.
func (c *client) live(ctx context.Context) {
	for connected := false; ctx.Err() == nil; {
		s := &sitting{client: c}
		ws, err := dial(ctx, c.socket.Load().(string))
		if err == nil {
			if connected {
				c.load.ledger.reconnects.Add(1)
			}
			connected = true
			s.connection = ws
			c.present.Store(ws)
			s.hold(ctx)
			ws.ws.CloseNow()
		}
		if ctx.Err() == nil {
			sleep(ctx, s.after+time.Duration(2+rand.IntN(20))*time.Millisecond)
		}
	}
}

// cut ends the present connection as a tunnel does; the client knows no reason.
func (c *client) cut() {
	if present := c.present.Load(); present != nil {
		present.ws.CloseNow()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
