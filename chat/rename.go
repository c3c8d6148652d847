package chat

import (
	"context"
	"fmt"

	"parley/protocol"
)

// rename gives the connection's person a name, the first or another one, and
// tells its rooms.
func (t *turn) rename(ctx context.Context, a *protocol.Rename) error {
	if t.conn.Person == "" { // a plain connection that has not spoken yet
		if err := t.introduceAs(ctx, a.Name); err != nil {
			return err
		}
	}
	before, err := t.person(ctx)
	if err != nil {
		return err
	}
	after, err := t.chat.name(ctx, before, a.Name)
	if err != nil {
		return err
	}
	t.known = &after
	if !t.conn.Stored {
		t.conn.Stored = true
		if err := t.keep(ctx); err != nil {
			return err
		}
	}
	renamed := protocol.Renamed{Type: "renamed", Person: after.ID, From: before.Name, To: after.Name}
	frame := protocol.Encode(&renamed)
	renamed.ID = a.ID
	t.answer(&renamed)
	if before.Name == "" {
		return t.appear(ctx, after)
	}
	if before.Name == after.Name {
		return nil
	}
	for _, room := range t.conn.Rooms {
		if err := t.chat.deliver(ctx, room, &delivery{event: frame, audience: WithProtocol, except: t.conn.ID}); err != nil {
			return fmt.Errorf("tell of a new name: %w", err)
		}
	}
	return nil
}

// introduceAs makes a plain connection somebody, whose name rename then takes.
func (t *turn) introduceAs(ctx context.Context, name string) error {
	if _, err := NormalizeName(name); err != nil {
		return err
	}
	id, err := t.chat.newPersonID()
	if err != nil {
		return err
	}
	t.conn.Person = id
	t.known = &Person{ID: id, Holder: t.conn.ID}
	return nil
}

// appear tells the connection's rooms that somebody with a name is there.
func (t *turn) appear(ctx context.Context, p Person) error {
	for _, room := range t.conn.Rooms {
		first, err := t.chat.Members.Join(ctx, room, Member{Connection: t.conn.ID, Person: p.ID, Plain: t.conn.Plain})
		if err != nil {
			return fmt.Errorf("join room %q: %w", room, err)
		}
		if first {
			t.chat.tellJoined(ctx, room, p)
		}
	}
	return nil
}
