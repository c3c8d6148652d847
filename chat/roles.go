package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/protocol"
)

// openOf returns the open connections of a person.
func (c *Chat) openOf(ctx context.Context, person PersonID) ([]Connection, error) {
	open, err := c.Connections.OfPerson(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("connections of a person: %w", err)
	}
	return open, nil
}

func (t *turn) appoint(ctx context.Context, b rulebook, by Person, a *protocol.Appoint) error {
	if a.Person == by.ID {
		return protocol.Errorf(protocol.NotAllowed, "This is you. Another operator can do it.") // so the last one stays
	}
	found, err := t.chat.People.Persons(ctx, a.Person)
	if err != nil {
		return fmt.Errorf("look up person: %w", err)
	}
	if len(found) == 0 || found[0].Session == ([32]byte{}) && a.Role != protocol.RoleGuest { // who has signed out can be dismissed
		return protocol.Errorf(protocol.NoSuchPerson, "There is nobody with this id here who has a session.")
	}
	r := Rule{Kind: RuleRole, Subject: a.Person, Text: a.Role, Name: found[0].Name, By: by.ID, ByName: by.Name}
	told, err := t.setRole(ctx, r)
	if err != nil {
		return err
	}
	t.answerRuling(a.ID, told)
	_, _, err = t.chat.renew(ctx, found[0], told)
	return err
}

// setRole lays a role down, or takes it away, while who does so is an operator
// still: of two who dismiss each other at once one stays.
func (t *turn) setRole(ctx context.Context, r Rule) (told protocol.Ruling, err error) {
	t.chat.roles.Lock()
	defer t.chat.roles.Unlock()
	b, err := t.chat.latest(ctx)
	if err != nil {
		return told, err
	}
	if b.role(r.By) != protocol.RoleOperator {
		return told, protocol.Errorf(protocol.NotAllowed, "This is for operators.")
	}
	had, _ := b.rule(RuleRole, "", r.Subject)
	dismisses := t.chat.options.RulesAge > 0 && had.Text == protocol.RoleOperator && r.Text != protocol.RoleOperator
	if dismisses {
		if err := t.announce(ctx, r); err != nil {
			return told, err
		}
	}
	told, err = t.settle(ctx, r, "appoint", false)
	if err == nil && r.Text == protocol.RoleGuest {
		_, _, err = t.chat.lift(ctx, RuleRole, "", r.Subject)
	}
	if err == nil && dismisses {
		t.chat.withdraw(ctx, r)
	}
	return told, err
}

// dismissing is for how long a dismissal is announced at most: longer than any
// function runs that means to carry it out.
const dismissing = time.Minute

// announce says that an operator is about to be dismissed, where other processes
// change rules, too: one of them may dismiss who does this just now. Each announces
// first and looks then, and who finds itself announced, or dismissed, gives way. Who
// looks last finds what the other wrote, so of any number who dismiss each other
// one stays; and since nobody loses a role by it, wherever one of them is killed.
func (t *turn) announce(ctx context.Context, r Rule) error {
	c := t.chat
	if err := t.put(ctx, announcement(r, c.millis()), false); err != nil {
		return err
	}
	b, err := c.latest(ctx)
	if err != nil {
		return err
	}
	stays := b.role(r.By) == protocol.RoleOperator
	for key, a := range b.rules {
		stays = stays && !(key.kind == RuleDismissing && a.Text == r.By && !a.ended(b.now))
	}
	if stays {
		return nil
	}
	c.withdraw(ctx, r)
	return protocol.Errorf(protocol.NotAllowed, "Another operator dismisses you at this moment. Nothing was changed by you.")
}

// announcement has a subject of its own: two may dismiss the same one.
func announcement(r Rule, now int64) Rule {
	return Rule{Kind: RuleDismissing, Subject: r.Subject + " " + r.By, Text: r.Subject, By: r.By, At: now, Until: now + dismissing.Milliseconds()}
}

// withdraw takes an announcement back. Where it cannot, that ends by itself.
func (c *Chat) withdraw(ctx context.Context, r Rule) {
	if _, _, err := c.lift(ctx, RuleDismissing, "", announcement(r, 0).Subject); err != nil {
		c.logger.Warn("an operator cannot dismiss others for a minute", "person", r.Subject, "error", err)
	}
}

