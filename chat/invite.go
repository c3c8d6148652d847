package chat

import (
	"context"
	"fmt"

	"parley/protocol"
)

// invite makes a link that lets its bearers into a room.
func (t *turn) invite(ctx context.Context, by Person, a *protocol.Invite) error {
	token, hash, err := t.chat.newLink()
	if err != nil {
		return err
	}
	r := Rule{Kind: RuleInvitation, Room: a.Room, Subject: hash, Value: int64(a.Uses), By: by.ID, ByName: by.Name}
	r.Until, _ = lasts(a.Until)
	if _, err := t.settle(ctx, r, "invite", false); err != nil {
		return err
	}
	t.answer(&protocol.Invitation{Type: "invitation", ID: a.ID, Room: a.Room, Link: token, Key: hash, Until: r.Until, Uses: a.Uses})
	return nil
}

// revoke makes an invitation good for nobody any more. Who came by it stays.
func (t *turn) revoke(ctx context.Context, by Person, a *protocol.Revoke) error {
	r, err := t.chat.findInvitation(ctx, a.Key)
	if err != nil {
		return err
	}
	if _, _, err := t.chat.lift(ctx, RuleInvitation, r.Room, a.Key); err != nil {
		return err
	}
	told := protocol.Ruling{Do: "revoke", Room: r.Room, Key: a.Key, By: by.ID, ByName: by.Name, At: t.chat.millis()}
	if err := t.chat.record(ctx, actOf(told)); err != nil {
		return err
	}
	t.answerRuling(a.ID, told)
	return nil
}

// findInvitation returns the invitation that is kept under a hash, or bad_link.
func (c *Chat) findInvitation(ctx context.Context, hash string) (Rule, error) {
	b, err := c.book(ctx)
	if err != nil {
		return Rule{}, err
	}
	for key, r := range b.rules {
		if key.kind == RuleInvitation && key.subject == hash && !r.ended(b.now) {
			return r, nil
		}
	}
	if c.options.RulesAge == 0 { // the book has all there are: who guesses costs no reading
		return Rule{}, badLink
	}
	rules, err := c.Rules.AllRules(ctx) // another process may have made it just now
	if err != nil {
		return Rule{}, fmt.Errorf("look for an invitation: %w", err)
	}
	for _, r := range rules {
		if r.Kind == RuleInvitation && r.Subject == hash && !r.ended(b.now) {
			return r, nil
		}
	}
	return Rule{}, badLink
}

// followInvitation lets a person into a room by a link, and tells it. Who is in
// already takes nobody's place.
func (t *turn) followInvitation(ctx context.Context, id string, p Person, hash string) error {
	r, err := t.chat.findInvitation(ctx, hash)
	if err != nil {
		return err
	}
	told := protocol.Ruling{Do: "link", Room: r.Room, Person: p.ID, Name: p.Name, By: p.ID, ByName: p.Name, At: t.chat.millis()}
	if isAdmitted(p, r.Room) {
		t.answerRuling(id, told)
		return nil
	}
	if len(p.Admitted) >= protocol.MaxAdmitted {
		return tooManyAdmitted
	}
	if _, existed, err := t.chat.use(ctx, RuleInvitation, r.Room, hash); err != nil {
		return err
	} else if !existed { // somebody was faster
		return badLink
	}
	if p, err = t.chat.admit(ctx, p, r.Room); err != nil {
		return err
	}
	t.known = &p
	if !t.conn.Stored {
		if err := t.become(ctx, p); err != nil {
			return err
		}
	}
	t.answerRuling(id, told)
	return t.chat.record(ctx, actOf(told))
}
