package conform

import (
	"context"
	"slices"
	"time"

	"parley/protocol"
)

func moderationCases() []Case {
	return []Case{
		{"moderation/link", "Whoever finds a used link could rule the chat.", needsOperator, moderationLink},
		{"moderation/guests", "Anybody could silence anybody.", needsOperator, moderationGuests},
		{"moderation/mute", "Who disturbs could not be silenced, or not be forgiven.", needsOperator, moderationMute},
		{"moderation/lock", "A talk could not be held in peace.", needsOperator, moderationLock},
		{"moderation/slow", "A crowd in one room could not be read.", needsOperator, moderationSlow},
		{"moderation/delete", "What nobody should have to read would stay.", needsOperator, moderationDelete},
		{"moderation/purge", "Who flooded a room would have spoilt it.", needsOperator, moderationPurge},
		{"moderation/kick", "Nobody could be shown the door.", needsOperator, moderationKick},
		{"moderation/ban", "Who was thrown out would be back at once.", needsOperator, moderationBan},
		{"moderation/invitation", "A room for few would be one for all.", needsOperator, moderationInvitation},
		{"moderation/appoint", "One person would have to keep order alone, or an old token would keep a role that was taken.", needsOperator, moderationAppoint},
		{"moderation/erase", "What somebody should not have said of others would stay in the log.", needsOperator, moderationErase},
		{"moderation/listed", "Nobody could tell what is in force, or who did it.", needsOperator, moderationListed},
	}
}

// moderationLink: the run's operator came by the link. It is used up.
func moderationLink(ctx context.Context, s *Suite) error {
	made := s.operator
	if made.session == made.guest || made.you.Role != protocol.RoleOperator {
		return want(ruleSessionNew, "another session, for an operator").but(made.you)
	}
	if _, err := s.chair(ctx); err != nil { // from now on that session alone counts
		return err
	}
	if err := s.ended(ctx, made.guest); err != nil {
		return err
	}
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	x := want(ruleBadLink, "a link that was used to make nobody an operator")
	if _, err := refused(ctx, c, x, protocol.BadLink, action{"type": "link", "link": s.target.Operator}); err != nil {
		return err
	}
	c, err = s.enterAs(ctx, action{"name": s.name(), "link": s.target.Operator})
	if err != nil {
		return err
	}
	_, err = await(ctx, c, x, 0, func(e *protocol.Error) bool { return e.Code == protocol.BadLink && e.ID == "" && !e.Retry })
	return err
}

// moderationGuests asks for all that takes a role, without one.
func moderationGuests(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	guest, other := people[0], people[1].me.ID
	mark := people[1].mark()
	for _, a := range []action{
		{"type": "mute", "person": other}, {"type": "ban", "person": other}, {"type": "kick", "person": other},
		{"type": "purge", "person": other}, {"type": "erase", "person": other},
		{"type": "lock", "room": room}, {"type": "slow", "room": room, "every": 1000}, {"type": "invited", "room": room, "on": true},
		{"type": "invite", "room": room}, {"type": "revoke", "key": word(64)}, {"type": "retain", "room": room, "days": 1},
		{"type": "appoint", "person": other, "role": protocol.RoleModerator}, {"type": "creation", "role": protocol.RoleGuest},
		{"type": "moderation"}, {"type": "audit"},
	} {
		x := want(ruleNotAllowed, "%s by a guest to be refused", a["type"])
		if _, err := refused(ctx, guest, x, protocol.NotAllowed, a); err != nil {
			return err
		}
	}
	if err := people[1].quiet(ctx); err != nil {
		return err
	}
	return people[1].never(want(ruleNotAllowed, "nothing to come of what a guest asked for"), mark, func(e event) bool {
		return e.kind == "moderated" || e.kind == "erased" || e.kind == "session"
	})
}

func moderationMute(ctx context.Context, s *Suite) (err error) {
	room := s.room()
	op, err := s.chair(ctx, room)
	if err != nil {
		return err
	}
	one, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	lift := action{"type": "mute", "room": room, "person": one.me.ID, "until": 0}
	defer op.unless(ctx, &err, lift)
	mark := one.mark()
	act, err := op.rule(ctx, "mute", action{"type": "mute", "room": room, "person": one.me.ID, "reason": "too loud"})
	if err != nil {
		return err
	}
	if err := one.told(ctx, mark, act); err != nil {
		return err
	}
	if act.Reason != "too loud" {
		return want(ruleModerated, "the reason to be told").but(act)
	}
	if err := one.speechless(ctx, want(ruleMuted, "who is muted not to speak"), protocol.Muted, room); err != nil {
		return err
	}
	if err := one.mutedHere(ctx, room, act.Reason); err != nil {
		return err
	}
	if act, err = op.rule(ctx, "unmute", lift); err != nil {
		return err
	}
	if err := one.told(ctx, mark, act); err != nil {
		return err
	}
	if err := one.speaks(ctx, room); err != nil {
		return err
	}
	return one.mutedHere(ctx, room, "")
}

