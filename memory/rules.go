package memory

import (
	"context"
	"slices"
	"sync"

	"parley/chat"
)

// Rules is a chat.Rules that is as durable as the process: for tests.
type Rules struct {
	mu    sync.RWMutex
	rules map[ruleKey]chat.Rule
	acts  []chat.Act // acts[i].Seq is i+1
}

// ruleKey is what at most one rule in force has.
type ruleKey struct {
	kind          chat.RuleKind
	room, subject string
}

var _ chat.Rules = (*Rules)(nil)

// NewRules returns an empty store.
func NewRules() *Rules { return &Rules{rules: make(map[ruleKey]chat.Rule)} }

// PutRule lays down a rule, or returns chat.ErrTooManyRules.
func (s *Rules) PutRule(ctx context.Context, r chat.Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	key := ruleKey{r.Kind, r.Room, r.Subject}
	if _, there := s.rules[key]; !there && len(s.rules) >= chat.MaxRules {
		return chat.ErrTooManyRules
	}
	s.rules[key] = r
	return nil
}

// TakeRule lifts a rule.
func (s *Rules) TakeRule(ctx context.Context, kind chat.RuleKind, room, subject string) (chat.Rule, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return chat.Rule{}, false, err
	}
	key := ruleKey{kind, room, subject}
	r, existed := s.rules[key]
	delete(s.rules, key)
	return r, existed, nil
}

// UseRule takes one from the Value of a rule.
func (s *Rules) UseRule(ctx context.Context, kind chat.RuleKind, room, subject string) (chat.Rule, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return chat.Rule{}, false, err
	}
	key := ruleKey{kind, room, subject}
	r, existed := s.rules[key]
	if !existed || r.Value == 0 {
		return r, existed, nil
	}
	if r.Value--; r.Value == 0 {
		delete(s.rules, key)
	} else {
		s.rules[key] = r
	}
	return r, true, nil
}

// AllRules returns the rules.
func (s *Rules) AllRules(ctx context.Context) ([]chat.Rule, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]chat.Rule, 0, len(s.rules))
	for _, r := range s.rules {
		all = append(all, r)
	}
	return all, nil
}

// PutAct appends to the audit log.
func (s *Rules) PutAct(ctx context.Context, a chat.Act) (chat.Act, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return a, err
	}
	return s.putAct(a), nil
}

// PutActOnce appends to the audit log what does not stand there.
func (s *Rules) PutActOnce(ctx context.Context, a chat.Act) (chat.Act, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return a, err
	}
	for _, there := range s.acts[max(0, len(s.acts)-chat.ActsOnce):] {
		if there.Same(a) {
			return there, nil
		}
	}
	return s.putAct(a), nil
}

func (s *Rules) putAct(a chat.Act) chat.Act {
	a.Seq = uint64(len(s.acts)) + 1
	s.acts = append(s.acts, a)
	return a
}

// Acts returns entries of the audit log, newest first.
func (s *Rules) Acts(ctx context.Context, before uint64, limit int) ([]chat.Act, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	end := uint64(len(s.acts))
	if before != 0 {
		end = min(end, before-1)
	}
	acts := slices.Clone(s.acts[end-min(end, uint64(max(0, limit))) : end])
	slices.Reverse(acts)
	return acts, nil
}

// ForgetActs empties the names of a person in the audit log.
func (s *Rules) ForgetActs(ctx context.Context, person chat.PersonID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range s.acts {
		a := &s.acts[i]
		if a.By == person {
			a.ByName = ""
		}
		if a.Person == person {
			a.Name, a.Detail = "", ""
		}
	}
	return nil
}
