package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

// office is a home with an operator, a moderator and two guests in one room.
type office struct {
	*home
	id      map[string]string // of the persons, by name
	session map[string]string
	now     time.Time
}

func newOffice(t *testing.T) *office {
	o := &office{id: map[string]string{}, session: map[string]string{}, now: time.Now()}
	o.home = newHome(t, chat.Options{Now: func() time.Time { return o.now }})
	for _, name := range []string{"olga", "mona", "gus", "gil"} {
		w := o.hello(name, name, "hall")
		o.id[name], o.session[name] = w["you"].(map[string]any)["id"].(string), w.str("session")
	}
	token, err := o.OperatorLink(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o.act("olga", map[string]any{"type": "link", "id": "l", "link": token})
	o.act("olga", map[string]any{"type": "appoint", "id": "a", "person": o.id["mona"], "role": "moderator"})
	for _, name := range []string{"olga", "mona"} {
		o.session[name] = o.last(name, "session").str("session")
	}
	o.clear()
	return o
}

// do sends an action and returns the code of its error, or its answer's type.
func (o *office) do(who string, action map[string]any) string {
	o.t.Helper()
	before := len(o.got(who)) // others' messages carry ids of theirs
	action["id"] = fmt.Sprint("act ", before)
	o.act(who, action)
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

func (o *office) says(who string) string {
	o.t.Helper()
	return o.do(who, map[string]any{"type": "message", "room": "hall", "text": "a word"})
}

func TestWhoMayDoWhat(t *testing.T) {
	for name, c := range map[string]struct {
		action map[string]any
		least  string
		answer string
	}{
		"mute":       {map[string]any{"type": "mute", "person": "gil"}, "mona", "moderated"},
		"ban":        {map[string]any{"type": "ban", "person": "gil"}, "mona", "moderated"},
		"kick":       {map[string]any{"type": "kick", "person": "gil"}, "mona", "moderated"},
		"lock":       {map[string]any{"type": "lock", "room": "hall"}, "mona", "moderated"},
		"slow":       {map[string]any{"type": "slow", "room": "hall", "every": 1000}, "mona", "moderated"},
		"moderation": {map[string]any{"type": "moderation"}, "mona", "moderation"},
		"appoint":    {map[string]any{"type": "appoint", "person": "gil", "role": "moderator"}, "olga", "moderated"},
		"creation":   {map[string]any{"type": "creation", "role": "moderator"}, "olga", "moderated"},
		"audit":      {map[string]any{"type": "audit"}, "olga", "audit"},
		"purge":      {map[string]any{"type": "purge", "person": "gil"}, "mona", "moderated"},
		"invited":    {map[string]any{"type": "invited", "room": "hall", "on": true}, "mona", "moderated"},
		"invite":     {map[string]any{"type": "invite", "room": "hall"}, "mona", "invitation"},
		"revoke":     {map[string]any{"type": "revoke", "key": "a key"}, "mona", "bad_link"},
		"retain":     {map[string]any{"type": "retain", "room": "hall", "days": 1}, "olga", "moderated"},
		"erase":      {map[string]any{"type": "erase", "person": "gil"}, "olga", "moderated"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			if c.action["person"] != nil {
				c.action["person"] = o.id["gil"]
			}
			o.connect("plain")
			want := map[string]string{"plain": "not_plain", "gus": "not_allowed", "mona": "not_allowed", "olga": c.answer}
			want[c.least] = c.answer
			for _, who := range []string{"plain", "gus", "mona", "olga"} {
				equal(t, who, o.do(who, c.action), want[who])
			}
		})
	}
	// What all may do about themselves, but for who has no session.
	for name, c := range map[string]struct {
		action        map[string]any
		plain, answer string
	}{
		"link":     {map[string]any{"type": "link", "link": "AAAAAAAAAAAAAAAAAAAAAA"}, "not_plain", "bad_link"},
		"sign_out": {map[string]any{"type": "sign_out"}, "not_plain", "signed_out"},
		"erase":    {map[string]any{"type": "erase"}, "not_plain", "signed_out"},
	} {
		t.Run(name+" oneself", func(t *testing.T) {
			o := newOffice(t)
			o.connect("plain")
			equal(t, "plain", o.do("plain", c.action), c.plain)
			for _, who := range []string{"gus", "mona", "olga"} {
				got := o.do(who, c.action)
				if got == "" { // the end of a connection answers no id
					got = o.last(who, "error").str("code")
				}
				equal(t, who, got, c.answer)
			}
		})
	}
}

// Who is given a role, or loses it, hears of it and by whom, in all tabs.
func TestWhoIsAppointedIsTold(t *testing.T) {
	o := newOffice(t)
	o.connect("tab", protocol.Subprotocol)
	o.act("tab", map[string]any{"type": "hello", "session": o.session["gus"]})
	for _, role := range []string{"moderator", "guest"} {
		o.do("olga", map[string]any{"type": "appoint", "person": o.id["gus"], "role": role})
		for _, who := range []string{"gus", "tab"} {
			told := o.last(who, "moderated")
			equal(t, who, fmt.Sprint(told.str("do"), told.str("role"), told.str("byName"), told.str("person") == o.id["gus"], told["id"]), "appoint"+role+"olgatrue <nil>")
		}
		equal(t, "others", len(o.got("gil", "moderated")), 0)
		o.clear()
	}
}

func TestNobodyActsOnThose(t *testing.T) {
	o := newOffice(t)
	for _, kind := range []string{"mute", "ban", "kick"} {
		for _, c := range [][2]string{{"mona", "olga"}, {"mona", "mona"}, {"olga", "olga"}} {
			equal(t, fmt.Sprint(kind, c), o.do(c[0], map[string]any{"type": kind, "person": o.id[c[1]]}), "not_allowed")
		}
		equal(t, kind, o.do("mona", map[string]any{"type": kind, "person": "nobody"}), "no_such_person")
	}
	equal(t, "the last operator", o.do("olga", map[string]any{"type": "appoint", "person": o.id["olga"], "role": "guest"}), "not_allowed")
	equal(t, "mona speaks", o.says("mona"), "message")
}

func TestMuted(t *testing.T) {
	o := newOffice(t)
	until := o.now.Add(time.Hour).UnixMilli()
	o.do("mona", map[string]any{"type": "mute", "room": "hall", "person": o.id["gus"], "until": until, "reason": "Too loud"})
	told := o.last("gus", "moderated")
	equal(t, "gus is told", fmt.Sprint(told.str("do"), told.str("reason"), told.num("until"), told.str("byName")), fmt.Sprint("muteToo loud", until, "mona"))
	equal(t, "gus speaks", o.says("gus"), "muted")
	equal(t, "until when", o.last("gus", "error").num("after"), 3600_000)
	equal(t, "why", o.last("gus", "error").str("message"), "A moderator has muted you for 1 hour: Too loud")
	equal(t, "gus edits", o.do("gus", map[string]any{"type": "edit", "room": "hall", "target": 1, "text": "x"}), "muted")
	equal(t, "gil speaks", o.says("gil"), "message")
	o.act("gus", map[string]any{"type": "join", "room": "other"})
	equal(t, "elsewhere", o.do("gus", map[string]any{"type": "message", "room": "other", "text": "x"}), "message")
	o.act("gus", map[string]any{"type": "join", "room": "hall"})
	rules := o.last("gus", "joined")["rules"].(map[string]any)
	equal(t, "rules", fmt.Sprint(rules["muted"], rules["reason"]), "trueToo loud")
	o.now = o.now.Add(time.Hour + time.Second)
	equal(t, "afterwards", o.says("gus"), "message")

	o.do("mona", map[string]any{"type": "mute", "person": o.id["gus"]})
	equal(t, "everywhere", o.do("gus", map[string]any{"type": "message", "room": "other", "text": "x"}), "muted")
	o.do("olga", map[string]any{"type": "mute", "person": o.id["gus"], "until": 0})
	equal(t, "told", o.last("gus", "moderated").str("do"), "unmute")
	equal(t, "lifted", o.says("gus"), "message")
}

func TestBanned(t *testing.T) {
	o := newOffice(t)
	o.connect("gus 2", protocol.Subprotocol)
	o.act("gus 2", map[string]any{"type": "hello", "session": o.session["gus"]})
	o.do("mona", map[string]any{"type": "ban", "person": o.id["gus"], "reason": "Spam"})
	for _, id := range []string{"gus", "gus 2"} {
		equal(t, id+" is told", o.last(id, "error").str("message"), "You are banned here: Spam")
		equal(t, id+" is closed", o.poster.closed[id], protocol.CloseBanned)
		equal(t, id+" is known", o.known(id), false)
	}
	o.connect("again", protocol.Subprotocol)
	o.act("again", map[string]any{"type": "hello", "session": o.session["gus"], "rooms": []any{map[string]any{"room": "hall"}}})
	equal(t, "comes again", o.last("again", "error").str("code"), "banned")
	equal(t, "closed again", o.poster.closed["again"], protocol.CloseBanned)
	equal(t, "gets nothing", len(o.got("again", "joined"))+len(o.got("again", "welcome")), 0)
	o.do("mona", map[string]any{"type": "ban", "person": o.id["gus"], "until": 0})
	o.connect("at last", protocol.Subprotocol)
	o.act("at last", map[string]any{"type": "hello", "session": o.session["gus"]})
	equal(t, "lifted", o.last("at last", "welcome")["you"].(map[string]any)["id"], o.id["gus"])
}

func (h *home) known(id string) bool {
	_, err := h.table.Get(context.Background(), id)
	return err == nil
}

// fullRules has no place for an address.
type fullRules struct{ chat.Rules }

func (r *fullRules) PutRule(ctx context.Context, rule chat.Rule) error {
	if rule.Kind == chat.RuleBanAddress {
		return chat.ErrTooManyRules
	}
	return r.Rules.PutRule(ctx, rule)
}

// The person is banned, put out and in the audit log, though the address found no place.
func TestBannedWhereAnAddressFindsNoPlace(t *testing.T) {
	o := newOffice(t)
	o.Chat = chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: &fullRules{o.rules}}, o.options)
	t.Cleanup(o.Close)
	if _, err := o.OnConnect(context.Background(), "eve", chat.Handshake{Subprotocols: []string{protocol.Subprotocol}, Address: "192.0.2.7"}); err != nil {
		t.Fatal(err)
	}
	o.poster.open["eve"] = true
	o.act("eve", map[string]any{"type": "hello", "name": "eve"})
	eve := o.last("eve", "welcome")["you"].(map[string]any)["id"]
	equal(t, "answer", o.do("mona", map[string]any{"type": "ban", "person": eve, "address": true}), "moderated")
	e := o.last("mona", "error")
	equal(t, "beside it", fmt.Sprint(e.str("code"), e["id"]), "too_many<nil>")
	equal(t, "closed", o.poster.closed["eve"], protocol.CloseBanned)
	acts, err := o.rules.Acts(context.Background(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "in the audit log", fmt.Sprint(acts[0].Do, acts[0].Person), fmt.Sprint("ban", eve))
}

