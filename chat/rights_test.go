package chat_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"parley/chat"
	"parley/protocol"
)

// TestRightsComeFromOperatorsAlone: whatever operators, moderators, guests and
// plain connections try, in any order, a right is had by whom an operator gave
// it and by nobody else, nobody acts on operators, and one of them is left.
func TestRightsComeFromOperatorsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOffice(t)
		for _, name := range []string{"otto", "mick"} {
			w := o.hello(name, name, "hall")
			o.id[name], o.session[name] = w["you"].(map[string]any)["id"].(string), w.str("session")
		}
		o.do("olga", map[string]any{"type": "appoint", "person": o.id["otto"], "role": "operator"})
		o.do("olga", map[string]any{"type": "appoint", "person": o.id["mick"], "role": "moderator"})
		for _, name := range []string{"otto", "mick"} {
			o.session[name] = o.last(name, "session").str("session")
		}
		o.connect("plain")
		o.act("plain", `{"type":"message","from":"pat","text":"hello"}`)
		role := map[string]string{o.id["olga"]: "operator", o.id["otto"]: "operator", o.id["mona"]: "moderator", o.id["mick"]: "moderator"}
		rank := func(id string) int { return slices.Index([]string{"", "moderator", "operator"}, role[id]) }
		people := slices.Sorted(maps.Keys(o.id))
		links := []string{"AAAAAAAAAAAAAAAAAAAAAA"}
		type key struct {
			kind          chat.RuleKind
			room, subject string
		}
		before := map[key]bool{} // rules that were laid down

		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			who := rapid.SampledFrom(append([]string{"plain"}, people...)).Draw(rt, "who")
			whom := o.id[rapid.SampledFrom(people).Draw(rt, "whom")]
			kind := rapid.SampledFrom([]string{
				"appoint", "appoint", "mute", "ban", "kick", "purge", "lock", "slow", "invited", "invite", "revoke", "creation", "retain", "erase",
				"sign_out", "moderation", "audit", "link", "rename", "delete", "edit", "message", "join", "hello",
			}).Draw(rt, "kind")
			if by := o.id[who]; rank(by) == 2 && (kind == "sign_out" || kind == "erase" && whom == by) {
				continue // who leaves by itself may be the last one; then `parley operator link` makes another
			}
			action := map[string]any{
				"type": kind, "id": "act", "person": whom, "room": rapid.SampledFrom([]string{"hall", "other"}).Draw(rt, "room"),
				"role": rapid.SampledFrom([]string{"guest", "moderator", "operator"}).Draw(rt, "role"),
				"link": rapid.SampledFrom(links).Draw(rt, "link"), "key": chat.LinkHash(links[len(links)-1]),
				"every": 1000, "on": rapid.Bool().Draw(rt, "on"), "days": 1, "messages": 5, "target": rapid.IntRange(1, 3).Draw(rt, "target"),
				"name": rapid.SampledFrom([]string{"olga", "0lga", "admin", "gus"}).Draw(rt, "name"), "text": "words", "session": o.session["gil"],
				"from": "olga", "by": o.id["olga"], "byName": "olga", "you": map[string]any{"id": o.id["olga"], "role": "operator"}, // which nobody is asked for
			}
			if kind == "purge" || kind == "mute" && rapid.Bool().Draw(rt, "everywhere") {
				delete(action, "room")
			}
			if rapid.Bool().Draw(rt, "lifts") {
				action["until"] = 0
			}
			o.clear()
			by, connected := o.id[who], o.known(who)
			mayErase := connected && who != "plain" && (whom == by || rank(by) == 2 && rank(whom) < 2)
			open := map[string]bool{} // who was banned, and is an operator now, is away
			for _, name := range people {
				open[name] = o.known(name)
			}
			o.act(who, action)

			for _, e := range o.got(who) {
				answers := e.str("id") == "act" && (who == "plain" || rank(by) == 0)
				switch e.str("type") {
				case "moderated":
					if answers && e.str("do") != "link" {
						rt.Fatalf("%s, who is a guest, did %s", who, kind)
					}
					if e.str("id") == "act" && rank(by) < 2 && slices.Contains([]string{"appoint", "creation", "retain", "erase"}, e.str("do")) {
						rt.Fatalf("%s, who is no operator, did %s", who, kind)
					}
				case "moderation", "audit", "invitation":
					if answers || e.str("type") == "audit" && rank(by) < 2 {
						rt.Fatalf("%s got %v", who, e)
					}
				}
				if e.str("type") == "invitation" {
					links = append(links, e.str("link"))
				}
				if e.str("type") == "moderated" && e.str("do") == "appoint" && e.str("id") == "act" {
					if whom == by {
						rt.Fatalf("%s appointed itself", who)
					}
					if role[whom] = action["role"].(string); role[whom] == "guest" {
						delete(role, whom)
					}
				}
			}
			if kind == "erase" && mayErase {
				delete(role, whom)
			}
			for _, name := range people { // those who were closed come again
				if o.poster.closed[name] == 0 {
					if all := o.got(name, "session"); len(all) > 0 {
						o.session[name] = all[len(all)-1].str("session")
					}
					continue
				}
				if rank(o.id[name]) == 2 && open[name] {
					rt.Fatalf("%s closed the connection of an operator by %v", who, action)
				}
				delete(o.poster.closed, name)
				o.clear()
				o.connect(name, protocol.Subprotocol)
				o.act(name, map[string]any{"type": "hello", "session": o.session[name], "rooms": []any{map[string]any{"room": "hall"}}})
				if all := o.got(name, "welcome"); len(all) > 0 {
					o.id[name], o.session[name] = all[0]["you"].(map[string]any)["id"].(string), all[0].str("session")
				}
				delete(o.poster.closed, name) // who is banned
			}

			rules, err := o.rules.AllRules(context.Background())
			if err != nil {
				rt.Fatal(err)
			}
			has := map[string]string{}
			for _, r := range rules {
				switch {
				case r.Kind == chat.RuleRole:
					has[r.Subject] = r.Text
				case role[r.Subject] == "operator" && !before[key{r.Kind, r.Room, r.Subject}]: // one of before the person was one sleeps
					rt.Fatalf("%s laid down %+v about an operator", who, r)
				}
				before[key{r.Kind, r.Room, r.Subject}] = true
			}
			if !maps.Equal(has, role) {
				rt.Fatalf("%s did %v: roles are %v, want %v", who, action, has, role)
			}
			if !slices.Contains(slices.Collect(maps.Values(has)), "operator") {
				rt.Fatalf("%s did %v: no operator is left", who, action)
			}
		}
		for _, name := range people {
			want := fmt.Sprint(rank(o.id[name]) > 0)
			o.clear()
			o.act(name, map[string]any{"type": "moderation", "id": "at last"})
			if got := fmt.Sprint(len(o.got(name, "moderation")) > 0); got != want && o.known(name) {
				rt.Fatalf("%s may keep order: %s, want %s", name, got, want)
			}
		}
	})
}
