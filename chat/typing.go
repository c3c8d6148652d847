package chat

import (
	"context"
	"fmt"

	"parley/protocol"
)

// typing tells a small room that somebody is writing. In a large one it would
// be noise, and is dropped, as is what a muted person will not say.
func (t *turn) typing(ctx context.Context, a *protocol.Typing) error {
	if err := t.inRoom(ctx, a.Room); err != nil {
		return err
	}
	p, err := t.person(ctx)
	if err != nil {
		return err
	}
	if p.Name == "" {
		return protocol.Errorf(protocol.NameFirst, "Take a name first.")
	}
	b, err := t.chat.book(ctx)
	if err != nil {
		return err
	}
	if _, muted := b.muted(a.Room, p.ID); muted && rank(b.role(p.ID)) == 0 {
		return nil
	}
	_, count, err := t.chat.Members.Present(ctx, a.Room, 0)
	if err != nil {
		return fmt.Errorf("who is in room %q: %w", a.Room, err)
	}
	if count > protocol.MaxTypingPeople {
		return nil
	}
	event := protocol.Encode(&protocol.SomebodyTypes{Type: "typing", Room: a.Room, Person: p.ID, Name: p.Name})
	return t.chat.deliver(ctx, a.Room, &delivery{event: event, audience: WithProtocol, except: t.conn.ID})
}
