package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/protocol"
)

// needs tells which role an action takes; empty: none, it is no moderator's.
func needs(a protocol.Action) string {
	switch a.(type) {
	case *protocol.Mute, *protocol.Ban, *protocol.Kick, *protocol.Purge, *protocol.Lock, *protocol.Slow,
		*protocol.Invited, *protocol.Invite, *protocol.Revoke, *protocol.ListModeration:
		return protocol.RoleModerator
	case *protocol.Appoint, *protocol.Creation, *protocol.Retain, *protocol.ReadAudit:
		return protocol.RoleOperator
	}
	return ""
}

// rank orders the roles.
func rank(role string) int {
	switch role {
	case protocol.RoleOperator:
		return 2
	case protocol.RoleModerator:
		return 1
	}
	return 0
}

// moderate does what a moderator's action asks for, where who asks may.
func (t *turn) moderate(ctx context.Context, action protocol.Action) error {
	p, b, err := t.standing(ctx)
	if err != nil {
		return err
	}
	role := needs(action)
	if _, lists := action.(*protocol.ListModeration); rank(p.Role) >= rank(role) && (lists || rank(b.role(p.ID)) < rank(role)) {
		if b, err = t.chat.latest(ctx); err != nil { // elsewhere a role was given, or what is to be listed was changed, a moment ago
			return err
		}
	}
	if rank(b.role(p.ID)) < rank(role) {
		return protocol.Errorf(protocol.NotAllowed, "This is for %ss.", role)
	}
	switch a := action.(type) {
	case *protocol.Mute:
		return t.mute(ctx, p, a)
	case *protocol.Ban:
		return t.ban(ctx, b, p, a)
	case *protocol.Kick:
		return t.kick(ctx, p, a)
	case *protocol.Lock:
		return t.lock(ctx, p, a)
	case *protocol.Slow:
		return t.slow(ctx, p, a)
	case *protocol.Creation:
		return t.creation(ctx, p, a)
	case *protocol.Appoint:
		return t.appoint(ctx, b, p, a)
	case *protocol.ListModeration:
		return t.moderation(b, a)
	case *protocol.ReadAudit:
		return t.audit(ctx, a)
	case *protocol.Purge:
		return t.purge(ctx, p, a)
	case *protocol.Erase:
		return t.erase(ctx, b, p, a)
	case *protocol.Retain:
		return t.retain(ctx, p, a)
	case *protocol.Invited:
		return t.invited(ctx, p, a)
	case *protocol.Invite:
		return t.invite(ctx, p, a)
	case *protocol.Revoke:
		return t.revoke(ctx, p, a)
	}
	return nil
}

// standing returns who the connection is, and the rules.
func (t *turn) standing(ctx context.Context) (Person, rulebook, error) {
	b, err := t.chat.book(ctx)
	if err != nil {
		return Person{}, b, err
	}
	if t.chat.Rules == nil || t.conn.Plain {
		return Person{}, b, protocol.Errorf(protocol.NotPlain, "Keeping order needs a connection with the sub-protocol %s, in a chat that has moderators.", protocol.Subprotocol)
	}
	p, err := t.person(ctx)
	return p, b, err
}

// concerned returns the person that an act of by is about. Nobody acts on
// operators, moderators not on each other, and nobody on itself; but operators lift
// what was laid on one of them before.
func (t *turn) concerned(ctx context.Context, by Person, id PersonID, lifts bool) (Person, error) {
	if id == by.ID {
		return Person{}, protocol.Errorf(protocol.NotAllowed, "This is you.")
	}
	err := t.chat.decide(ctx, func(b rulebook) error {
		mercy := lifts && b.role(by.ID) == protocol.RoleOperator // of a rule from before the person had a role
		if !mercy && (rank(b.role(id)) >= rank(b.role(by.ID)) || b.role(id) == protocol.RoleOperator) {
			return protocol.Errorf(protocol.NotAllowed, "This person is %s, too.", withArticle(b.role(id)))
		}
		return nil
	})
	if err != nil {
		return Person{}, err
	}
	found, err := t.chat.People.Persons(ctx, id)
	if err != nil {
		return Person{}, fmt.Errorf("look up person: %w", err)
	}
	if len(found) == 0 {
		return Person{}, protocol.Errorf(protocol.NoSuchPerson, "There is nobody with this id here.")
	}
	return found[0], nil
}

func withArticle(role string) string {
	if role == protocol.RoleOperator {
		return "an operator"
	}
	return "a " + role
}

