//go:build linux

package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// entry is an entry of a room's log as it comes over the wire, live or in a page.
type entry struct {
	Kind          string // message, edit, delete
	Seq           uint64
	ID, Text      string
	At            int64
	Target        uint64 // of edit and delete
	Edited        uint64 // of a message in a page: the edit that gave it its text
	Deleted, Lost bool   // of a message in a page
}

// event has those fields of all events that the harness looks at.
type event struct {
	Type, ID, Code, Message, Room, Epoch, Person, Text, Session, Suggestion string

	Seq, Target, Edited, Head, Floor, After uint64
	At                                      int64
	Retry, Complete, More, Deleted          bool
	Messages                                []protocol.Item
	Changes                                 []protocol.Change
	You                                     protocol.You
	Count                                   int

	from, to uint64                  // of a page
	rooms    []protocol.RoomPosition // of pong
	left     []protocol.Person       // of presence
	raw      string
}

// UnmarshalJSON reads an event. What one name means in several is read only
// where the type tells which.
func (e *event) UnmarshalJSON(text []byte) error {
	type plain event
	var all struct {
		*plain
		From, To, Rooms, Left json.RawMessage
	}
	all.plain = (*plain)(e)
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	e.raw = string(text)
	switch e.Type {
	case "joined", "history":
		return errors.Join(json.Unmarshal(all.From, &e.from), json.Unmarshal(all.To, &e.to))
	case "pong":
		return json.Unmarshal(all.Rooms, &e.rooms)
	case "presence":
		if all.Left != nil {
			return json.Unmarshal(all.Left, &e.left)
		}
	}
	return nil
}

// entry is what a live event says.
func (e event) entry() entry {
	return entry{Kind: e.Type, Seq: e.Seq, ID: e.ID, Text: e.Text, At: e.At, Target: e.Target, Edited: e.Edited, Deleted: e.Deleted}
}

// entries are those of a page, in sequence.
func (e event) entries() []entry {
	all := make([]entry, 0, len(e.Messages)+len(e.Changes))
	for _, m := range e.Messages {
		all = append(all, entry{Kind: "message", Seq: m.Seq, ID: m.ID, Text: m.Text, At: m.At, Edited: m.Edited, Deleted: m.Deleted, Lost: m.Lost})
	}
	for _, c := range e.Changes {
		all = append(all, entry{Kind: c.Type, Seq: c.Seq, ID: c.ID, Text: c.Text, At: c.At, Target: c.Target})
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// connection is a WebSocket that shows what comes, and does nothing by itself.
type connection struct{ ws *websocket.Conn }

// patience is how long an answer may take on a busy machine.
const patience = 20 * time.Second

func dial(ctx context.Context, socket string) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, patience/2)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, socket, &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("%s: %w", response.Status, err)
		}
		return nil, err
	}
	ws.SetReadLimit(1 << 20)
	return &connection{ws}, nil
}

func (c *connection) send(ctx context.Context, action any) error {
	frame, err := json.Marshal(action)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience/2)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, frame)
}

func (c *connection) read(ctx context.Context) (event, error) {
	_, text, err := c.ws.Read(ctx)
	if err != nil {
		return event{}, err
	}
	var e event
	if err := json.Unmarshal(text, &e); err != nil {
		return event{}, fmt.Errorf("%s: %w", text, err)
	}
	return e, nil
}

// next returns the next event of one of the types.
func (c *connection) next(ctx context.Context, types ...string) (event, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		e, err := c.read(ctx)
		if err != nil {
			return e, fmt.Errorf("waiting for %q: %w", types, err)
		}
		for _, kind := range types {
			if e.Type == kind {
				return e, nil
			}
		}
	}
}

// object is an action, to be encoded.
type object map[string]any

// history returns all that is stored in a room, by a connection of its own.
func history(ctx context.Context, socket, room string) (epoch string, stored []entry, err error) {
	c, err := dial(ctx, socket)
	if err != nil {
		return "", nil, err
	}
	defer c.ws.CloseNow()
	if err := c.send(ctx, object{"type": "hello", "rooms": []object{{"room": room}}}); err != nil {
		return "", nil, err
	}
	joined, err := c.next(ctx, "joined", "error")
	if err != nil || joined.Type == "error" {
		return "", nil, fmt.Errorf("join %s: %s: %w", room, joined.raw, err)
	}
	for to, more := uint64(0), true; more; {
		if err := c.send(ctx, object{"type": "history", "room": room, "after": to, "limit": protocol.MaxHistory}); err != nil {
			return "", nil, err
		}
		e, err := c.next(ctx, "history", "error")
		if err != nil {
			return "", nil, err
		}
		if e.Type == "error" || !e.Complete || e.from != to+1 || e.More && e.to <= to {
			return "", nil, fmt.Errorf("history of %s after %d was answered by %.300s", room, to, e.raw)
		}
		stored, to, more = append(stored, e.entries()...), e.to, e.More
	}
	if uint64(len(stored)) < joined.Head {
		return "", nil, fmt.Errorf("history of %s has %d entries, its head is %d", room, len(stored), joined.Head)
	}
	return joined.Epoch, stored, nil
}