func TestBannedAddress(t *testing.T) {
	o := newOffice(t)
	connect := func(id, address string) error {
		_, err := o.OnConnect(context.Background(), id, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}, Address: address})
		o.poster.open[id] = true
		return err
	}
	if err := connect("eve", "2001:db8:1:2::5"); err != nil {
		t.Fatal(err)
	}
	o.act("eve", map[string]any{"type": "hello", "name": "eve"})
	eve := o.last("eve", "welcome")["you"].(map[string]any)["id"]
	if err := connect("mona 2", "2001:db8:1:2::9"); err != nil {
		t.Fatal(err)
	}
	o.act("mona 2", map[string]any{"type": "hello", "session": o.session["mona"]})
	for _, by := range []string{"mona 2", "mona", "olga"} { // she would be kept out, too
		equal(t, by+" bans where mona is", o.do(by, map[string]any{"type": "ban", "person": eve, "address": true}), "not_allowed")
	}
	if err := o.OnDisconnect(context.Background(), "mona 2"); err != nil {
		t.Fatal(err)
	}
	o.do("mona", map[string]any{"type": "ban", "person": eve, "address": true})
	for address, refused := range map[string]bool{"2001:db8:1:2::5": true, "2001:db8:1:2:ffff::1": true, "2001:db8:1:3::5": false, "192.0.2.1": false} {
		if err := connect("x", address); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		} else if status, ok := err.(interface{ HTTPStatus() int }); refused && (!ok || status.HTTPStatus() != 403) {
			t.Errorf("%s: %v", address, err)
		}
	}
	o.do("mona", map[string]any{"type": "moderation"})
	for _, r := range o.last("mona", "moderation").list("rules") {
		if a := r.str("address"); a == "2001:db8:1:2::/64" {
			t.Errorf("the address is told: %s", a)
		}
	}
	o.do("mona", map[string]any{"type": "ban", "person": eve, "until": 0})
	if err := connect("x", "2001:db8:1:2::5"); err != nil {
		t.Errorf("lifted: %v", err)
	}
}

