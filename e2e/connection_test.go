package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// patience is how long an answer may take on a busy machine.
const patience = 20 * time.Second

// event has the fields of all events that the tests look at.
type event struct {
	Type, ID, Code, Message, Room, Epoch, From, Person, Text, Session, Name, Suggestion string
	Seq, Head, Floor, To                                                                uint64
	After                                                                               int64
	Retry, Complete, More                                                               bool
	Messages                                                                            []protocol.Item
	You                                                                                 protocol.You
	raw                                                                                 string
}

// UnmarshalJSON reads an event. Only messages and pages have numbers in from
// and to; a renamed has names there.
func (e *event) UnmarshalJSON(text []byte) error {
	type plain event
	var all struct {
		*plain
		From, To json.RawMessage
		Rooms    json.RawMessage
	}
	all.plain = (*plain)(e)
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	json.Unmarshal(all.From, &e.From) // a number in pages: left empty
	json.Unmarshal(all.To, &e.To)     // a name in renamed: left 0
	e.raw = string(text)
	return nil
}

// connection is a raw client: it shows what comes, and does nothing by itself.
type connection struct {
	t  testing.TB
	ws *websocket.Conn
}

// dial connects. Without a sub-protocol the connection is plain.
func dial(ctx context.Context, t testing.TB, socket string, subprotocols ...string) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, socket, &websocket.DialOptions{Subprotocols: subprotocols})
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("%s: %w", response.Status, err)
		}
		return nil, err
	}
	ws.SetReadLimit(1 << 20)
	return &connection{t, ws}, nil
}

func connect(t testing.TB, p *program, subprotocols ...string) *connection {
	t.Helper()
	c, err := dial(t.Context(), t, p.socket, subprotocols...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.ws.CloseNow() })
	return c
}

// enter connects with the sub-protocol, under a name, in the general room.
func enter(t testing.TB, p *program, name string) *connection {
	t.Helper()
	c := connect(t, p, protocol.Subprotocol)
	c.send(map[string]any{"type": "hello", "id": "hello", "name": name, "rooms": []any{map[string]any{"room": "general"}}})
	if welcome := c.next("welcome", "error"); welcome.Type != "welcome" || welcome.You.Name != name {
		t.Fatalf("hello was answered by %s", welcome.raw)
	}
	c.next("joined")
	return c
}

func (c *connection) write(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, frame)
}

func (c *connection) send(action any) {
	c.t.Helper()
	frame, ok := action.(string)
	if !ok {
		encoded, err := json.Marshal(action)
		if err != nil {
			c.t.Fatal(err)
		}
		frame = string(encoded)
	}
	if err := c.write(c.t.Context(), []byte(frame)); err != nil {
		c.t.Fatalf("send %.200s: %v", frame, err)
	}
}

// read returns the next event of any type.
func (c *connection) read(ctx context.Context) (event, error) {
	kind, text, err := c.ws.Read(ctx)
	if err != nil {
		return event{}, err
	}
	if kind != websocket.MessageText {
		return event{}, errors.New("a binary message came")
	}
	var e event
	if err := json.Unmarshal(text, &e); err != nil {
		return event{}, fmt.Errorf("%s: %w", text, err)
	}
	return e, nil
}

// next returns the next event of one of the types, and passes over others.
func (c *connection) next(types ...string) event {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		e, err := c.read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for %q: %v", types, err)
		}
		for _, kind := range types {
			if e.Type == kind {
				return e
			}
		}
	}
}

// history returns all that was ever said in a room, by a new connection, and
// fails the test where sequences have holes.
func history(t testing.TB, p *program, room string) []protocol.Item {
	t.Helper()
	c := connect(t, p, protocol.Subprotocol)
	defer c.ws.CloseNow()
	c.send(map[string]any{"type": "hello", "rooms": []any{map[string]any{"room": room, "after": 0}}})
	var all []protocol.Item
	to := uint64(0)
	for e := c.next("joined"); ; e = c.next("history") {
		if e.More && e.To <= to {
			t.Fatalf("a page that ends at %d follows one that ended at %d: %.300s", e.To, to, e.raw)
		}
		to = e.To
		if !e.Complete {
			t.Fatalf("history of %s is not complete after %d messages: %.300s", room, len(all), e.raw)
		}
		all = append(all, e.Messages...)
		if !e.More {
			if uint64(len(all)) != e.Head {
				t.Fatalf("%d messages, but the head is %d", len(all), e.Head)
			}
			break
		}
		c.send(map[string]any{"type": "history", "room": room, "after": e.To, "limit": 100})
	}
	for i, m := range all {
		if m.Seq != uint64(i+1) {
			t.Fatalf("message %d has sequence %d", i+1, m.Seq)
		}
	}
	return all
}
