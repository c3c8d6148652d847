package chat

import (
	"context"
	"errors"
	"time"

	"parley/protocol"
)

func (t *turn) ban(ctx context.Context, b rulebook, by Person, a *protocol.Ban) error {
	until, lifts := lasts(a.Until)
	p, err := t.concerned(ctx, by, a.Person, lifts)
	if err != nil {
		return err
	}
	open, err := t.chat.openOf(ctx, p.ID)
	if err != nil {
		return err
	}
	r := Rule{Kind: RuleBan, Subject: p.ID, Reason: a.Reason, Name: p.Name, By: by.ID, ByName: by.Name, Until: until}
	var addresses []Rule
	add := func(key string) {
		one := r
		one.Kind, one.Subject, one.Text, one.At = RuleBanAddress, key, p.ID, t.chat.millis() // Text: whose it was, to lift it with the ban
		addresses = append(addresses, one)
	}
	if lifts {
		for key, r := range b.rules {
			if key.kind == RuleBanAddress && r.Text == p.ID {
				add(key.subject)
			}
		}
	} else if a.Address {
		keepers, err := t.chat.keepersAddresses(ctx, b)
		if err != nil {
			return err
		}
		for _, conn := range open {
			if keepers[conn.Address] {
				return protocol.Errorf(protocol.NotAllowed, "Somebody who keeps order here comes from the same address. Ban the person alone.")
			}
			if conn.Address != "" {
				add(conn.Address)
			}
		}
	}
	if lifts {
		for _, address := range addresses { // first, so that it can be tried again
			if err := t.put(ctx, address, lifts); err != nil {
				return err
			}
		}
	}
	told, err := t.settle(ctx, r, "ban", lifts)
	if err != nil {
		return err
	}
	if t.answerRuling(a.ID, told); lifts {
		return nil
	}
	for _, address := range addresses {
		err := t.put(ctx, address, lifts)
		if isRefusal(err) {
			err = protocol.Errorf(protocol.TooMany, "The person is banned, the address is not: there are %d rules in force already.", MaxRules)
		}
		if err != nil {
			t.fail(ctx, &protocol.Ban{}, err) // beside the answer
			break
		}
	}
	if open, err = t.chat.openOf(ctx, p.ID); err != nil { // also those that said hello until it was laid down; from then on hello looks again
		return err
	}
	err = t.chat.end(ctx, open, banned(r, t.chat.millis()), protocol.CloseBanned)
	if t.chat.options.RulesAge > 0 {
		t.flush(ctx)
		err = errors.Join(err, t.chat.endLate(ctx, r))
	}
	return err
}

// endLate ends what connections of a banned person were let in by processes that
// had not read of the ban. It waits until all have; then hello refuses.
func (c *Chat) endLate(ctx context.Context, r Rule) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(c.options.RulesAge):
	}
	open, err := c.openOf(ctx, r.Subject)
	if err != nil {
		return err
	}
	return c.end(ctx, open, banned(r, c.millis()), protocol.CloseBanned)
}

// keepersAddresses are those from which operators and moderators are connected: to
// ban one of them would keep its keeper out.
func (c *Chat) keepersAddresses(ctx context.Context, b rulebook) (map[string]bool, error) {
	addresses := map[string]bool{}
	for key := range b.rules {
		if key.kind != RuleRole {
			continue
		}
		open, err := c.openOf(ctx, key.subject)
		if err != nil {
			return nil, err
		}
		for _, conn := range open {
			addresses[conn.Address] = conn.Address != ""
		}
	}
	return addresses, nil
}
