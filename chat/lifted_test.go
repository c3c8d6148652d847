package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
)

// countedRules counts how often all rules are read.
type countedRules struct {
	*memory.Rules
	reads  int
	fail   error
	onRead func()
}

func (r *countedRules) AllRules(ctx context.Context) ([]chat.Rule, error) {
	if r.reads++; r.fail != nil {
		return nil, r.fail
	}
	if r.onRead != nil {
		r.onRead()
	}
	return r.Rules.AllRules(ctx)
}

// twoFunctions returns an office, and another process over what it holds that reads
// the rules once a minute. It has read those in force, and 100 ms pass.
func twoFunctions(t *testing.T, inForce ...map[string]any) (o *office, other *chat.Chat, rules *countedRules) {
	t.Helper()
	o = newOffice(t)
	for _, action := range inForce {
		who := "mona"
		if action["type"] == "creation" || action["type"] == "appoint" {
			who = "olga"
		}
		if action["person"] != nil {
			action["person"] = o.id[action["person"].(string)]
		}
		if got := o.do(who, action); got != "moderated" {
			t.Fatalf("%v: %s", action, got)
		}
	}
	rules = &countedRules{Rules: o.rules}
	options := o.options
	options.RulesAge = time.Minute
	other = chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: rules}, options)
	t.Cleanup(other.Close)
	if err := other.OnAction(context.Background(), "olga", []byte(`{"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(100 * time.Millisecond)
	return o, other, rules
}

// by has another process do what a connection asks for, and returns as office.do does.
func (o *office) by(c *chat.Chat, who string, action map[string]any) string {
	o.t.Helper()
	before := len(o.got(who))
	action["id"] = fmt.Sprint("there ", before)
	frame, err := json.Marshal(action)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := c.OnAction(context.Background(), who, frame); err != nil {
		o.t.Fatal(err)
	}
	for _, e := range o.got(who)[before:] {
		if e.str("id") == action["id"] {
			if e.str("type") == "error" {
				return e.str("code")
			}
			return e.str("type")
		}
	}
	return ""
}

// What is refused is not tried again, so a process must not refuse by a rule that
// was lifted by another one since it read them.
func TestNothingIsRefusedByALiftedRule(t *testing.T) {
	type object = map[string]any
	message := object{"type": "message", "room": "hall", "text": "a word"}
	for name, c := range map[string]struct {
		rule    object
		lift    object // by olga
		who     string
		action  object
		refused string // before it is lifted
		allowed string
	}{
		"a mute":                            {object{"type": "mute", "person": "gus", "room": "hall"}, object{"type": "mute", "person": "gus", "room": "hall", "until": 0}, "gus", message, "muted", "message"},
		"a mute of who becomes a moderator": {object{"type": "mute", "person": "gus"}, object{"type": "appoint", "person": "gus", "role": "moderator"}, "gus", message, "muted", "message"},
		"a mute, to rename":                 {object{"type": "mute", "person": "gus"}, object{"type": "mute", "person": "gus", "until": 0}, "gus", object{"type": "rename", "name": "august"}, "muted", "renamed"},
		"a locked room":                     {object{"type": "lock", "room": "hall"}, object{"type": "lock", "room": "hall", "until": 0}, "gus", message, "locked", "message"},
		"creation":                          {object{"type": "creation", "role": "moderator"}, object{"type": "creation", "role": "guest"}, "gus", object{"type": "message", "room": "new", "text": "first"}, "not_allowed", "message"},
		"slow mode":                         {object{"type": "slow", "room": "hall", "every": 600_000}, object{"type": "slow", "room": "hall", "every": 0}, "gus", message, "slow_mode", "message"},
		"an invited room":                   {object{"type": "invited", "room": "club", "on": true}, object{"type": "invited", "room": "club", "on": false}, "gus", object{"type": "join", "room": "club"}, "invitation_needed", "joined"},
		"the role of whom one acts on":      {object{"type": "appoint", "person": "gus", "role": "moderator"}, object{"type": "appoint", "person": "gus", "role": "guest"}, "mona", object{"type": "mute", "person": "gus"}, "not_allowed", "moderated"},
		"no role, to delete":                {object{"type": "lock", "room": "other"}, object{"type": "appoint", "person": "gus", "role": "moderator"}, "gus", object{"type": "delete", "room": "hall", "target": 1}, "not_yours", "delete"},
		"no role, to erase":                 {object{"type": "lock", "room": "other"}, object{"type": "appoint", "person": "mona", "role": "operator"}, "mona", object{"type": "erase", "person": "gil"}, "not_allowed", "moderated"},
		"no role, to be called like those who keep order": {object{"type": "lock", "room": "other"}, object{"type": "appoint", "person": "gus", "role": "operator"}, "gus", object{"type": "rename", "name": "parley"}, "name_reserved", "renamed"},
	} {
		t.Run(name, func(t *testing.T) {
			o, other, rules := twoFunctions(t, c.rule)
			o.act("gus", object{"type": "join", "room": "new"})
			o.says("gil") // what gus may not delete
			o.act("gus", object{"type": "message", "room": "hall", "text": "before slow mode", "id": "before"})
			ask := func() string {
				action := object{}
				for k, v := range c.action {
					action[k] = v
				}
				if person, ok := action["person"].(string); ok {
					action["person"] = o.id[person]
				}
				return o.by(other, c.who, action)
			}
			if name == "slow mode" { // counted by the log, whatever the rules were when it was said
				o.act("olga", object{"type": "slow", "room": "hall", "every": 0})
				o.says("gus")
				o.act("olga", object{"type": "slow", "room": "hall", "every": 600_000})
			}
			equal(t, "in force", ask(), c.refused)
			o.now = o.now.Add(time.Millisecond)
			if person, ok := c.lift["person"].(string); ok {
				c.lift["person"] = o.id[person]
			}
			equal(t, "lifted", o.do("olga", c.lift), "moderated")
			o.now = o.now.Add(100 * time.Millisecond)
			before := rules.reads
			equal(t, "at once", ask(), c.allowed)
			if n := rules.reads - before; n < 1 || n > 2 {
				t.Errorf("the rules were read %d times", n)
			}
		})
	}
}

func TestWhoIsNoLongerBannedIsLetIn(t *testing.T) {
	hello := func(o *office, by *chat.Chat) string {
		o.connect("back", protocol.Subprotocol)
		o.by(by, "back", map[string]any{"type": "hello", "session": o.session["gus"], "rooms": []any{map[string]any{"room": "hall"}}})
		return o.got("back")[0].str("type")
	}
	t.Run("by a hello", func(t *testing.T) {
		o, other, _ := twoFunctions(t, map[string]any{"type": "ban", "person": "gus"})
		o.do("mona", map[string]any{"type": "ban", "person": o.id["gus"], "until": 0})
		equal(t, "hello", hello(o, other), "welcome")
	})
	t.Run("and not put out by the next", func(t *testing.T) {
		o, other, _ := twoFunctions(t, map[string]any{"type": "ban", "person": "gus"})
		o.do("mona", map[string]any{"type": "ban", "person": o.id["gus"], "until": 0})
		equal(t, "hello here", hello(o, o.Chat), "welcome")
		equal(t, "ping there", o.by(other, "back", map[string]any{"type": "ping"}), "pong")
	})
	t.Run("from an address", func(t *testing.T) {
		o, other, _ := twoFunctions(t)
		o.laidDown(chat.Rule{Kind: chat.RuleBanAddress, Subject: "192.0.2.7"})
		come := func() error {
			_, err := other.OnConnect(context.Background(), "back", chat.Handshake{Address: "192.0.2.7"})
			return err
		}
		o.now = o.now.Add(2 * time.Minute)
		var refused *chat.ErrRefused
		if err := come(); !errors.As(err, &refused) {
			t.Fatalf("banned: %v", err)
		}
		if _, _, err := o.rules.TakeRule(context.Background(), chat.RuleBanAddress, "", "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
		o.now = o.now.Add(time.Millisecond)
		if err := come(); err != nil {
			t.Errorf("lifted: %v", err)
		}
	})
}

// A page that was told of a rule with joined would keep to it for good.
func TestWhoJoinsIsToldNoLiftedRule(t *testing.T) {
	o, other, _ := twoFunctions(t, map[string]any{"type": "lock", "room": "hall"}, map[string]any{"type": "mute", "person": "gus"})
	o.do("mona", map[string]any{"type": "lock", "room": "hall", "until": 0})
	o.do("mona", map[string]any{"type": "mute", "person": o.id["gus"], "until": 0})
	o.by(other, "gus", map[string]any{"type": "join", "room": "hall"})
	equal(t, "rules", o.last("gus", "joined")["rules"], nil)
}

// Who is refused again and again has the rules read about once a second; and where
// they cannot be read, what it sends is not lost.
func TestRefusalsReadTheRulesSeldom(t *testing.T) {
	o, other, rules := twoFunctions(t, map[string]any{"type": "mute", "person": "gus"})
	before := rules.reads
	for range 1000 {
		o.now = o.now.Add(10 * time.Millisecond)
		equal(t, "speaks", o.by(other, "gus", map[string]any{"type": "message", "room": "hall", "text": "a word"}), "muted")
	}
	if n := rules.reads - before; n < 10 || n > 15 {
		t.Errorf("1,000 refusals in 10 s read the rules %d times, want 10 to 15", n)
	}
	o.now = o.now.Add(10 * time.Second)
	rules.fail = errTable
	if err := other.OnAction(context.Background(), "gus", []byte(`{"type":"message","id":"again","room":"hall","text":"a word"}`)); !errors.Is(err, errTable) {
		t.Errorf("the operator is told %v", err)
	}
	e := o.last("gus", "error")
	equal(t, "told", fmt.Sprint(e.str("code"), e["retry"]), "unavailabletrue")
}