// mutedHere joins again and looks at what is told to who joins: why it may not
// speak, or nothing.
func (c *conn) mutedHere(ctx context.Context, room, reason string) error {
	return c.s.soon(ctx, func() error {
		j, err := c.join(ctx, room, nil)
		if err == nil && (j.Rules.Muted != (reason != "") || j.Rules.Reason != reason) {
			err = want(ruleJoined, "muted to be told to who joins for the reason %q", reason).but(j)
		}
		return err
	})
}

func moderationLock(ctx context.Context, s *Suite) (err error) {
	room := s.room()
	op, err := s.chair(ctx, room)
	if err != nil {
		return err
	}
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	defer op.unless(ctx, &err, action{"type": "lock", "room": room, "until": 0})
	act, err := op.rule(ctx, "lock", action{"type": "lock", "room": room})
	if err != nil {
		return err
	}
	for _, c := range people {
		if err := c.told(ctx, 0, act); err != nil {
			return err
		}
		if err := c.speechless(ctx, want(ruleLocked, "a guest not to speak in a locked room"), protocol.Locked, room); err != nil {
			return err
		}
	}
	if _, err := op.say(ctx, room, s.text()); err != nil { // who may
		return err
	}
	if act, err = op.rule(ctx, "unlock", action{"type": "lock", "room": room, "until": 0}); err != nil {
		return err
	}
	for _, c := range people {
		if err := c.told(ctx, 0, act); err != nil {
			return err
		}
		if err := c.speaks(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

func moderationSlow(ctx context.Context, s *Suite) (err error) {
	const every = 5 * time.Minute
	room := s.room()
	op, err := s.chair(ctx, room)
	if err != nil {
		return err
	}
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	one, other := people[0], people[1]
	lift := action{"type": "slow", "room": room, "every": 0}
	defer op.unless(ctx, &err, lift)
	act, err := op.rule(ctx, "slow", action{"type": "slow", "room": room, "every": every.Milliseconds()})
	if err != nil {
		return err
	}
	if err := one.told(ctx, 0, act); err != nil {
		return err
	}
	if _, err := one.say(ctx, room, s.text()); err != nil {
		return err
	}
	x := want(ruleSlow, "a second message within %s to be refused, with the time that is left", every)
	err = s.soon(ctx, func() error {
		e, err := refused(ctx, one, x, protocol.SlowMode, action{"type": "message", "room": room, "text": s.text()})
		if err == nil && (!e.Retry || e.After < 1 || e.After > every.Milliseconds()) {
			err = x.but(e)
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err := other.say(ctx, room, s.text()); err != nil { // each has a time of its own
		return err
	}
	if act, err = op.rule(ctx, "unslow", lift); err != nil {
		return err
	}
	if err := one.told(ctx, 0, act); err != nil {
		return err
	}
	return one.speaks(ctx, room)
}

// moderationListed: a mute stands in the list while it is in force, and in the
// audit log for good.
func moderationListed(ctx context.Context, s *Suite) (err error) {
	room := s.room()
	op, err := s.chair(ctx)
	if err != nil {
		return err
	}
	one, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	lift := action{"type": "mute", "room": room, "person": one.me.ID, "until": 0}
	defer op.unless(ctx, &err, lift)
	act, err := op.rule(ctx, "mute", action{"type": "mute", "room": room, "person": one.me.ID, "reason": "too loud"})
	if err != nil {
		return err
	}
	listed := func(in bool) error {
		x := want(ruleListed, "a list in which the mute is: %v", in)
		return s.soon(ctx, func() error {
			m, err := ask[protocol.Moderation](ctx, op, x, action{"type": "moderation", "room": room})
			if err == nil && slices.Contains(m.Rules, act.Ruling) != in {
				err = x.but(m)
			}
			return err
		})
	}
	if err := listed(true); err != nil {
		return err
	}
	if _, err := op.rule(ctx, "unmute", lift); err != nil {
		return err
	}
	if err := listed(false); err != nil {
		return err
	}
	x := want(ruleAudit, "who muted, and who lifted it, in the audit log")
	a, err := ask[protocol.Audit](ctx, op, x, action{"type": "audit", "limit": protocol.MaxHistory})
	if err != nil {
		return err
	}
	var did []string
	for _, act := range a.Acts {
		if act.Person == one.me.ID && act.Room == room && act.By == op.me.ID && act.ByName == op.me.Name && act.Name == one.me.Name {
			did = append(did, act.Do)
		}
	}
	if !slices.Equal(did, []string{"unmute", "mute"}) {
		return x.but(a)
	}
	return nil
}
