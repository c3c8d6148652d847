package conform

import (
	"context"

	"parley/protocol"
)

func helloCases() []Case {
	return []Case{
		{"hello/first", "A message could be said by nobody in particular.", nil, helloFirst},
		{"hello/welcome", "A client would not know who it is, nor what it may send.", nil, helloWelcome},
		{"hello/twice", "Who a connection is could change under way.", nil, helloTwice},
		{"hello/again with session", "Whoever reloads the page would become somebody else.", nil, helloAgain},
		{"hello/unknown session", "Who plants a session on somebody could later be that person.", nil, helloUnknown},
		{"hello/nameless", "Nobody could look before choosing a name.", nil, helloNameless},
	}
}

func helloFirst(ctx context.Context, s *Suite) error {
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	room := s.room()
	x := want(ruleHelloFirst, "an action before hello to be refused")
	for _, a := range []action{
		{"type": "message", "room": room, "text": s.text()}, {"type": "message", "text": s.text(), "from": s.name()},
		{"type": "join", "room": room}, {"type": "ping"}, {"type": "rooms"}, {"type": "rename", "name": s.name()},
	} {
		e, err := refused(ctx, c, x, protocol.HelloFirst, a)
		if err != nil {
			return err
		}
		if !e.Retry {
			return want(ruleHelloFirst, "hello_first to say that it may be sent again").but(e)
		}
	}
	if _, err := c.hello(ctx, action{"name": s.name()}); err != nil {
		return err
	}
	j, err := c.join(ctx, room, nil)
	if err == nil && j.Head != 0 {
		err = want(ruleWrong, "nothing of what was said before hello to be stored").but(j)
	}
	return err
}

func helloWelcome(ctx context.Context, s *Suite) error {
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	name, rooms := s.name(), []string{s.room(), s.room()}
	w, err := c.hello(ctx, action{"name": name}, rooms...)
	if err != nil {
		return err
	}
	x := want(ruleWelcome, "a person called %q with id, session, server and role", name)
	if w.You.Name != name || w.You.ID == "" || w.You.Role == "" || w.Server == "" || w.Session == "" || len(w.Session) > 128 {
		return x.but(w)
	}
	if w.Limits != protocol.CurrentLimits() {
		return want(ruleFrame, "the limits of this version: %s", show(protocol.CurrentLimits())).but(w)
	}
	if len(w.Rooms) != 2 || w.Rooms[0] != rooms[0] || w.Rooms[1] != rooms[1] {
		return want(ruleHelloRooms, "the rooms %q", rooms).but(w)
	}
	other, err := s.enter(ctx)
	if err == nil && (other.me.ID == c.me.ID || other.session == c.session) {
		err = want(ruleNewPerson, "another person with another session").but(other.me)
	}
	return err
}

func helloTwice(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	other, err := s.enter(ctx)
	if err != nil {
		return err
	}
	x := want(ruleHelloTwice, "a second hello to be refused")
	for _, a := range []action{{"type": "hello"}, {"type": "hello", "name": s.name()}, {"type": "hello", "session": other.session}} {
		if _, err := refused(ctx, c, x, protocol.HelloTwice, a); err != nil {
			return err
		}
	}
	m, err := c.say(ctx, room, s.text()) // and it must be the same person's
	if err == nil && m.From != c.me.Name {
		err = want(ruleHelloTwice, "to be %q still", c.me.Name).but(m)
	}
	return err
}

func helloAgain(ctx context.Context, s *Suite) error {
	room := s.room()
	first, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	first.ws.CloseNow()
	// The name wished for now does not matter: the session has one.
	for _, a := range []action{{"session": first.session}, {"session": first.session, "name": s.name()}} {
		c, err := s.enterAs(ctx, a, room)
		if err != nil {
			return err
		}
		if c.me != first.me || c.session != first.session {
			return want(ruleSession, "to be %s again, under the same session", show(first.me)).but(c.me)
		}
		m, err := c.say(ctx, room, s.text())
		if err != nil {
			return err
		}
		if m.From != first.me.Name {
			return want(ruleSession, "to speak as %q again", first.me.Name).but(m)
		}
	}
	return nil
}

func helloUnknown(ctx context.Context, s *Suite) error {
	planted := random("ABCDEFGHabcdefgh0123456789-_", 22) // as long as a real one
	var people []*conn
	for range 2 {
		c, err := s.enterAs(ctx, action{"session": planted, "name": s.name()})
		if err != nil {
			return err
		}
		if c.session == planted {
			return want(ruleNewPerson, "a session of the server's own making, not the unknown one that was offered").but(c.session)
		}
		people = append(people, c)
	}
	if people[0].me.ID == people[1].me.ID {
		return want(ruleNewPerson, "two persons, since nobody ever had that session").but(people[1].me)
	}
	return nil
}

func helloNameless(ctx context.Context, s *Suite) error {
	room := s.room()
	reader, err := s.enterAs(ctx, action{}, room)
	if err != nil {
		return err
	}
	speaker, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	if reader.me.Name != "" || reader.me.ID == "" {
		return want(ruleNameless, "a person without a name").but(reader.me)
	}
	m, err := speaker.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	if err := reader.hears(ctx, m); err != nil {
		return err
	}
	x := want(ruleNameless, "who has no name not to speak")
	if _, err := refused(ctx, reader, x, protocol.NameFirst, action{"type": "message", "room": room, "text": s.text()}); err != nil {
		return err
	}
	name := s.name()
	if _, err := reader.rename(ctx, name); err != nil {
		return err
	}
	m, err = reader.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	if m.From != name || m.Seq != 2 {
		return want(ruleNameless, "the second message of the room, from %q", name).but(m)
	}
	return speaker.hears(ctx, m)
}
