package chat

import (
	"context"
	"errors"
	"fmt"

	"parley/protocol"
)

// rename gives the connection's person a name, the first or another one, and
// tells its rooms.
func (t *turn) rename(ctx context.Context, a *protocol.Rename) error {
	before, err := t.person(ctx)
	if err != nil {
		return err
	}
	if before.ID == "" { // a plain connection that has not spoken yet
		if before.ID, err = t.chat.newPersonID(); err != nil {
			return err
		}
	}
	if !t.conn.Plain {
		before.Holder = "" // it knows its session, which holds the name from now on
	}
	if err := t.mayBeHeard(ctx, before); err != nil {
		return err
	}
	if err := t.chat.limiter.mayName(before.ID, t.chat.now()); err != nil {
		return err
	}
	after, err := t.chat.name(ctx, before, a.Name)
	if err != nil {
		return err
	}
	t.chat.limiter.named(after.ID, t.chat.now())
	if t.known = &after; !t.conn.Stored {
		if err := t.become(ctx, after); err != nil {
			return err
		}
	}
	renamed := protocol.Renamed{Type: "renamed", Person: after.ID, From: before.Name, To: after.Name}
	frame := protocol.Encode(&renamed)
	renamed.ID = a.ID
	t.answer(&renamed)
	// It has the name now. That a room cannot be told is no answer to it.
	if before.Name == "" {
		t.err = errors.Join(t.err, t.appear(ctx, after))
		return nil
	}
	if before.Name == after.Name {
		return nil
	}
	for _, room := range t.conn.Rooms {
		if err := t.chat.deliver(ctx, room, &delivery{event: frame, audience: WithProtocol, except: t.conn.ID}); err != nil {
			t.err = errors.Join(t.err, fmt.Errorf("tell of a new name: %w", err))
		}
	}
	return nil
}

// appear tells the connection's rooms that somebody with a name is there.
func (t *turn) appear(ctx context.Context, p Person) (errs error) {
	for _, room := range t.conn.Rooms {
		first, err := t.chat.Members.Join(ctx, room, Member{Connection: t.conn.ID, Person: p.ID, Plain: t.conn.Plain})
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("join room %q: %w", room, err))
		} else if first {
			t.chat.tellJoined(ctx, room, p, unknown)
		}
	}
	return errs
}

// mayBeHeard refuses another name to who is muted, in any room: forty characters
// are a message, too, and are told where the person next joins.
func (t *turn) mayBeHeard(ctx context.Context, p Person) error {
	return t.chat.decide(ctx, func(b rulebook) error {
		if p.Name == "" || rank(b.role(p.ID)) > 0 {
			return nil
		}
		for key, r := range b.rules {
			if key.kind == RuleMute && key.subject == p.ID && !r.ended(b.now) {
				return silenced(r, b.now)
			}
		}
		return nil
	})
}
