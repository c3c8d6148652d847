package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// erase takes away what is kept of a person: of oneself, or by an operator of
// somebody else.
func (t *turn) erase(ctx context.Context, b rulebook, by Person, a *protocol.Erase) error {
	if (a.Person == "" || a.Person == by.ID) && !t.conn.Stored {
		return t.signOut(ctx) // nothing is kept of who took no name: no log is looked through, and no act noted
	}
	if a.Person == "" || a.Person == by.ID {
		if err := t.mayErase(ctx, b, by); err != nil {
			return err
		}
		t.flush(ctx)
		_, err := t.chat.Erase(ctx, by.ID, by)
		t.over = err == nil // all its connections are closed, this one too
		return err
	}
	err := t.chat.decide(ctx, func(b rulebook) error {
		if b.role(by.ID) != protocol.RoleOperator {
			return protocol.Errorf(protocol.NotAllowed, "To erase somebody else is for operators.")
		}
		return nil
	})
	if err != nil {
		return err
	}
	p, err := t.concerned(ctx, by, a.Person, false)
	if err != nil {
		return err
	}
	t.flush(ctx)
	messages, err := t.chat.Erase(ctx, p.ID, by)
	if err != nil {
		return err
	}
	t.answerRuling(a.ID, protocol.Ruling{Do: "erase", Person: p.ID, Messages: messages, By: by.ID, ByName: by.Name, At: t.chat.millis()})
	return nil
}

// mayErase tells a stranger to wait from whose address others have erased
// themselves of late. The Counter is asked each time: that is little beside what an
// erasure costs.
func (t *turn) mayErase(ctx context.Context, b rulebook, by Person) error {
	c, address := t.chat, t.conn.Address
	if c.limiter == nil || address == "" || rank(b.role(by.ID)) > 0 {
		return nil
	}
	wait := c.limiter.erase(address, c.now())
	if wait == 0 && c.Counter != nil {
		var err error
		if wait, err = c.Counter.Take(ctx, "E#"+address, 1, c.limiter.rates.AddressErasures); err != nil {
			c.logger.Warn("could not count erasures of all processes", "error", err)
			return nil
		}
	}
	if wait == 0 {
		return nil
	}
	e := again(protocol.TooMany, "Several people were erased from your address of late.", wait)
	e.After = wait.Milliseconds() + 1
	return e
}

// Erase takes away what is kept of a person: the texts, names and client's ids
// of all it said, its name, its session, what moderators laid down about it, and
// its name in the audit log. Its connections are closed. It returns how many
// messages were deleted.
//
// What was begun is remembered: where this returned an error, or the process
// died, calling it again or FinishErasures goes on.
func (c *Chat) Erase(ctx context.Context, person PersonID, by Person) (messages int, err error) {
	r := Rule{Kind: RuleErasing, Subject: person, By: by.ID, ByName: by.Name, At: c.millis()}
	if by.ID == person {
		r.ByName = ""
	}
	if err := c.layDown(ctx, r); err != nil {
		return 0, err
	}
	return c.carryOut(ctx, r)
}

// FinishErasures does what is left of erasures that were cut short.
func (c *Chat) FinishErasures(ctx context.Context) (errs error) {
	rules, err := c.Rules.AllRules(ctx)
	if err != nil {
		return fmt.Errorf("look for erasures: %w", err)
	}
	for _, r := range rules {
		if r.Kind == RuleErasing {
			_, err := c.carryOut(ctx, r)
			errs = errors.Join(errs, err)
		}
	}
	return errs
}

// carryOut erases a person. Each step may be done again.
func (c *Chat) carryOut(ctx context.Context, r Rule) (messages int, err error) {
	person, by := r.Subject, Person{ID: r.By, Name: r.ByName}
	rooms, err := c.putOut(ctx, person)
	if err != nil {
		return 0, err
	}
	if err := c.erasePerson(ctx, person); err != nil { // first, so that nobody comes back and says more
		return 0, err
	}
	deleted, err := c.purge(ctx, person, "", by)
	if err != nil {
		return 0, err
	}
	err = c.Log.ForgetSender(ctx, person)
	c.kept.dropAll() // it may have spoken in any room
	if err != nil {
		return 0, fmt.Errorf("forget who said it: %w", err)
	}
	if err := c.forgetRules(ctx, person); err != nil {
		return 0, err
	}
	if err := c.Rules.ForgetActs(ctx, person); err != nil {
		return 0, fmt.Errorf("forget a name in the audit log: %w", err)
	}
	if err := c.erasePerson(ctx, person); err != nil { // a rename under way may have stored it anew
		return 0, err
	}
	for room, n := range deleted {
		messages += n
		if !slices.Contains(rooms, room) {
			rooms = append(rooms, room)
		}
	}
	act := Act{At: r.At, By: r.By, ByName: r.ByName, Do: "erase", Person: person, Detail: count(int64(messages), "message")}
	if _, err := c.Rules.PutActOnce(ctx, act); err != nil { // another sweep may be at the same erasure
		return messages, fmt.Errorf("write the audit log: %w", err)
	}
	event := protocol.Encode(&protocol.Erased{Type: "erased", Person: person})
	for _, room := range rooms {
		if err := c.deliver(ctx, room, &delivery{event: event, audience: WithProtocol}); err != nil {
			c.logger.Warn("could not tell a room that somebody was erased", "error", err)
		}
	}
	_, _, err = c.lift(ctx, RuleErasing, "", person)
	return messages, err
}

func (c *Chat) erasePerson(ctx context.Context, person PersonID) error {
	if err := c.People.ErasePerson(ctx, person); err != nil {
		return fmt.Errorf("erase a person: %w", err)
	}
	return nil
}

// putOut ends a person's sessions, closes its connections and takes them out of
// their rooms, which it returns. That comes first, so that nothing more is said;
// what they are told is true whenever the rest is done.
func (c *Chat) putOut(ctx context.Context, person PersonID) (rooms []string, err error) {
	open, err := c.endSessions(ctx, person, (*Person).signOut)
	if err != nil {
		return nil, err
	}
	for _, conn := range open {
		for _, room := range conn.Rooms {
			if !slices.Contains(rooms, room) {
				rooms = append(rooms, room)
			}
		}
	}
	why := protocol.Errorf(protocol.SignedOut, "You are being erased. What is kept of you here goes now, which may take minutes where it is much.")
	return rooms, c.end(ctx, open, why, protocol.CloseSignedOut)
}

// forgetRules lifts what was laid down about a person, bans by address with it,
// and takes the person's name from what it laid down itself.
func (c *Chat) forgetRules(ctx context.Context, person PersonID) error {
	rules, err := c.Rules.AllRules(ctx)
	if err != nil {
		return fmt.Errorf("look for rules about a person: %w", err)
	}
	for _, r := range rules {
		switch {
		case r.Kind == RuleErasing:
			continue
		case r.Subject == person, r.Kind == RuleBanAddress && r.Text == person:
			_, _, err = c.lift(ctx, r.Kind, r.Room, r.Subject)
		case r.By == person && r.ByName != "":
			r.ByName = ""
			err = c.layDown(ctx, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PersonNamed returns who holds a name, or ErrNoPerson.
func (c *Chat) PersonNamed(ctx context.Context, name string) (Person, error) {
	name, err := NormalizeName(name)
	if err != nil {
		return Person{}, ErrNoPerson
	}
	return c.People.PersonByName(ctx, Skeleton(name))
}