// What was laid on somebody before it was given a role is for operators to lift.
func TestMercyOnKeepers(t *testing.T) {
	o := newOffice(t)
	mute := map[string]any{"type": "mute", "person": o.id["gus"]}
	lift := map[string]any{"type": "mute", "person": o.id["gus"], "until": 0}
	equal(t, "muted", o.do("mona", mute), "moderated")
	o.appoint("gus", "operator")
	equal(t, "lifted by a moderator", o.do("mona", lift), "not_allowed")
	equal(t, "lifted by an operator", o.do("olga", lift), "moderated")
	equal(t, "laid down by an operator", o.do("olga", mute), "not_allowed")
	equal(t, "speaks", o.says("gus"), "message")
}

func TestKicked(t *testing.T) {
	o := newOffice(t)
	o.do("mona", map[string]any{"type": "kick", "person": o.id["gus"], "reason": "Calm down"})
	equal(t, "code", o.last("gus", "error").str("code"), "kicked")
	equal(t, "close", o.poster.closed["gus"], protocol.CloseSignedOut)
	o.connect("gus 2", protocol.Subprotocol)
	o.act("gus 2", map[string]any{"type": "hello", "session": o.session["gus"]})
	equal(t, "comes back", o.last("gus 2", "welcome")["you"].(map[string]any)["id"], o.id["gus"])
}

