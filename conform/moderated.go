package conform

import (
	"context"

	"parley/protocol"
)

// moderationDelete: a moderator deletes what somebody else said, as that person could.
func moderationDelete(ctx context.Context, s *Suite) error {
	room := s.room()
	op, err := s.chair(ctx, room)
	if err != nil {
		return err
	}
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	m, err := people[0].say(ctx, room, s.text())
	if err != nil {
		return err
	}
	var d *protocol.Deleted
	err = s.soon(ctx, func() (err error) {
		d, err = op.erase(ctx, room, m.Seq)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range people {
		x := want(ruleModeratorDeletes, "all in the room to be told that message %d is deleted", m.Seq)
		if _, err := await(ctx, c, x, 0, func(o *protocol.Deleted) bool { return o.Seq == d.Seq && o.Target == m.Seq }); err != nil {
			return err
		}
	}
	_, _, err = s.newcomer(ctx, room, m.Text)
	return err
}

// moderationPurge deletes what one person said, and nothing else.
func moderationPurge(ctx context.Context, s *Suite) error {
	room := s.room()
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	one, witness := people[0], people[1]
	kept, err := witness.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	const said = 5
	var texts []string
	for range said {
		m, err := one.say(ctx, room, s.text())
		if err != nil {
			return err
		}
		texts = append(texts, m.Text)
	}
	act, err := op.rule(ctx, "purge", action{"type": "purge", "room": room, "person": one.me.ID})
	if err != nil {
		return err
	}
	if act.Messages != said {
		return want(rulePurge, "%d messages to be told as purged", said).but(act)
	}
	if err := one.told(ctx, 0, act); err != nil {
		return err
	}
	for target := kept.Seq + 1; target <= kept.Seq+said; target++ {
		x := want(rulePurge, "a delete of message %d", target)
		if _, err := await(ctx, witness, x, 0, func(d *protocol.Deleted) bool { return d.Room == room && d.Target == target }); err != nil {
			return err
		}
	}
	messages, _, err := s.newcomer(ctx, room, texts...)
	if err == nil && messages[kept.Seq].Text != kept.Text {
		err = want(rulePurge, "what others said to stay").but(messages[kept.Seq])
	}
	return err
}

// moderationErase erases somebody by the operator, who is told how much went.
func moderationErase(ctx context.Context, s *Suite) error {
	room := s.room()
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	one, witness := people[0], people[1]
	first, err := one.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	stays, err := witness.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	act, err := op.rule(ctx, "erase", action{"type": "erase", "person": one.me.ID})
	if err != nil {
		return err
	}
	if act.Messages != 1 || act.Name != "" {
		return want(ruleEraseAll, "one message to be told as erased, and no name").but(act)
	}
	x := want(ruleSignedOut, "who is erased to be told, and closed with %d", protocol.CloseSignedOut)
	if err := one.sentOff(ctx, x, 0, protocol.SignedOut, protocol.CloseSignedOut); err != nil {
		return err
	}
	if err := s.forgotten(ctx, one, first, witness, stays); err != nil {
		return err
	}
	x = want(ruleAudit, "the erasure in the audit log, without the name")
	a, err := ask[protocol.Audit](ctx, op, x, action{"type": "audit", "limit": protocol.MaxHistory})
	if err != nil {
		return err
	}
	for _, act := range a.Acts {
		if act.Do == "erase" && act.Person == one.me.ID && act.Name == "" {
			return nil
		}
	}
	return x.but(a)
}

func moderationKick(ctx context.Context, s *Suite) error {
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	one, other, err := s.twice(ctx)
	if err != nil {
		return err
	}
	if _, err := op.rule(ctx, "kick", action{"type": "kick", "person": one.me.ID, "reason": "calm down"}); err != nil {
		return err
	}
	x := want(ruleKicked, "each connection of who is kicked to be told, and closed with %d", protocol.CloseSignedOut)
	for _, c := range []*conn{one, other} {
		if err := c.sentOff(ctx, x, 0, protocol.Kicked, protocol.CloseSignedOut); err != nil {
			return err
		}
	}
	back, err := s.enterAs(ctx, action{"session": one.session})
	if err == nil && back.me.ID != one.me.ID {
		err = want(ruleComeBack, "to be %s again", show(one.me)).but(back.me)
	}
	return err
}

func moderationBan(ctx context.Context, s *Suite) (err error) {
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	one, err := s.enter(ctx)
	if err != nil {
		return err
	}
	lift := action{"type": "ban", "person": one.me.ID, "until": 0}
	defer op.unless(ctx, &err, lift)
	if _, err := op.rule(ctx, "ban", action{"type": "ban", "person": one.me.ID, "reason": "spam"}); err != nil {
		return err
	}
	x := want(ruleBanned, "who is banned to be told, and closed with %d", protocol.CloseBanned)
	if err := one.sentOff(ctx, x, 0, protocol.Banned, protocol.CloseBanned); err != nil {
		return err
	}
	err = s.soon(ctx, func() error {
		c, err := s.silent(ctx)
		if err != nil {
			return err
		}
		c.me = one.me // whose session it sends: a home that has not heard of the ban everywhere may take it in
		x := want(ruleBanned, "hello of who is banned to be refused, and a close with %d", protocol.CloseBanned)
		if _, err := refused(ctx, c, x, protocol.Banned, action{"type": "hello", "session": one.session}); err != nil {
			return err
		}
		return c.sentOff(ctx, x, 0, protocol.Banned, protocol.CloseBanned)
	})
	if err != nil {
		return err
	}
	if _, err := op.rule(ctx, "unban", lift); err != nil {
		return err
	}
	return s.soon(ctx, func() error {
		back, err := s.enterAs(ctx, action{"session": one.session})
		if err == nil && back.me.ID != one.me.ID {
			err = want(ruleLifted, "to be %s again", show(one.me)).but(back.me)
		}
		return err
	})
}

// moderationInvitation: a room by invitation takes those who were invited, as
// many as a link is for, until it is revoked.
func moderationInvitation(ctx context.Context, s *Suite) (err error) {
	room := s.room()
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	guest, err := s.enter(ctx)
	if err != nil {
		return err
	}
	lift := action{"type": "invited", "room": room, "on": false}
	defer op.unless(ctx, &err, lift)
	if _, err := op.rule(ctx, "invited", action{"type": "invited", "room": room, "on": true}); err != nil {
		return err
	}
	shut := func() error {
		x := want(ruleInvited, "who was not invited not to come in")
		guest.intend(room)
		return s.soon(ctx, func() error {
			_, err := refused(ctx, guest, x, protocol.InvitationNeeded, action{"type": "join", "room": room})
			return err
		})
	}
	if err := shut(); err != nil {
		return err
	}
	once, err := op.invite(ctx, action{"type": "invite", "room": room, "uses": 1})
	if err != nil {
		return err
	}
	came, err := s.enterAs(ctx, action{"name": s.name(), "link": once.Link}, room)
	if err != nil {
		return err
	}
	if _, err := came.say(ctx, room, s.text()); err != nil {
		return err
	}
	if err := guest.deadLink(ctx, once.Link); err != nil {
		return err
	}
	revoked, err := op.invite(ctx, action{"type": "invite", "room": room})
	if err != nil {
		return err
	}
	if _, err := op.rule(ctx, "revoke", action{"type": "revoke", "key": revoked.Key}); err != nil {
		return err
	}
	if err := guest.deadLink(ctx, revoked.Link); err != nil {
		return err
	}
	if err := shut(); err != nil {
		return err
	}
	if _, err := op.rule(ctx, "uninvited", lift); err != nil {
		return err
	}
	return s.soon(ctx, func() error {
		_, err := guest.join(ctx, room, nil)
		return err
	})
}

// invite makes a link into a room.
func (c *conn) invite(ctx context.Context, a action) (*protocol.Invitation, error) {
	x := want(ruleInvitation, "invite to be answered by invitation, with a link and what revokes it")
	i, err := ask[protocol.Invitation](ctx, c, x, a)
	if err == nil && (i.Room != a["room"] || i.Link == "" || i.Key == "" || i.Link == i.Key) {
		err = x.but(i)
	}
	return i, err
}

func (c *conn) deadLink(ctx context.Context, link string) error {
	_, err := refused(ctx, c, want(ruleBadLink, "a link that was used up or revoked to let nobody in"), protocol.BadLink, action{"type": "link", "link": link})
	return err
}

// moderationAppoint makes somebody a moderator, and takes that back. Each time
// the session before ends with the first use of the new one, and all connections go on.
func moderationAppoint(ctx context.Context, s *Suite) (err error) {
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	one, other, err := s.twice(ctx)
	if err != nil {
		return err
	}
	guest, err := s.enter(ctx)
	if err != nil {
		return err
	}
	lift := action{"type": "appoint", "person": one.me.ID, "role": protocol.RoleGuest}
	defer op.unless(ctx, &err, lift)
	kick := func(person string) action { return action{"type": "kick", "person": person} }
	if err := s.raise(ctx, op, protocol.RoleModerator, one, other); err != nil {
		return err
	}
	if err := s.soon(ctx, func() error {
		_, err := other.rule(ctx, "kick", kick(guest.me.ID))
		return err
	}); err != nil {
		return err
	}
	x := want(ruleNotAllowed, "a moderator not to act on an operator")
	if _, err := refused(ctx, one, x, protocol.NotAllowed, kick(op.me.ID)); err != nil {
		return err
	}
	if err := s.raise(ctx, op, protocol.RoleGuest, one, other); err != nil {
		return err
	}
	x = want(ruleNotAllowed, "who is no moderator any more to be refused")
	return s.soon(ctx, func() error {
		_, err := refused(ctx, other, x, protocol.NotAllowed, action{"type": "moderation"})
		return err
	})
}

// raise gives a person a role, and looks at what all its connections are told.
func (s *Suite) raise(ctx context.Context, op *conn, role string, all ...*conn) error {
	before, person := all[0].session, all[0].me.ID
	act, err := op.rule(ctx, "appoint", action{"type": "appoint", "person": person, "role": role})
	if err != nil {
		return err
	}
	if act.Role != role {
		return want(ruleModerated, "the role %s to be told", role).but(act)
	}
	for i, c := range all {
		x := want(ruleSessionNew, "all connections to be told one session, as a %s", role)
		told, err := await(ctx, c, x, 0, func(e *protocol.Session) bool { return e.You.Role == role })
		if err != nil {
			return err
		}
		if told.Session == before || told.You.ID != person || i > 0 && told.Session != all[0].session {
			return x.but(told)
		}
		c.session = told.Session
	}
	back, err := s.enterAs(ctx, action{"session": all[0].session})
	if err == nil && back.me.ID != person {
		err = want(ruleSession, "to be %s again", person).but(back.me)
	}
	if err != nil {
		return err
	}
	return s.ended(ctx, before)
}
