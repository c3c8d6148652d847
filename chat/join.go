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
	first, err := t.enter(ctx, pos.Room, p)
	if err != nil {
		return err
	}
	if err := t.mayStay(ctx, pos.Room); err != nil {
		return err
	}
	ids, count, err := t.chat.Members.Present(ctx, pos.Room, protocol.MaxPeople)
	if err != nil {
		return fmt.Errorf("who is in room %q: %w", pos.Room, err)
	}
	if first {
		t.chat.tellJoined(ctx, pos.Room, p, count)
	}
	page, err := t.chat.since(ctx, pos)
	if err != nil {
		return err
	}
	page.Type, page.ID = "joined", id
	joined := &protocol.Joined{Page: page.Page, People: []protocol.Person{}, Count: count}
	if joined.Rules, err = t.chat.roomRules(ctx, pos.Room, p.ID); err != nil {
		return err
	}
	frame, arrays := protocol.Encode(joined), page.arrays()
	left := protocol.MaxFrameBytes - len(frame)
	for _, a := range arrays {
		left -= a.Bytes()
	}
	people, err := t.chat.listPeople(ctx, ids, left)
	if err != nil {
		return fmt.Errorf("names in room %q: %w", pos.Room, err)
	}
	arrays = append(arrays, protocol.Array{Name: "people", Elements: people})
	t.answers = append(t.answers, protocol.Fill(frame, arrays...))
	return nil
}

// enter makes the connection a member of a room. Where that fails it is as if
// it had not been tried, so that it can be tried again. One that is noted to be
// there is made a member all the same: who noted it may have died before that.
// first tells that its person, who has a name, was not there before.
func (t *turn) enter(ctx context.Context, room string, p Person) (first bool, err error) {
	m := Member{Connection: t.conn.ID, Plain: t.conn.Plain}
	if p.Name != "" {
		m.Person = p.ID
	}
	again := slices.Contains(t.conn.Rooms, room) && !slices.Contains(t.noted, room)
	if !slices.Contains(t.conn.Rooms, room) {
		err = t.change(ctx, func(conn *Connection) error {
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
			return false, err
		}
	}
	t.noted = slices.DeleteFunc(t.noted, func(n string) bool { return n == room })
	if first, err = t.chat.Members.Join(ctx, room, m); err != nil {
		err = fmt.Errorf("join room %q: %w", room, err)
		if !again {
			err = errors.Join(err, t.exit(ctx, room))
		}
		return false, err
	}
	return first && m.Person != "" && !again, nil
}

// exit takes a room from those that the connection is noted to be in.
func (t *turn) exit(ctx context.Context, room string) error {
	return t.change(ctx, func(conn *Connection) error {
		conn.Rooms = slices.DeleteFunc(conn.Rooms, func(r string) bool { return r == room })
		return nil
	})
}

// listPeople returns persons by name, encoded, as many as fit into so many bytes.
func (c *Chat) listPeople(ctx context.Context, ids []PersonID, bytes int) (list [][]byte, err error) {
	people, err := c.People.Persons(ctx, ids...)
	if err != nil {
		return nil, err
	}
	shown := make([]protocol.Person, len(people)) // smaller ones to sort
	for i, p := range people {
		shown[i] = asOthersSee(p)
	}
	slices.SortFunc(shown, func(a, b protocol.Person) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range shown {
		encoded := protocol.Encode(&p)
		if bytes -= len(encoded) + 1; bytes < 0 {
			break
		}
		list = append(list, encoded)
	}
	return list, nil
}