func TestLockedAndSlow(t *testing.T) {
	o := newOffice(t)
	equal(t, "before", o.says("gus"), "message")
	o.do("mona", map[string]any{"type": "lock", "room": "hall", "reason": "Lunch"})
	equal(t, "all are told", o.last("gil", "moderated").str("do"), "lock")
	equal(t, "gus", o.says("gus"), "locked")
	equal(t, "mona", o.says("mona"), "message")
	equal(t, "gus takes back", o.do("gus", map[string]any{"type": "delete", "room": "hall", "target": 1}), "delete")
	o.do("mona", map[string]any{"type": "lock", "room": "hall", "until": 0})
	equal(t, "unlocked", o.says("gus"), "message")

	o.do("mona", map[string]any{"type": "slow", "room": "hall", "every": 30_000})
	equal(t, "gus again", o.says("gus"), "slow_mode")
	equal(t, "wait", o.last("gus", "error").num("after"), 30_000)
	equal(t, "gil", o.says("gil"), "message")
	equal(t, "gil again", o.says("gil"), "slow_mode")
	equal(t, "gil edits", o.do("gil", map[string]any{"type": "edit", "room": "hall", "target": o.last("gil", "message").num("seq"), "text": "x"}), "edit")
	o.now = o.now.Add(30 * time.Second)
	before := len(o.got("gil", "message"))
	o.act("gus", `{"type":"message","room":"hall","text":"one"}`, `{"type":"message","room":"hall","text":"two"}`)
	equal(t, "two at once, later", len(o.got("gil", "message"))-before, 1)
	equal(t, "mona is not slow", fmt.Sprint(o.says("mona"), o.says("mona")), "messagemessage")
}

