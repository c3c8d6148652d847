package conform

import (
	"context"

	"parley/protocol"
)

func sessionCases() []Case {
	return []Case{
		{"session/signed out", "Who leaves a shared computer would leave the name to whoever sits down next.", nil, sessionSignedOut},
		{"session/erased", "What somebody wants to have gone would stay.", nil, sessionErased},
	}
}

// twice enters a person by two connections.
func (s *Suite) twice(ctx context.Context, rooms ...string) (one, other *conn, err error) {
	one, err = s.enter(ctx, rooms...)
	if err != nil {
		return nil, nil, err
	}
	other, err = s.enterAs(ctx, action{"session": one.session}, rooms...)
	if err == nil && other.me.ID != one.me.ID {
		err = want(ruleSession, "to be %s again", show(one.me)).but(other.me)
	}
	return one, other, err
}

// ended checks that who comes with a session that has ended is told so, and made
// nobody.
func (s *Suite) ended(ctx context.Context, session string) error {
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	x := want(ruleEnded, "hello with a session that has ended to be refused")
	_, err = refused(ctx, c, x, protocol.SignedOut, action{"type": "hello", "session": session})
	return err
}

// gone checks that a session brings its person back no more.
func (s *Suite) gone(ctx context.Context, session, person string) error {
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	x := want(ruleSignedOut, "the session that ended not to be %s any more", person)
	e, err := c.answer(ctx, x, action{"type": "hello", "session": session})
	if err != nil {
		return err
	}
	switch b := e.body.(type) {
	case *protocol.Welcome:
		if b.You.ID != person && b.Session != session {
			return nil
		}
	case *protocol.Error:
		if b.Code == protocol.SignedOut && !b.Retry {
			return nil
		}
	}
	return x.but(e)
}

func sessionSignedOut(ctx context.Context, s *Suite) error {
	one, other, err := s.twice(ctx)
	if err != nil {
		return err
	}
	if err := one.send(ctx, action{"type": "sign_out"}); err != nil {
		return err
	}
	x := want(ruleSignedOut, "each connection of the session to be told, and closed with %d", protocol.CloseSignedOut)
	for _, c := range []*conn{one, other} {
		if err := c.sentOff(ctx, x, 0, protocol.SignedOut, protocol.CloseSignedOut); err != nil {
			return err
		}
	}
	return s.ended(ctx, one.session)
}

// vanish erases the connection's own person.
func (c *conn) vanish(ctx context.Context) error {
	if err := c.send(ctx, action{"type": "erase"}); err != nil {
		return err
	}
	x := want(ruleSignedOut, "who erases itself to be told, and closed with %d", protocol.CloseSignedOut)
	return c.sentOff(ctx, x, 0, protocol.SignedOut, protocol.CloseSignedOut)
}

// sessionErased has somebody who spoke in a room erase itself. Nobody may be
// able to tell afterwards what was said, or by whom.
func sessionErased(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	one, witness := people[0], people[1]
	first, err := one.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	between, err := witness.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	if err := one.vanish(ctx); err != nil {
		return err
	}
	return s.forgotten(ctx, one, first, witness, between)
}

// forgotten checks that nobody can tell any more who said something or what,
// and that what a witness said stays.
func (s *Suite) forgotten(ctx context.Context, one *conn, first *protocol.Said, witness *conn, stays *protocol.Said) error {
	x := want(ruleErased, "the others in the room to be told that %s is erased", one.me.ID)
	if _, err := await(ctx, witness, x, 0, func(e *protocol.Erased) bool { return e.Person == one.me.ID }); err != nil {
		return err
	}
	if err := s.gone(ctx, one.session, one.me.ID); err != nil {
		return err
	}
	messages, _, err := s.newcomer(ctx, first.Room, first.Text, one.me.Name)
	if err != nil {
		return err
	}
	x = want(ruleEraseAll, "message %d without text and name, and message %d as it was", first.Seq, stays.Seq)
	if m := messages[first.Seq]; m.Text != "" || m.From != "" || !m.Deleted {
		return x.but(m)
	}
	if m := messages[stays.Seq]; m.Text != stays.Text || m.From != witness.me.Name {
		return x.but(m)
	}
	_, err = s.enterAs(ctx, action{"name": one.me.Name}) // nobody has it now
	return err
}