// renew gives a person the session that goes with a role: those before it count
// until it is used. All its connections are told, and by whom it has the role, and
// live on. A person who is not connected is given it by the next hello, see takeRole.
func (c *Chat) renew(ctx context.Context, p Person, by protocol.Ruling) (after Person, token string, err error) {
	role := by.Role
	open, err := c.openOf(ctx, p.ID)
	if err != nil || len(open) == 0 || p.Session == ([32]byte{}) {
		return p, "", err
	}
	if p, token, err = c.issueRole(ctx, p, role); err != nil {
		return p, "", err
	}
	told := protocol.Encode(&protocol.Session{Type: "session", You: you(p, role), Session: token})
	why := protocol.Encode(&protocol.Moderated{Type: "moderated", Ruling: by})
	for _, conn := range open {
		if err := c.post(ctx, conn.ID, told, why); err != nil {
			return p, token, fmt.Errorf("tell a person its role: %w", err)
		}
	}
	return p, token, nil
}

// you is a person as it is told who it is.
func you(p Person, role string) protocol.You {
	return protocol.You{Person: asOthersSee(p), Role: role}
}

// takeRole gives a person who says hello another session where its role has
// become another one since the token was issued. It returns the role.
func (c *Chat) takeRole(ctx context.Context, b rulebook, p Person, token string) (_ Person, _, role string, err error) {
	had := p.Role
	if had == "" {
		had = protocol.RoleGuest
	}
	if role = b.role(p.ID); p.Created == 0 {
		return p, token, role, nil
	}
	if had == role {
		p, token, err = c.noteUse(ctx, p, token)
		return p, token, role, err
	}
	// The session may be that of a role which another process gave just now: to
	// issue one more would take that from all who were told it.
	if b, err = c.latest(ctx); err != nil {
		return p, token, role, err
	}
	if role = b.role(p.ID); had == role {
		p, token, err = c.noteUse(ctx, p, token)
		return p, token, role, err
	}
	p, token, err = c.issueRole(ctx, p, role)
	return p, token, role, err
}

// follow does what a link is good for. What it returns is told beside welcome.
func (t *turn) follow(ctx context.Context, id, link string) error {
	if t.chat.Rules == nil {
		return badLink
	}
	p, _, err := t.standing(ctx)
	if err != nil {
		return err
	}
	b, err := t.chat.latest(ctx) // a command may have made the link just now
	if err != nil {
		return err
	}
	hash := LinkHash(link)
	if r, ok := b.rule(RuleOperatorLink, "", hash); ok {
		return t.becomeOperator(ctx, id, p, r)
	}
	return t.followInvitation(ctx, id, p, hash)
}

var badLink = protocol.Errorf(protocol.BadLink, "This link is not good any more. Ask for another one.")

// becomeOperator uses an operator's link up.
func (t *turn) becomeOperator(ctx context.Context, id string, p Person, r Rule) error {
	if p.Name == "" && t.chat.options.RulesAge > 0 { // while this hello was answered another process may have named it
		found, err := t.chat.People.Persons(ctx, p.ID)
		if err != nil {
			return fmt.Errorf("look up person: %w", err)
		}
		if len(found) == 1 {
			p = found[0]
		}
	}
	if p.Name == "" {
		return protocol.Errorf(protocol.NameFirst, "Take a name first, then open the link again.")
	}
	if _, existed, err := t.chat.lift(ctx, r.Kind, "", r.Subject); err != nil {
		return err
	} else if !existed {
		return badLink
	}
	role := Rule{Kind: RuleRole, Subject: p.ID, Text: protocol.RoleOperator, Name: p.Name, By: p.ID, ByName: p.Name, Reason: "by a link"}
	told, err := t.settle(ctx, role, "appoint", false)
	if err != nil {
		return errors.Join(err, t.chat.layDown(ctx, r)) // it may be tried again
	}
	after, token, err := t.chat.renew(ctx, p, told)
	if err != nil {
		return err
	}
	t.known = &after
	if id != "" && token != "" {
		t.answer(&protocol.Session{Type: "session", ID: id, You: you(after, protocol.RoleOperator), Session: token})
	}
	return nil
}

// signOut ends the sessions of a person, and all its connections. The name is free.
func (t *turn) signOut(ctx context.Context) error {
	if t.conn.Plain {
		return protocol.Errorf(protocol.NotPlain, "A connection without the sub-protocol %s has no session.", protocol.Subprotocol)
	}
	p, err := t.person(ctx)
	if err != nil {
		return err
	}
	open := []Connection{t.conn}
	if t.conn.Stored {
		open, err = t.chat.endSessions(ctx, p.ID, func(p *Person) {
			p.signOut()
			p.Skeleton, p.Holder = "", ""
		})
		if err != nil {
			return err
		}
	}
	t.flush(ctx)
	t.over = true
	return t.chat.end(ctx, open, protocol.Errorf(protocol.SignedOut, "You have signed out."), protocol.CloseSignedOut)
}
