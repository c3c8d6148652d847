package conform

import (
	"context"
	"fmt"

	"parley/protocol"
)

func messageCases() []Case {
	return []Case{
		{"message/copies", "People would not see what is said, or by whom.", nil, messageCopies},
		{"message/from", "Anybody could speak in anybody's name.", nil, messageFrom},
		{"message/four speakers", "Messages would get lost, or stand in another order for everybody.", nil, messageSpeakers},
		{"message/same id again", "What is sent again after a lost connection would be there twice.", nil, messageAgain},
		{"message/same id at once", "What two tabs send again at once would be there twice.", nil, messageAtOnce},
		{"message/same id elsewhere", "Somebody else's message would swallow one's own.", nil, messageElsewhere},
		{"message/without id", "Saying the same twice on purpose would be impossible.", nil, messageWithoutID},
	}
}

// messageCopies has a person on two connections, another one, and a plain one in general.
func messageCopies(ctx context.Context, s *Suite) error {
	room := s.room()
	ada, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	tab, err := s.enterAs(ctx, action{"session": ada.session}, room)
	if err != nil {
		return err
	}
	other, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	for seq := uint64(1); seq <= 12; seq++ {
		m, err := ada.say(ctx, room, s.text())
		if err != nil {
			return err
		}
		if m.Seq != seq || m.From != ada.me.Name {
			return want(ruleSequence, "message %d of a room that is new, from %q", seq, ada.me.Name).but(m)
		}
		for _, c := range []*conn{tab, other} {
			if err := c.hears(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func messageFrom(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	ada, other := people[0], people[1]
	for _, from := range []string{other.me.Name, s.name(), "", "\u202e"} {
		m, err := ada.sayAs(ctx, action{"room": room, "from": from, "text": s.text()})
		if err != nil {
			return err
		}
		if m.From != ada.me.Name || m.Person != ada.me.ID {
			return want(ruleFrom, "a message from %q, whatever from says", ada.me.Name).but(m)
		}
		if err := other.hears(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// messageSpeakers has four persons say 25 things each, at once.
func messageSpeakers(ctx context.Context, s *Suite) error {
	const speakers, each = 4, 25
	room := s.room()
	people, err := s.crowd(ctx, speakers, room)
	if err != nil {
		return err
	}
	said := make([][]*protocol.Said, speakers)
	if err := together(speakers, func(i int) error {
		for n := range each {
			m, err := people[i].say(ctx, room, fmt.Sprintf("%d of speaker %d", n+1, i+1))
			if err != nil {
				return err
			}
			if m.From != people[i].me.Name {
				return want(ruleFrom, "a message from %q", people[i].me.Name).but(m)
			}
			if n > 0 && m.Seq <= said[i][n-1].Seq {
				return want(ruleInOrder, "a sequence above %d, that of the message before", said[i][n-1].Seq).but(m)
			}
			said[i] = append(said[i], m)
		}
		return nil
	}); err != nil {
		return err
	}
	bySequence := map[uint64]*protocol.Said{}
	for _, mine := range said {
		for _, m := range mine {
			bySequence[m.Seq] = m
		}
	}
	for seq := uint64(1); seq <= speakers*each; seq++ {
		m := bySequence[seq]
		if m == nil {
			return want(ruleSequence, "the %d messages of a new room to have the sequences from 1 on; %d is missing", speakers*each, seq).but(said)
		}
		for _, c := range people {
			if err := c.hears(ctx, m); err != nil {
				return err
			}
		}
	}
	log, err := people[0].log(ctx, room)
	if err == nil && len(log) != speakers*each {
		err = want(ruleOnce, "%d entries", speakers*each).but(log)
	}
	return err
}

func messageAgain(ctx context.Context, s *Suite) error {
	room, id := s.room(), word(12)
	ada, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	other, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	first, err := ada.sayAs(ctx, action{"room": room, "text": s.text(), "id": id})
	if err != nil {
		return err
	}
	if _, err := other.say(ctx, room, s.text()); err != nil { // so that the next one would be 3
		return err
	}
	again, err := s.enterAs(ctx, action{"session": ada.session}, room)
	if err != nil {
		return err
	}
	for _, c := range []*conn{ada, again} {
		m, err := c.sayAs(ctx, action{"room": room, "text": first.Text, "id": id})
		if err != nil {
			return err
		}
		if *m != *first {
			return want(ruleOnce, "the first entry again: %s", show(first)).but(m)
		}
	}
	return onlyEntries(ctx, other, room, 2)
}

// messageAtOnce sends one message from two connections of one person at the
// same time, a few times over: whichever is first, there is one entry.
func messageAtOnce(ctx context.Context, s *Suite) error {
	const times = 6
	room := s.room()
	ada, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	tab, err := s.enterAs(ctx, action{"session": ada.session}, room)
	if err != nil {
		return err
	}
	for range times {
		id, text := word(12), s.text()
		var got [2]*protocol.Said
		if err := together(2, func(i int) (err error) {
			got[i], err = []*conn{ada, tab}[i].sayAs(ctx, action{"room": room, "text": text, "id": id})
			return err
		}); err != nil {
			return err
		}
		if *got[0] != *got[1] {
			return want(ruleOnce, "one entry for both connections: %s", show(got[0])).but(got[1])
		}
	}
	return onlyEntries(ctx, tab, room, times)
}

// messageElsewhere uses one id in two rooms and by two persons: three messages.
func messageElsewhere(ctx context.Context, s *Suite) error {
	one, two, id := s.room(), s.room(), word(12)
	people, err := s.crowd(ctx, 2, one)
	if err != nil {
		return err
	}
	if _, err := people[0].join(ctx, two, nil); err != nil {
		return err
	}
	for _, m := range []struct {
		who  *conn
		room string
		seq  uint64
	}{{people[0], one, 1}, {people[0], two, 1}, {people[1], one, 2}} {
		got, err := m.who.sayAs(ctx, action{"room": m.room, "text": s.text(), "id": id})
		if err != nil {
			return err
		}
		if got.Seq != m.seq {
			return want(ruleYours, "message %d of room %q: an id is one person's, in one room", m.seq, m.room).but(got)
		}
	}
	return onlyEntries(ctx, people[1], one, 2)
}

func messageWithoutID(ctx context.Context, s *Suite) error {
	room, text := s.room(), s.text()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	for seq := uint64(1); seq <= 2; seq++ {
		if err := c.send(ctx, action{"type": "message", "room": room, "text": text}); err != nil {
			return err
		}
		x := want(ruleSafeID, "message %d of the room, without an id", seq)
		if _, err := await(ctx, c, x, 0, func(m *protocol.Said) bool { return m.Seq == seq && m.Text == text && m.ID == "" }); err != nil {
			return err
		}
	}
	return onlyEntries(ctx, c, room, 2)
}

// onlyEntries checks that a room's log has so many messages and no more.
func onlyEntries(ctx context.Context, c *conn, room string, n int) error {
	log, err := c.log(ctx, room)
	if err == nil && len(log) != n {
		err = want(ruleOnce, "%d entries in room %q", n, room).but(log)
	}
	return err
}
