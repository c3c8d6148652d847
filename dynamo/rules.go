package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"

	"parley/chat"
)

// All rules are in one partition, so that one query reads them: 5,000 of 200
// bytes are one page. A function reads them again when they are older than
// chat.Options.RulesAge; nothing of a message's way does.

// PutRule lays down a rule. One write; for one that is new, one consistent query
// more, so that there are no more than chat.MaxRules. Several at once may make it
// a few more.
func (s *Store) PutRule(ctx context.Context, r chat.Rule) error {
	row := ruleRow(r)
	err := s.put(ctx, row, condition{is: "attribute_exists(" + partitionKey + ")"})
	if _, isNew := refused(err); isNew {
		var n int
		if n, err = s.countRules(ctx); err == nil && n >= chat.MaxRules {
			return chat.ErrTooManyRules
		}
		if err == nil {
			err = s.put(ctx, row, condition{})
		}
	}
	if err != nil {
		return fmt.Errorf("put a rule: %w", err)
	}
	return nil
}

func (s *Store) countRules(ctx context.Context) (n int, err error) {
	for p, err := range s.pages(ctx, query{partition: rulesPartition, projection: []string{sortKey}}) {
		if err != nil {
			return 0, err
		}
		n += len(p.rows)
	}
	return n, nil
}

// TakeRule lifts a rule. One write. Where DynamoDB did it and its answer was
// lost, nobody is told that there was one: a link is then used up, and another
// has to be made.
func (s *Store) TakeRule(ctx context.Context, kind chat.RuleKind, room, subject string) (chat.Rule, bool, error) {
	row, err := s.remove(ctx, ruleKey(kind, room, subject), condition{})
	if err != nil {
		return chat.Rule{}, false, fmt.Errorf("take a rule: %w", err)
	}
	return parseRule(row), row != nil, nil
}

// UseRule takes one from the Value of a rule. A get and a write. The lost answer
// of a last use is as with TakeRule.
func (s *Store) UseRule(ctx context.Context, kind chat.RuleKind, room, subject string) (chat.Rule, bool, error) {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		r, existed, used, err := s.useRule(ctx, kind, room, subject)
		if err == nil && used {
			return r, existed, nil
		}
		if err == nil {
			err = pause(ctx, end, attempt, contention)
		}
		if err != nil {
			return chat.Rule{}, false, fmt.Errorf("use a rule: %w", err)
		}
	}
}

// useRule tells whether it was done, or the row changed meanwhile.
func (s *Store) useRule(ctx context.Context, kind chat.RuleKind, room, subject string) (r chat.Rule, existed, used bool, err error) {
	row, err := s.get(ctx, ruleKey(kind, room, subject))
	if err != nil {
		return r, false, false, err
	}
	r, existed = parseRule(row), row != nil
	if !existed || r.Value == 0 {
		return r, existed, true, nil
	}
	unchanged := is("token", row["token"])
	if r.Value--; r.Value == 0 {
		was, err := s.remove(ctx, ruleKey(kind, room, subject), unchanged)
		return r, true, was != nil, err
	}
	less := ruleRow(r)
	err = s.put(ctx, less, unchanged)
	if there, changed := refused(err); changed {
		return r, true, getText(there, "token") == getText(less, "token"), nil // ours: only the answer was lost
	}
	return r, true, err == nil, err
}

// AllRules returns the rules. One consistent query: what somebody has just laid
// down holds for what comes next.
func (s *Store) AllRules(ctx context.Context) ([]chat.Rule, error) {
	all := []chat.Rule{}
	for p, err := range s.pages(ctx, query{partition: rulesPartition}) {
		if err != nil {
			return nil, fmt.Errorf("read the rules: %w", err)
		}
		for _, row := range p.rows {
			all = append(all, parseRule(row))
		}
	}
	return all, nil
}

// ruleRow has a token, by which each time that a rule was laid down is another,
// and a ttl: what has ended goes by itself, addresses among it.
func ruleRow(r chat.Rule) item {
	row := ruleKey(r.Kind, r.Room, r.Subject)
	row["token"] = text(rand.Text()[:tokenLength])
	if r.Until != 0 {
		row[ttlAttribute] = number(r.Until/1000 + 1)
	}
	setText(row, "kind", string(r.Kind))
	setText(row, "room", r.Room)
	setText(row, "subject", r.Subject)
	setNumber(row, "value", r.Value)
	setText(row, "text", r.Text)
	setText(row, "reason", r.Reason)
	setText(row, "name", r.Name)
	setText(row, "by", r.By)
	setText(row, "byName", r.ByName)
	setNumber(row, "at", r.At)
	setNumber(row, "until", r.Until)
	return row
}

func parseRule(row item) chat.Rule {
	return chat.Rule{
		Kind: chat.RuleKind(getText(row, "kind")), Room: getText(row, "room"), Subject: getText(row, "subject"),
		Value: getInt(row, "value"), Text: getText(row, "text"), Reason: getText(row, "reason"), Name: getText(row, "name"),
		By: getText(row, "by"), ByName: getText(row, "byName"), At: getInt(row, "at"), Until: getInt(row, "until"),
	}
}
