package conform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/protocol"
)

func roomCases() []Case {
	return []Case{
		{"room/join and leave", "People would hear rooms they are not in, or not those they are in.", nil, roomJoinLeave},
		{"room/isolation", "What is said in a room would be heard, read or answered from outside.", nil, roomIsolation},
		{"room/names", "Rooms in most of the world's languages could not be.", nil, roomNames},
		{"room/at most 32", "One connection could be in so many rooms that it costs all others.", nil, roomMany},
		{"room/list", "A room could not be found.", nil, roomList},
		{"ping/heads", "A tail lost while nobody spoke would never be noticed.", nil, pingHeads},
	}
}

// leave leaves a room.
func (c *conn) leave(ctx context.Context, room string) error {
	x := want(ruleLeft, "leave of room %q to be answered by left", room)
	l, err := ask[protocol.Left](ctx, c, x, action{"type": "leave", "room": room})
	if err == nil && l.Room != room {
		err = x.but(l)
	}
	return err
}

func roomJoinLeave(ctx context.Context, s *Suite) error {
	room := s.room()
	ada, err := s.enter(ctx)
	if err != nil {
		return err
	}
	j, err := ada.join(ctx, room, nil)
	if err != nil {
		return err
	}
	if j.Head != 0 || j.Floor != 0 || len(j.Messages) != 0 || !j.Complete || j.More {
		return want(ruleHead, "a room that nobody ever spoke in").but(j)
	}
	other, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	m, err := other.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	if err := ada.hears(ctx, m); err != nil {
		return err
	}
	for range 2 { // to leave a room that one is not in is done already
		if err := ada.leave(ctx, room); err != nil {
			return err
		}
	}
	mark := ada.mark()
	m, err = other.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	if _, err := refused(ctx, ada, want(ruleNotInRoom, "who left not to speak there"), protocol.NotInRoom, action{"type": "message", "room": room, "text": s.text()}); err != nil {
		return err
	}
	if err := ada.quiet(ctx); err != nil {
		return err
	}
	if err := ada.never(want(ruleLeft, "who left to hear nothing more"), mark, func(e event) bool {
		got, ok := e.body.(*protocol.Said)
		return ok && got.Seq == m.Seq && got.Room == room
	}); err != nil {
		return err
	}
	for range 2 { // and joining once more is answered like the first time
		j, err = ada.join(ctx, room, nil)
		if err != nil {
			return err
		}
		if j.Head != 2 || len(j.Messages) != 2 {
			return want(ruleJoined, "the two messages of the room").but(j)
		}
	}
	return nil
}

// roomIsolation has somebody outside try all that needs to be inside. What
// leaks besides, conn.allowed finds.
func roomIsolation(ctx context.Context, s *Suite) error {
	room := s.room()
	inside, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	outside, err := s.enter(ctx, s.room())
	if err != nil {
		return err
	}
	plain, err := s.plain(ctx)
	if err != nil {
		return err
	}
	m, err := inside[0].say(ctx, room, s.text())
	if err != nil {
		return err
	}
	x := want(ruleNotInRoom, "who is not in room %q to be refused", room)
	for _, c := range []*conn{outside, plain} {
		for _, a := range []action{
			{"type": "message", "room": room, "text": s.text(), "from": s.name()}, {"type": "history", "room": room}, {"type": "typing", "room": room},
		} {
			if _, err := refused(ctx, c, x, protocol.NotInRoom, a); err != nil {
				return err
			}
		}
		p, err := ask[protocol.Pong](ctx, c, want(rulePong, "ping to be answered by pong"), action{"type": "ping", "rooms": []action{{"room": room}}})
		if err != nil {
			return err
		}
		if len(p.Rooms) != 0 {
			return want(rulePong, "nothing about room %q, which the connection is not in", room).but(p)
		}
	}
	if err := inside[1].hears(ctx, m); err != nil {
		return err
	}
	if err := inside[0].leave(ctx, room); err != nil {
		return err
	}
	if err := outside.quiet(ctx); err != nil {
		return err
	}
	return onlyEntries(ctx, inside[1], room, 1)
}

