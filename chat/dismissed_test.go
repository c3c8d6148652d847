package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
)

// dyingRules are the rules as one function sees them. Before a call something
// happens, and from a later one on, the function is dead.
type dyingRules struct {
	*memory.Rules
	calls, at, dies int
	happens         func()
}

func (r *dyingRules) call() error {
	if r.calls++; r.calls == r.at {
		r.happens()
	}
	if r.calls >= r.dies {
		return errCut
	}
	return nil
}

func (r *dyingRules) AllRules(ctx context.Context) ([]chat.Rule, error) {
	if err := r.call(); err != nil {
		return nil, err
	}
	return r.Rules.AllRules(ctx)
}

func (r *dyingRules) PutRule(ctx context.Context, rule chat.Rule) error {
	if err := r.call(); err != nil {
		return err
	}
	return r.Rules.PutRule(ctx, rule)
}

func (r *dyingRules) TakeRule(ctx context.Context, kind chat.RuleKind, room, subject string) (chat.Rule, bool, error) {
	if err := r.call(); err != nil {
		return chat.Rule{}, false, err
	}
	return r.Rules.TakeRule(ctx, kind, room, subject)
}

// Two operators dismiss each other from two functions, one of them between any two
// calls of the other, and each dies before any call of its own, or not at all.
func TestOneOfTwoOperatorsStaysWhereverFunctionsDie(t *testing.T) {
	const calls = 12 // more than a dismissal makes
	dismissed := 0
	for at := 1; at < calls; at++ {
		for dies := at; dies <= calls; dies++ {
			for otherDies := 1; otherDies <= calls; otherDies++ {
				o := newOffice(t)
				o.do("olga", map[string]any{"type": "appoint", "person": o.id["mona"], "role": "operator"})
				options := o.options
				options.RulesAge = time.Minute
				dismiss := func(by, of string, rules *dyingRules) {
					function := chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: rules}, options)
					defer function.Close()
					frame := fmt.Sprintf(`{"type":"appoint","person":"%s","role":"guest"}`, o.id[of])
					function.OnAction(context.Background(), by, []byte(frame)) // its error is that it died
				}
				dismiss("olga", "mona", &dyingRules{Rules: o.rules, at: at, dies: dies, happens: func() {
					dismiss("mona", "olga", &dyingRules{Rules: o.rules, dies: otherDies})
				}})
				rules, err := o.rules.AllRules(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				operators := 0
				for _, r := range rules {
					if r.Kind == chat.RuleRole && r.Text == protocol.RoleOperator {
						operators++
					}
				}
				if operators == 0 {
					t.Fatalf("one begins before call %d of the other, which dies before call %d, and itself before call %d: no operator is left", at, dies, otherDies)
				}
				dismissed += 2 - operators
			}
		}
	}
	if dismissed == 0 {
		t.Error("nobody was dismissed at all")
	}
}