// lasts returns the Rule.Until of an action, and whether it lifts the rule.
func lasts(u protocol.Until) (until int64, lifts bool) {
	if u == nil {
		return 0, false
	}
	return int64(*u), *u == 0
}

// put lays a rule down or lifts it.
func (t *turn) put(ctx context.Context, r Rule, lifts bool) (err error) {
	if lifts {
		_, _, err = t.chat.lift(ctx, r.Kind, r.Room, r.Subject)
	} else {
		err = t.chat.layDown(ctx, r)
	}
	if errors.Is(err, ErrTooManyRules) {
		return protocol.Errorf(protocol.TooMany, "There are %d rules in force already. Lift some first.", MaxRules)
	}
	return err
}

// settle lays a rule down or lifts it, writes the audit log, and returns what is
// told of it.
func (t *turn) settle(ctx context.Context, r Rule, do string, lifts bool) (protocol.Ruling, error) {
	r.At = t.chat.millis()
	if err := t.put(ctx, r, lifts); err != nil {
		return protocol.Ruling{}, err
	}
	told := ruling(r)
	if told.Do = do; lifts {
		told.Do, told.Until, told.Reason = "un"+do, 0, r.Reason
	}
	return told, t.chat.record(ctx, actOf(told))
}

// actOf is what the audit log keeps of an act.
func actOf(r protocol.Ruling) Act {
	detail := ""
	add := func(format string, args ...any) {
		if detail != "" {
			detail += ", "
		}
		detail += fmt.Sprintf(format, args...)
	}
	if r.Role != "" {
		add("%s", r.Role)
	}
	if r.Every != 0 {
		add("one message in %s", time.Duration(r.Every)*time.Millisecond)
	}
	if r.Days != 0 {
		add("%s", count(int64(r.Days), "day"))
	}
	if r.Messages != 0 {
		add("%s", count(int64(r.Messages), "message"))
	}
	if r.Until != 0 {
		add("until %s", time.UnixMilli(r.Until).UTC().Format(time.RFC3339))
	}
	if r.Reason != "" {
		add("%s", r.Reason)
	}
	return Act{By: r.By, ByName: r.ByName, Do: r.Do, Room: r.Room, Person: r.Person, Name: r.Name, Detail: detail}
}

// answerRuling tells the one who acted, and returns what tells others.
func (t *turn) answerRuling(id string, r protocol.Ruling) []byte {
	frame := protocol.Encode(&protocol.Moderated{Type: "moderated", Ruling: r})
	t.answer(&protocol.Moderated{Type: "moderated", ID: id, Ruling: r})
	return frame
}

// tellPerson posts a frame to all connections of a person.
func (c *Chat) tellPerson(ctx context.Context, person PersonID, frames ...[]byte) error {
	open, err := c.openOf(ctx, person)
	if err != nil {
		return err
	}
	for _, conn := range open {
		if err := c.post(ctx, conn.ID, frames...); err != nil {
			return fmt.Errorf("tell a person: %w", err)
		}
	}
	return nil
}

// tellAll tells a room what concerns all in it.
func (t *turn) tellAll(ctx context.Context, room string, frame []byte) {
	if err := t.chat.deliver(ctx, room, &delivery{event: frame, audience: WithProtocol, except: t.conn.ID}); err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("tell a room of an act: %w", err))
	}
}

// end tells a person's connections why, and closes them.
func (c *Chat) end(ctx context.Context, open []Connection, why *protocol.Error, code int) (errs error) {
	frame := protocol.Encode(why)
	for _, conn := range open {
		errs = errors.Join(errs, c.post(ctx, conn.ID, frame))
		_, err := c.disconnect(ctx, conn.ID, false)
		errs = errors.Join(errs, err, c.Poster.Close(ctx, code, string(why.Code), conn.ID))
	}
	return errs
}

func (t *turn) mute(ctx context.Context, by Person, a *protocol.Mute) error {
	until, lifts := lasts(a.Until)
	p, err := t.concerned(ctx, by, a.Person, lifts)
	if err != nil {
		return err
	}
	told, err := t.settle(ctx, Rule{Kind: RuleMute, Room: a.Room, Subject: p.ID, Reason: a.Reason, Name: p.Name, By: by.ID, ByName: by.Name, Until: until}, "mute", lifts)
	if err != nil {
		return err
	}
	return t.chat.tellPerson(ctx, p.ID, t.answerRuling(a.ID, told))
}

