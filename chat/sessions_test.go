package chat_test

import (
	"context"
	"fmt"
	"testing"

	"parley/chat"
	"parley/protocol"
)

// comes says hello by a new connection, and returns who it is told to be and with
// which session; or the code of the error.
func (o *office) comes(session string) (id, token string) {
	o.t.Helper()
	conn := "comes " + session
	o.connect(conn, protocol.Subprotocol)
	before := len(o.got(conn))
	o.act(conn, map[string]any{"type": "hello", "id": "h", "session": session})
	first := o.got(conn)[before]
	if err := o.OnDisconnect(context.Background(), conn); err != nil {
		o.t.Fatal(err)
	}
	if first.str("type") == "error" {
		return first.str("code"), ""
	}
	return first["you"].(map[string]any)["id"].(string), first.str("session")
}

func (o *office) appoint(person, role string) {
	o.t.Helper()
	equal(o.t, "appoint", o.do("olga", map[string]any{"type": "appoint", "person": o.id[person], "role": role}), "moderated")
}

// away closes all connections of somebody.
func (o *office) away(all ...string) {
	o.t.Helper()
	for _, id := range all {
		if err := o.OnDisconnect(context.Background(), id); err != nil {
			o.t.Fatal(err)
		}
	}
}

// A role brings another session. The one before it counts until that is used, and
// is told then that it has ended.
func TestARoleBringsAnotherSession(t *testing.T) {
	o := newOffice(t)
	old := o.session["gus"]
	o.connect("gus 2", protocol.Subprotocol)
	o.act("gus 2", map[string]any{"type": "hello", "session": old})
	o.appoint("gus", "moderator")
	one, two := o.last("gus", "session"), o.last("gus 2", "session")
	equal(t, "one session for both", one.str("session") != old && one.str("session") == two.str("session"), true)
	equal(t, "role", one["you"].(map[string]any)["role"], "moderator")
	equal(t, "at once", o.do("gus", map[string]any{"type": "lock", "room": "hall"}), "moderated")

	id, token := o.comes(one.str("session"))
	equal(t, "the new one", id == o.id["gus"] && token == one.str("session"), true)
	id, _ = o.comes(old)
	equal(t, "the old one", id, "signed_out")

	// One who is away learns of it when it comes back.
	o.away("gus", "gus 2")
	o.appoint("gus", "guest")
	id, token = o.comes(one.str("session"))
	equal(t, "comes back", id, o.id["gus"])
	equal(t, "with another session", token != one.str("session"), true)
}

// The welcome with a role's session is lost, as often as it likes: whoever has
// the one before is let in, until one arrives.
func TestALostWelcomeLocksNobodyOut(t *testing.T) {
	o := newOffice(t)
	o.away("gus")
	o.appoint("gus", "moderator")
	var lost []string
	for range chat.MaxFormer + 3 {
		id, token := o.comes(o.session["gus"])
		equal(t, "who", id, o.id["gus"])
		equal(t, "another session", token != o.session["gus"], true)
		lost = append(lost, token)
	}
	last, other := lost[len(lost)-1], lost[len(lost)-2]
	for range 2 { // two pages had been given one each
		for _, session := range []string{last, other} {
			id, token := o.comes(session)
			equal(t, "one that arrived", id == o.id["gus"] && token == session, true)
		}
	}
	id, _ := o.comes(o.session["gus"])
	equal(t, "the one before", id, "signed_out")
}

// A session that was told to open connections and never stored by them.
func TestALostSessionEventLocksNobodyOut(t *testing.T) {
	o := newOffice(t)
	for _, role := range []string{"moderator", "guest", "moderator"} {
		o.appoint("gus", role)
	}
	o.away("gus")
	id, token := o.comes(o.session["gus"])
	equal(t, "who", id, o.id["gus"])
	told := o.last("gus", "session").str("session")
	equal(t, "another session", token != o.session["gus"] && token != told, true)
	id, _ = o.comes(told)
	equal(t, "who", id, o.id["gus"])
	id, _ = o.comes(o.session["gus"])
	equal(t, "the one before", id, "signed_out")
}

// Signing out ends all sessions that count, and whoever comes with one of them is
// told so instead of being made somebody new.
func TestSignOut(t *testing.T) {
	o := newOffice(t)
	o.connect("gus 2", protocol.Subprotocol)
	o.act("gus 2", map[string]any{"type": "hello", "session": o.session["gus"]})
	o.appoint("gus", "moderator")
	o.act("gus", map[string]any{"type": "sign_out"})
	for _, id := range []string{"gus", "gus 2"} {
		equal(t, id, o.last(id, "error").str("code"), "signed_out")
		equal(t, id, o.poster.closed[id], protocol.CloseSignedOut)
	}
	for _, session := range []string{o.session["gus"], o.last("gus", "session").str("session")} {
		o.connect("x", protocol.Subprotocol)
		o.act("x", map[string]any{"type": "hello", "id": "h", "session": session, "name": "gus"})
		e := o.last("x", "error")
		equal(t, "told", fmt.Sprint(e.str("code"), e["retry"]), "signed_outfalse")
		equal(t, "closed", o.poster.closed["x"], protocol.CloseSignedOut)
	}
	o.connect("y", protocol.Subprotocol)
	o.act("y", map[string]any{"type": "hello", "session": "unknown to all", "name": "gwen"})
	equal(t, "one who is unknown", o.last("y", "welcome")["you"].(map[string]any)["name"], "gwen")
}

// What is kept of former sessions is bounded, and goes with the person.
func TestFormerSessionsAreBounded(t *testing.T) {
	o := newOffice(t)
	session := o.session["gus"]
	o.away("gus")
	for i := range 3 * chat.MaxFormer {
		o.appoint("gus", []string{"moderator", "guest"}[i%2])
		_, session = o.comes(session)
		if id, _ := o.comes(session); id != o.id["gus"] {
			t.Fatalf("session %d is %q's", i, id)
		}
	}
	found, err := o.people.Persons(context.Background(), o.id["gus"])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "kept", len(found[0].Former), chat.MaxFormer)
	id, _ := o.comes(o.session["gus"])
	equal(t, "one that ended long ago is unknown", id != o.id["gus"] && id != "signed_out", true)
	if _, err := o.Erase(context.Background(), o.id["gus"], chat.Command); err != nil {
		t.Fatal(err)
	}
	id, _ = o.comes(session)
	equal(t, "erased", id != o.id["gus"] && id != "signed_out", true)
}