func roomNames(ctx context.Context, s *Suite) error {
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	w := word(12)
	for _, room := range []string{
		"Straße & Café " + w, "会議室 " + w, "غرفة " + w, "☕ " + w, "<b>\"" + w + "\"<i>", "%2F..%00 " + w, "#" + w + "?a=b",
		w + strings.Repeat("語", protocol.MaxRoomRunes-len(w)),
	} {
		if _, err := c.join(ctx, room, nil); err != nil {
			return err
		}
		m, err := c.say(ctx, room, s.text())
		if err != nil {
			return err
		}
		if m.Seq != 1 {
			return want(ruleRoomName, "the first message of room %q", room).but(m)
		}
	}
	x := want(ruleRoomName, "a room of %d code points to be refused", protocol.MaxRoomRunes+1)
	_, err = refused(ctx, c, x, protocol.BadRoom, action{"type": "join", "room": w + strings.Repeat("語", protocol.MaxRoomRunes+1-len(w))})
	return err
}

func roomMany(ctx context.Context, s *Suite) error {
	var rooms []string
	for range protocol.MaxRooms {
		rooms = append(rooms, s.room())
	}
	c, err := s.enter(ctx, rooms...)
	if err != nil {
		return err
	}
	one := s.room()
	if _, err := refused(ctx, c, want(ruleMaxRooms, "room %d to be refused", protocol.MaxRooms+1), protocol.TooManyRooms, action{"type": "join", "room": one}); err != nil {
		return err
	}
	if err := c.leave(ctx, rooms[7]); err != nil {
		return err
	}
	_, err = c.join(ctx, one, nil)
	return err
}

// roomList asks until the room is listed: nothing says that this list is as
// fresh as the room itself.
func roomList(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	m, err := c.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	x := want(ruleRooms, "room %q with the head %d and one person", room, m.Seq)
	for until := time.Now().Add(s.target.Patience); ; {
		r, err := ask[protocol.Rooms](ctx, c, x, action{"type": "rooms"})
		if err != nil {
			return err
		}
		if len(r.Rooms) > protocol.MaxRoomsListed {
			return want(ruleRooms, "at most %d rooms", protocol.MaxRoomsListed).but(fmt.Sprintf("%d rooms", len(r.Rooms)))
		}
		if slices.Contains(r.Rooms, protocol.RoomInfo{Room: room, Head: m.Seq, Count: 1}) {
			return nil
		}
		if time.Now().After(until) {
			return x.but(r)
		}
		if err := sleep(ctx, settle); err != nil {
			return err
		}
	}
}

func pingHeads(ctx context.Context, s *Suite) error {
	one, two := s.room(), s.room()
	c, err := s.enter(ctx, one, two)
	if err != nil {
		return err
	}
	var last *protocol.Said
	for range 3 {
		if last, err = c.say(ctx, one, s.text()); err != nil {
			return err
		}
	}
	x := want(ruleLostTail, "the heads of the two rooms, %d and 0, and of no other", last.Seq)
	p, err := ask[protocol.Pong](ctx, c, x, action{"type": "ping", "rooms": []action{{"room": one, "epoch": "other", "after": 1}, {"room": s.room()}, {"room": two}}})
	if err != nil {
		return err
	}
	heads := map[string]uint64{}
	for _, r := range p.Rooms {
		heads[r.Room] = r.Head
	}
	if head, ok := heads[two]; len(p.Rooms) != 2 || heads[one] != last.Seq || !ok || head != 0 {
		return x.but(p)
	}
	p, err = ask[protocol.Pong](ctx, c, x, action{"type": "ping"})
	if err == nil && len(p.Rooms) != 0 {
		err = want(rulePong, "no rooms, since none were asked for").but(p)
	}
	return err
}