func (t *turn) kick(ctx context.Context, by Person, a *protocol.Kick) error {
	p, err := t.concerned(ctx, by, a.Person, false)
	if err != nil {
		return err
	}
	if err := t.chat.expel(ctx, p); err != nil {
		return err
	}
	open, err := t.chat.openOf(ctx, p.ID) // after it: who joins from now on is asked for an invitation
	if err != nil {
		return err
	}
	told := protocol.Ruling{Do: "kick", Person: p.ID, Name: p.Name, Reason: a.Reason, By: by.ID, ByName: by.Name, At: t.chat.millis()}
	if err := t.chat.record(ctx, actOf(told)); err != nil {
		return err
	}
	t.answerRuling(a.ID, told)
	return t.chat.end(ctx, open, protocol.Errorf(protocol.Kicked, "%s", "A moderator asked you to leave"+because(a.Reason)), protocol.CloseSignedOut)
}

func (t *turn) lock(ctx context.Context, by Person, a *protocol.Lock) error {
	until, lifts := lasts(a.Until)
	told, err := t.settle(ctx, Rule{Kind: RuleLock, Room: a.Room, Reason: a.Reason, By: by.ID, ByName: by.Name, Until: until}, "lock", lifts)
	if err != nil {
		return err
	}
	t.tellAll(ctx, a.Room, t.answerRuling(a.ID, told))
	return nil
}

func (t *turn) slow(ctx context.Context, by Person, a *protocol.Slow) error {
	until, lifts := lasts(a.Until)
	lifts = lifts || a.Every == 0
	told, err := t.settle(ctx, Rule{Kind: RuleSlow, Room: a.Room, Value: a.Every, By: by.ID, ByName: by.Name, Until: until}, "slow", lifts)
	if err != nil {
		return err
	}
	t.tellAll(ctx, a.Room, t.answerRuling(a.ID, told))
	return nil
}

func (t *turn) creation(ctx context.Context, by Person, a *protocol.Creation) error {
	r := Rule{Kind: RuleCreation, Text: a.Role, By: by.ID, ByName: by.Name}
	told, err := t.settle(ctx, r, "creation", a.Role == protocol.RoleGuest)
	if err != nil {
		return err
	}
	t.answerRuling(a.ID, told)
	return nil
}

// moderation lists what is in force, the newest first, as much as a frame takes.
func (t *turn) moderation(b rulebook, a *protocol.ListModeration) error {
	answer := &protocol.Moderation{Type: "moderation", ID: a.ID, Rules: []protocol.Ruling{}}
	left := protocol.MaxFrameBytes - len(protocol.Encode(answer))
	for _, r := range b.inForce(a.Room) {
		one := ruling(r)
		if left -= len(protocol.Encode(&one)) + 1; left < 0 {
			break
		}
		answer.Rules = append(answer.Rules, one)
	}
	t.answer(answer)
	return nil
}

// recordDeletes writes what a moderator deleted of others into the audit log.
func (t *turn) recordDeletes(ctx context.Context, room string, by Person, appended []Appended) {
	for _, a := range appended {
		if a.Kind != KindDelete || a.Repeat || a.Refused != nil {
			continue
		}
		found, err := t.chat.Log.Range(ctx, room, a.Target, a.Target, 1)
		if err == nil && len(found) == 1 && found[0].Person != by.ID {
			err = t.chat.record(ctx, Act{
				By: by.ID, ByName: by.Name, Do: "delete", Room: room, Person: found[0].Person, Name: found[0].From, Detail: fmt.Sprintf("message %d", a.Target),
			})
		}
		if err != nil { // it is deleted all the same
			t.err = errors.Join(t.err, fmt.Errorf("note who deleted it: %w", err))
		}
	}
}

func (t *turn) audit(ctx context.Context, a *protocol.ReadAudit) error {
	acts, err := t.chat.Rules.Acts(ctx, a.Before, a.Limit+1)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	answer := &protocol.Audit{Type: "audit", ID: a.ID, Acts: []protocol.Act{}}
	left := protocol.MaxFrameBytes - len(protocol.Encode(answer))
	for i, act := range acts {
		one := protocol.Act(act)
		if left -= len(protocol.Encode(&one)) + 1; left < 0 || i == a.Limit {
			answer.More = true
			break
		}
		answer.Acts = append(answer.Acts, one)
	}
	t.answer(answer)
	return nil
}