func TestModeratorDeletes(t *testing.T) {
	o := newOffice(t)
	o.says("gus")
	equal(t, "gil", o.do("gil", map[string]any{"type": "delete", "room": "hall", "target": 1}), "not_yours")
	equal(t, "mona edits", o.do("mona", map[string]any{"type": "edit", "room": "hall", "target": 1, "text": "x"}), "not_yours")
	equal(t, "mona", o.do("mona", map[string]any{"type": "delete", "room": "hall", "target": 1}), "delete")
	equal(t, "told", o.last("gus", "delete").num("target"), 1)
}

func TestCreation(t *testing.T) {
	o := newOffice(t)
	o.do("olga", map[string]any{"type": "creation", "role": "moderator"})
	for who, want := range map[string]string{"gus": "not_allowed", "mona": "message"} {
		o.act(who, map[string]any{"type": "join", "room": "new " + who})
		equal(t, who, o.do(who, map[string]any{"type": "message", "room": "new " + who, "text": "x"}), want)
	}
	o.act("gus", map[string]any{"type": "join", "room": "new mona"})
	equal(t, "one that is there", o.do("gus", map[string]any{"type": "message", "room": "new mona", "text": "x"}), "message")
}

func TestOperatorLinkCountsOnce(t *testing.T) {
	o := newOffice(t)
	token, err := o.OperatorLink(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "gus", o.do("gus", map[string]any{"type": "link", "link": token}), "session")
	equal(t, "gil", o.do("gil", map[string]any{"type": "link", "link": token}), "bad_link")
	if token, err = o.OperatorLink(context.Background()); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(chat.OperatorLinkAge + time.Second)
	equal(t, "too late", o.do("gil", map[string]any{"type": "link", "link": token}), "bad_link")
}

func TestAudit(t *testing.T) {
	o := newOffice(t)
	o.do("mona", map[string]any{"type": "mute", "room": "hall", "person": o.id["gus"], "reason": "Too loud"})
	o.do("mona", map[string]any{"type": "mute", "room": "hall", "person": o.id["gus"], "until": 0})
	o.do("mona", map[string]any{"type": "kick", "person": o.id["gil"]})
	o.do("olga", map[string]any{"type": "audit", "limit": 4})
	answer, all := o.last("olga", "audit"), []string{}
	for _, act := range answer.list("acts") {
		all = append(all, fmt.Sprint(act.str("byName"), " ", act.str("do"), " ", act.str("name"), " ", act.str("detail")))
	}
	equal(t, "acts", all, []string{"mona kick gil ", "mona unmute gus ", "mona mute gus Too loud", "olga appoint mona moderator"})
	equal(t, "more", answer["more"], true)
}

func TestReservedNames(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"admin", "ADMIN", "admin-2", "moderator", "Olga", "olga!", "0lga", "mona 2", "🇦🇩🇲🇮🇳", "ᎪᎠᎷᏆᏁ", "olga 🇩🇪", "ꓳꓡꓖꓮ"} {
		code := o.do("gus", map[string]any{"type": "rename", "name": name})
		if code != "name_reserved" && code != "name_taken" {
			t.Errorf("%q: %s", name, code)
		}
	}
	equal(t, "olga may", o.do("olga", map[string]any{"type": "rename", "name": "Operator"}), "renamed")
	equal(t, "another", o.do("gus", map[string]any{"type": "rename", "name": "Olgaria"}), "renamed")
}

func TestNamesAreReservedForAMonth(t *testing.T) {
	o := newOffice(t)
	o.says("gus") // so the session holds the name
	if err := o.OnDisconnect(context.Background(), "gus"); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(29 * 24 * time.Hour)
	equal(t, "29 days", o.do("gil", map[string]any{"type": "rename", "name": "gus"}), "name_taken")
	o.now = o.now.Add(2 * 24 * time.Hour)
	equal(t, "31 days", o.do("gil", map[string]any{"type": "rename", "name": "gus"}), "renamed")
	o.connect("gus 2", protocol.Subprotocol)
	o.act("gus 2", map[string]any{"type": "hello", "session": o.session["gus"]})
	equal(t, "the one before", o.last("gus 2", "welcome")["you"].(map[string]any)["name"], "")
}
