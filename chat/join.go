package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley/protocol"
)

// join lets the connection into a room and answers with what it has missed
// since its position. The membership is written before the head is read, so
// nothing can fall between this page and the events that follow it.
func (t *turn) join(ctx context.Context, id string, pos protocol.Position) error {
	if err := t.mayEnter(ctx, pos.Room); err != nil {
		return err
	}
	p, err := t.person(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(t.conn.Rooms, pos.Room) {
		if err := t.enter(ctx, pos.Room, p); err != nil {
			return err
		}
	}
	page, err := t.chat.since(ctx, pos)
	if err != nil {
		return err
	}
	page.Type, page.ID = "joined", id
	book, err := t.chat.book(ctx)
	if err != nil {
		return err
	}
	joined := &protocol.Joined{Page: *page, People: []protocol.Person{}, Rules: book.roomRules(pos.Room, p.ID)}
	if err := t.chat.listPeople(ctx, joined); err != nil {
		return err
	}
	t.answer(joined)
	return nil
}

// enter makes the connection a member of a room. Where that fails it is as if
// it had not been tried, so that it can be tried again.
func (t *turn) enter(ctx context.Context, room string, p Person) error {
	m := Member{Connection: t.conn.ID, Plain: t.conn.Plain}
	if p.Name != "" {
		m.Person = p.ID
	}
	err := t.change(ctx, func(conn *Connection) error {
		if slices.Contains(conn.Rooms, room) {
			return nil
		}
		if len(conn.Rooms) >= protocol.MaxRooms {
			return protocol.Errorf(protocol.TooManyRooms, "One connection may be in %d rooms. Leave one first.", protocol.MaxRooms)
		}
		conn.Rooms = append(conn.Rooms, room)
		return nil
	})
	if err != nil {
		return err
	}
	first, err := t.chat.Members.Join(ctx, room, m)
	if err != nil {
		return errors.Join(fmt.Errorf("join room %q: %w", room, err), t.exit(ctx, room))
	}
	if first && m.Person != "" {
		t.chat.tellJoined(ctx, room, p)
	}
	return nil
}

// exit takes a room from those that the connection is noted to be in.
func (t *turn) exit(ctx context.Context, room string) error {
	return t.change(ctx, func(conn *Connection) error {
		conn.Rooms = slices.DeleteFunc(conn.Rooms, func(r string) bool { return r == room })
		return nil
	})
}

// listPeople adds who is in the room, as many as the frame still takes.
func (c *Chat) listPeople(ctx context.Context, j *protocol.Joined) error {
	ids, count, err := c.Members.Present(ctx, j.Room, protocol.MaxPeople)
	if err != nil {
		return fmt.Errorf("who is in room %q: %w", j.Room, err)
	}
	j.Count = count
	people, err := c.People.Persons(ctx, ids...)
	if err != nil {
		return fmt.Errorf("names in room %q: %w", j.Room, err)
	}
	slices.SortFunc(people, func(a, b Person) int { return strings.Compare(a.Name, b.Name) })
	left := protocol.MaxFrameBytes - len(protocol.Encode(j)) - 8 // 8: the count may grow by digits
	for _, p := range people {
		seen := asOthersSee(p)
		if left -= len(protocol.Encode(&seen)) + 1; left < 0 {
			break
		}
		j.People = append(j.People, seen)
	}
	return nil
}
