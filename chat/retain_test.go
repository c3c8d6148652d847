package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/chat"
)

// operator makes a connection's person an operator.
func (h *home) operator(id string) {
	h.t.Helper()
	conn, err := h.table.Get(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	h.appoint(conn.Person, "operator")
}

func TestRetention(t *testing.T) {
	clock := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	at := func(o chat.Options) chat.Options {
		o.Now = func() time.Time { return clock }
		return o
	}
	speak := func(h *home, room string, from, to int) {
		for i := from; i <= to; i++ {
			h.say("p", room, fmt.Sprint(room, i), fmt.Sprint("text ", i))
		}
	}
	floor := func(h *home, room string) int {
		h.act("p", fmt.Sprintf(`{"type":"join","room":%q}`, room))
		return h.last("p", "joined").num("floor")
	}
	stored := func(h *home, room string) int {
		entries, err := h.log.Range(t.Context(), room, 1, 1<<40, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}

	t.Run("so many messages", func(t *testing.T) {
		h := newHome(t, at(chat.Options{}))
		h.hello("p", "Ada", "general", "design")
		h.operator("p")
		speak(h, "general", 1, 30)
		h.act("p", `{"type":"retain","id":"r","room":"general","messages":20}`)
		equal(t, "answered", h.last("p", "moderated").str("id"), "r")
		equal(t, "trimmed at once", stored(h, "general"), 20)
		speak(h, "general", 31, 250)
		equal(t, "shown", floor(h, "general"), 230)
		if n := stored(h, "general"); n >= 20+100 {
			t.Errorf("%d are kept", n)
		}
		speak(h, "design", 1, 120)
		equal(t, "another room", floor(h, "design"), 0)
		// Who was away for too long is told.
		h.act("p", `{"type":"join","room":"general","after":100}`)
		equal(t, "complete", h.last("p", "joined")["complete"], false)
		h.act("p", `{"type":"join","room":"general","after":230}`)
		equal(t, "complete from the floor on", h.last("p", "joined")["complete"], true)
		// What was trimmed can be said again under its id, and changed no more.
		h.act("p", `{"type":"edit","id":"e","target":5,"text":"x"}`)
		equal(t, "an edit", h.last("p", "error").str("code"), "no_such_message")
	})
	t.Run("so many days", func(t *testing.T) {
		h := newHome(t, at(chat.Options{}))
		h.hello("p", "Ada", "general", "design")
		h.operator("p")
		h.act("p", `{"type":"retain","days":7}`)
		speak(h, "general", 1, 3)
		speak(h, "design", 1, 3)
		clock = clock.Add(6 * 24 * time.Hour)
		speak(h, "general", 4, 5)
		equal(t, "after 6 days", floor(h, "general"), 0)
		clock = clock.Add(2 * 24 * time.Hour)
		equal(t, "after 8 days, to who comes", floor(h, "general"), 3)
		equal(t, "where nobody came", stored(h, "design"), 3)
		if err := h.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		equal(t, "where nobody came, swept", stored(h, "design"), 0)
		equal(t, "sequences go on", func() int { speak(h, "design", 4, 4); return h.last("p", "message").num("seq") }(), 4)
	})
	t.Run("a room's own rule comes before the one for all", func(t *testing.T) {
		h := newHome(t, at(chat.Options{}))
		h.hello("p", "Ada", "general", "design")
		h.operator("p")
		speak(h, "general", 1, 10)
		speak(h, "design", 1, 10)
		h.act("p", `{"type":"retain","room":"design"}`, `{"type":"retain","messages":4}`)
		equal(t, "general", stored(h, "general"), 4)
		equal(t, "design", stored(h, "design"), 10)
		h.act("p", `{"type":"retain"}`)
		speak(h, "general", 11, 20)
		equal(t, "lifted", floor(h, "general"), 6)
	})
	t.Run("a room returns to what all rooms keep", func(t *testing.T) {
		h := newHome(t, at(chat.Options{}))
		h.hello("p", "Ada", "general", "design")
		h.operator("p")
		speak(h, "design", 1, 10)
		h.act("p", `{"type":"retain","room":"design"}`, `{"type":"retain","messages":4}`)
		equal(t, "by its own rule", stored(h, "design"), 10)
		h.act("p", `{"type":"retain","id":"back","room":"design","default":true}`)
		told := h.last("p", "moderated")
		equal(t, "told", fmt.Sprint(told.str("id"), told.str("do"), told.str("room")), "backunretaindesign")
		equal(t, "by that of all, at once", stored(h, "design"), 4)
		h.act("p", `{"type":"retain"}`)
		speak(h, "design", 11, 20)
		equal(t, "and by what becomes of it", floor(h, "design"), 6)
	})
	t.Run("guests do not decide", func(t *testing.T) {
		h := newHome(t, at(chat.Options{}))
		h.hello("p", "Ada", "general")
		speak(h, "general", 1, 10)
		h.act("p", `{"type":"retain","id":"r","room":"general","messages":1}`)
		equal(t, "code", h.last("p", "error").str("code"), "not_allowed")
		equal(t, "kept", stored(h, "general"), 10)
	})
}

// A page must not count entries from where it was asked to when these went
// between the look at the log's bounds and its entries.
func TestTrimmedWhileRead(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	for i := range 20 {
		h.say("p", "general", fmt.Sprint(i), fmt.Sprint("text ", i+1))
	}
	h.log.onRange = func() {
		h.log.onRange = nil
		if err := h.log.Trim(t.Context(), "general", 10); err != nil {
			t.Fatal(err)
		}
	}
	h.act("p", `{"type":"join","room":"general","after":2}`)
	page := h.last("p", "joined")
	equal(t, "an empty page, and more", fmt.Sprint(page.num("from"), page.num("to"), page["more"], len(page.list("messages"))), "3 2 true 0")
	h.act("p", `{"type":"history","room":"general","after":2}`)
	page = h.last("p", "history")
	equal(t, "then it is told", fmt.Sprint(page["complete"], page.num("from"), page.num("to")), "false 11 20")
}

func TestSweepLiftsWhatHasEnded(t *testing.T) {
	clock := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Now: func() time.Time { return clock }})
	for _, r := range []chat.Rule{
		{Kind: chat.RuleBanAddress, Subject: "203.0.113.7", Until: clock.Add(time.Hour).UnixMilli()},
		{Kind: chat.RuleMute, Subject: "somebody", Until: clock.Add(3 * time.Hour).UnixMilli()},
		{Kind: chat.RuleLock, Room: "general"},
	} {
		if err := h.rules.PutRule(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	clock = clock.Add(2 * time.Hour)
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := h.rules.AllRules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[chat.RuleKind]bool{}
	for _, r := range left {
		kinds[r.Kind] = true
	}
	equal(t, "left", kinds, map[chat.RuleKind]bool{chat.RuleMute: true, chat.RuleLock: true})
}
