package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

var tooManyAdmitted = protocol.Errorf(protocol.TooMany, "One person may be in %d rooms by invitation.", protocol.MaxAdmitted)

func invitationNeeded(room string) *protocol.Error {
	return protocol.Errorf(protocol.InvitationNeeded, "The room %s is by invitation. Ask somebody who is in it for a link.", room)
}

// invited makes a room one by invitation, or one for all.
func (t *turn) invited(ctx context.Context, by Person, a *protocol.Invited) error {
	told, err := t.settle(ctx, Rule{Kind: RuleInvited, Room: a.Room, By: by.ID, ByName: by.Name}, "invited", !a.On)
	if err != nil {
		return err
	}
	if a.On {
		if err := t.chat.shut(ctx, a.Room); err != nil {
			return err
		}
	}
	t.tellAll(ctx, a.Room, t.answerRuling(a.ID, told))
	return nil
}

func isAdmitted(p Person, room string) bool { return slices.Contains(p.Admitted, room) }

// mayEnter returns invitation_needed where a room is by invitation and a person
// was not let in. Moderators may be everywhere.
func (b *rulebook) mayEnter(room string, p Person) error {
	if _, invited := b.rule(RuleInvited, room, ""); !invited || isAdmitted(p, room) || rank(b.role(p.ID)) > 0 {
		return nil
	}
	return invitationNeeded(room)
}

// open returns those of the rooms that a person may enter, as many as one
// connection may be in.
func (b *rulebook) open(rooms []string, p Person) (open []string) {
	for _, room := range rooms {
		if len(open) < protocol.MaxRooms && b.mayEnter(room, p) == nil {
			open = append(open, room)
		}
	}
	return open
}

// mayEnter is the same for the connection's person.
func (t *turn) mayEnter(ctx context.Context, room string) error {
	return t.chat.decide(ctx, func(b rulebook) error {
		if _, invited := b.rule(RuleInvited, room, ""); !invited { // nobody needs to be looked up
			return nil
		}
		p, err := t.person(ctx)
		if err != nil {
			return err
		}
		return b.mayEnter(room, p)
	})
}

// mayStay takes the connection out of a room again that it has just joined where
// it may not enter it any more: what made the room one by invitation meanwhile,
// or took the person's, did not find the connection there.
func (t *turn) mayStay(ctx context.Context, room string) error {
	b, err := t.chat.book(ctx)
	if err != nil {
		return err
	}
	if _, invited := b.rule(RuleInvited, room, ""); !invited {
		return nil
	}
	t.known = nil
	if err := t.mayEnter(ctx, room); isRefusal(err) {
		return errors.Join(err, t.leave(ctx, &protocol.Leave{Room: room}))
	} else if err != nil {
		return err
	}
	return nil
}

// inRoom returns not_in_room or invitation_needed where the connection has no
// part in what goes on in a room.
func (t *turn) inRoom(ctx context.Context, room string) error {
	if err := t.mayEnter(ctx, room); err != nil {
		return err
	}
	if !slices.Contains(t.conn.Rooms, room) {
		return protocol.Errorf(protocol.NotInRoom, "Join the room first.")
	}
	return nil
}

// isRefusal tells an error that is for the connection from one of a port.
func isRefusal(err error) bool {
	var e *protocol.Error
	return errors.As(err, &e)
}

// admit lets a person into a room by invitation. One that is not stored yet is
// from now on: it would be somebody else at its next hello.
func (c *Chat) admit(ctx context.Context, p Person, room string) (Person, error) {
	p, err := c.changePerson(ctx, p, func(p *Person) {
		if !isAdmitted(*p, room) {
			p.Admitted = append(slices.Clone(p.Admitted), room)
		}
		if p.Created == 0 {
			p.Created, p.Seen = c.millis(), c.millis()
		}
	})
	if err != nil {
		return p, fmt.Errorf("let a person into room %q: %w", room, err)
	}
	return p, nil
}

// expel takes from a person what it was let into.
func (c *Chat) expel(ctx context.Context, p Person) error {
	if len(p.Admitted) == 0 {
		return nil
	}
	if _, err := c.changePerson(ctx, p, func(p *Person) { p.Admitted = nil }); err != nil {
		return fmt.Errorf("take what a person was let into: %w", err)
	}
	return nil
}

// mostLetIn is how many of those present are let in when a room becomes one by
// invitation: each is a write.
const mostLetIn = 1000

// shut lets in who is in a room with a name while it becomes one by invitation.
// The others, who are nobody to be let in, are put out and told why.
func (c *Chat) shut(ctx context.Context, room string) error {
	ids, _, err := c.Members.Present(ctx, room, mostLetIn)
	if err != nil {
		return fmt.Errorf("who is in room %q: %w", room, err)
	}
	people, err := c.People.Persons(ctx, ids...)
	if err != nil {
		return fmt.Errorf("who is in room %q: %w", room, err)
	}
	b, err := c.book(ctx)
	if err != nil {
		return err
	}
	stays := map[PersonID]bool{}
	for _, p := range people {
		switch {
		case b.mayEnter(room, p) == nil:
		case len(p.Admitted) >= protocol.MaxAdmitted:
			continue
		default:
			if _, err := c.admit(ctx, p, room); err != nil {
				return err
			}
		}
		stays[p.ID] = true
	}
	var others []ConnectionID
	for page, err := range c.Members.InRoom(ctx, room, Everyone) {
		if err != nil {
			return fmt.Errorf("members of room %q: %w", room, err)
		}
		for _, id := range page {
			conn, err := c.Connections.Get(ctx, id)
			if err == nil && !stays[conn.Person] {
				others = append(others, id)
			} else if err != nil && !errors.Is(err, ErrNoConnection) {
				return fmt.Errorf("look up connection: %w", err)
			}
		}
	}
	for _, id := range others {
		if err := c.putOutOf(ctx, room, id, invitationNeeded(room)); err != nil {
			return err
		}
	}
	return nil
}

// putOutOf takes a connection out of a room and tells it why.
func (c *Chat) putOutOf(ctx context.Context, room string, id ConnectionID, why *protocol.Error) error {
	conn, err := c.Connections.Get(ctx, id)
	if errors.Is(err, ErrNoConnection) {
		return nil
	} else if err != nil {
		return fmt.Errorf("look up connection: %w", err)
	}
	t := &turn{chat: c, conn: conn}
	if err := t.leave(ctx, &protocol.Leave{Room: room}); err != nil && !errors.Is(err, ErrNoConnection) {
		return err
	}
	t.answer(why)
	t.flush(ctx)
	return t.err
}
