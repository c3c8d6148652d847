package chat_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

func TestNoWayRoundAMute(t *testing.T) {
	o := newOffice(t)
	o.do("mona", map[string]any{"type": "mute", "room": "hall", "person": o.id["gus"]})
	o.clear()
	equal(t, "rename", o.do("gus", map[string]any{"type": "rename", "name": "hear me all the same"}), "muted")
	o.act("gus", map[string]any{"type": "typing", "room": "hall"})
	equal(t, "heard", len(o.got("gil")), 0)
	o.act("gus", map[string]any{"type": "leave", "room": "hall"})
	equal(t, "elsewhere, to come back with it", o.do("gus", map[string]any{"type": "rename", "name": "august"}), "muted")

	o.do("mona", map[string]any{"type": "mute", "person": o.id["gus"]})
	equal(t, "everywhere", o.do("gus", map[string]any{"type": "rename", "name": "gustav"}), "muted")
}

func TestOnlyOperatorsBeginRooms(t *testing.T) {
	o := newOffice(t)
	o.do("olga", map[string]any{"type": "creation", "role": "operator"})
	for _, c := range []struct{ who, room, want string }{
		{"gus", "new", "not_allowed"}, {"mona", "new", "not_allowed"}, {"olga", "new", "message"}, {"mona", "new", "message"}, {"gus", "new", "message"},
	} {
		o.act(c.who, map[string]any{"type": "join", "room": c.room})
		equal(t, c.who, o.do(c.who, map[string]any{"type": "message", "room": c.room, "text": "first"}), c.want)
	}
}

func TestDeletedByAModeratorIsInTheAuditLog(t *testing.T) {
	o := newOffice(t)
	o.says("gus")
	o.says("mona")
	for _, target := range []int{1, 1, 2} {
		o.do("mona", map[string]any{"type": "delete", "room": "hall", "target": target})
	}
	acts, err := o.Rules.Acts(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, a := range acts {
		if a.Do == "delete" {
			found++
			equal(t, "of", a.Person, o.id["gus"])
			equal(t, "name", a.Name, "gus")
			equal(t, "by", a.ByName, "mona")
			equal(t, "room", a.Room, "hall")
			equal(t, "detail", a.Detail, "message 1")
		}
	}
	equal(t, "deletes", found, 1)
}

func TestWhoSignedOutCanBeDismissed(t *testing.T) {
	o := newOffice(t)
	o.act("mona", map[string]any{"type": "sign_out"})
	equal(t, "closed", o.poster.closed["mona"], protocol.CloseSignedOut)
	appoint := func(role string) string {
		return o.do("olga", map[string]any{"type": "appoint", "person": o.id["mona"], "role": role})
	}
	equal(t, "operator", appoint("operator"), "no_such_person")
	equal(t, "guest", appoint("guest"), "moderated")
	o.do("olga", map[string]any{"type": "moderation"})
	for _, r := range o.last("olga", "moderation").list("rules") {
		if r.str("person") == o.id["mona"] {
			t.Errorf("still %v", r)
		}
	}
}

func TestSlowModeForManyTabs(t *testing.T) {
	o := newOffice(t)
	o.do("mona", map[string]any{"type": "slow", "room": "hall", "every": 60_000})
	var all sync.WaitGroup
	for i := range 8 {
		tab := fmt.Sprint("tab ", i)
		o.connect(tab, protocol.Subprotocol)
		o.act(tab, map[string]any{"type": "hello", "session": o.session["gus"], "rooms": []any{map[string]any{"room": "hall"}}})
	}
	o.clear()
	o.log.onAppend = func() { time.Sleep(5 * time.Millisecond) } // as a disk does: all tabs have asked by then
	for i := range 8 {
		all.Go(func() {
			if err := o.OnAction(context.Background(), fmt.Sprint("tab ", i), []byte(`{"type":"message","room":"hall","text":"me too"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	equal(t, "heard", len(o.got("gil", "message")), 1)
}

func TestNobodyIsErasedWhoIsNotKept(t *testing.T) {
	o := newOffice(t)
	o.hello("reader", "", "hall")
	before, err := o.Rules.Acts(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	o.act("reader", map[string]any{"type": "erase"})
	equal(t, "closed", o.poster.closed["reader"], protocol.CloseSignedOut)
	after, err := o.Rules.Acts(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "acts", len(after), len(before))
}

// readRules counts how often all rules are read.
type readRules struct {
	chat.Rules
	reads int
}

func (r *readRules) AllRules(ctx context.Context) ([]chat.Rule, error) {
	r.reads++
	return r.Rules.AllRules(ctx)
}

func TestGuessedLinksCostNoReading(t *testing.T) {
	o := newOffice(t)
	rules := &readRules{Rules: o.rules}
	o.Chat = chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: rules}, o.options)
	t.Cleanup(o.Close)
	for range 10 {
		equal(t, "link", o.do("gus", map[string]any{"type": "link", "link": "a guess"}), "bad_link")
	}
	equal(t, "reads", rules.reads, 1)
}

func TestOneOfTwoOperatorsStays(t *testing.T) {
	for range 20 {
		o := newOffice(t)
		o.do("olga", map[string]any{"type": "appoint", "person": o.id["mona"], "role": "operator"})
		var all sync.WaitGroup
		for by, of := range map[string]string{"olga": "mona", "mona": "olga"} {
			all.Go(func() {
				frame := fmt.Sprintf(`{"type":"appoint","person":"%s","role":"guest"}`, o.id[of])
				if err := o.OnAction(context.Background(), by, []byte(frame)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
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
		equal(t, "operators", operators, 1)
	}
}

// together holds each one's first dismissal back until both have begun theirs.
type together struct {
	chat.Rules
	once sync.Once
	both *sync.WaitGroup
}

func (r *together) PutRule(ctx context.Context, rule chat.Rule) error {
	if rule.Kind == chat.RuleDismissing {
		r.once.Do(func() {
			r.both.Done()
			r.both.Wait()
		})
	}
	return r.Rules.PutRule(ctx, rule)
}

// The same by two functions, each of which has made sure that its operator is one.
func TestOneOfTwoOperatorsStaysInTwoFunctions(t *testing.T) {
	o := newOffice(t)
	o.do("olga", map[string]any{"type": "appoint", "person": o.id["mona"], "role": "operator"})
	options := o.options
	options.RulesAge = time.Minute
	var both, all sync.WaitGroup
	both.Add(2)
	for by, of := range map[string]string{"olga": "mona", "mona": "olga"} {
		function := chat.New(chat.Ports{
			Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: &together{Rules: o.rules, both: &both},
		}, options)
		t.Cleanup(function.Close)
		all.Go(func() {
			frame := fmt.Sprintf(`{"type":"appoint","person":"%s","role":"guest"}`, o.id[of])
			if err := function.OnAction(context.Background(), by, []byte(frame)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	rules, err := o.rules.AllRules(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rules, func(r chat.Rule) bool { return r.Kind == chat.RuleRole && r.Text == protocol.RoleOperator }) {
		t.Errorf("no operator is left: %+v", rules)
	}
}
