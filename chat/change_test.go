package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/chat"
	"parley/protocol"
)

// changed are the changes that a connection was told, as "type seq of target: text".
func changed(h *home, id string) (all []string) {
	for _, e := range h.got(id) {
		if e.str("type") == "edit" || e.str("type") == "delete" {
			all = append(all, fmt.Sprintf("%s %d of %d: %s", e.str("type"), e.num("seq"), e.num("target"), e.str("text")))
		}
	}
	return all
}

func TestEditAndDelete(t *testing.T) {
	t.Run("the room is told, in order, and what comes later is the new text", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		h.clear()
		h.act("p", `{"type":"message","id":"m","text":"teh"}`, `{"type":"message","id":"n","text":"never mind"}`,
			`{"type":"edit","id":"e","target":1,"text":"the"}`, `{"type":"delete","id":"d","target":2}`, `{"type":"message","id":"o","text":"end"}`)
		want := []string{"edit 3 of 1: the", "delete 4 of 2: "}
		equal(t, "p's changes", changed(h, "p"), want)
		equal(t, "q's changes", changed(h, "q"), want)
		var order []int
		for _, e := range h.got("q") {
			order = append(order, e.num("seq"))
		}
		equal(t, "order", order, []int{1, 2, 3, 4, 5})
		e := h.last("p", "edit")
		equal(t, "id", e.str("id"), "e")
		equal(t, "person", e.str("person"), h.last("p", "message").str("person"))
		h.hello("r", "Eve", "general")
		items := h.last("r", "joined").list("messages")
		equal(t, "items", len(items), 3)
		equal(t, "the edited one", fmt.Sprint(items[0].str("text"), items[0].num("edited")), "the3")
		equal(t, "the deleted one", items[1], event{"seq": 2, "text": "", "deleted": true})
		changes := h.last("r", "joined").list("changes")
		equal(t, "changes", len(changes), 2)
		equal(t, "the edit", changes[0].str("text"), "the")
	})
	t.Run("only one's own", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		h.say("p", "general", "m", "mine")
		h.say("p", "general", "n", "deleted soon")
		h.act("p", `{"type":"delete","target":2}`)
		h.clear()
		for frame, code := range map[string]protocol.Code{
			`{"type":"edit","id":"x","target":1,"text":"yours","from":"Ada","person":"p"}`: protocol.NotYours,
			`{"type":"delete","id":"x","target":1}`:                                        protocol.NotYours,
			`{"type":"delete","id":"x","target":4}`:                                        protocol.NoSuchMessage,
			`{"type":"edit","id":"x","target":3,"text":"of a delete"}`:                     protocol.NoSuchMessage,
			`{"type":"edit","id":"x","room":"design","target":1,"text":"elsewhere"}`:       protocol.NotInRoom,
		} {
			h.act("q", frame)
			e := h.last("q", "error")
			equal(t, frame, fmt.Sprint(e.str("code"), " ", e.str("id"), " ", e["retry"]), fmt.Sprint(code, " x false"))
		}
		h.act("p", `{"type":"edit","id":"y","target":2,"text":"back again"}`)
		equal(t, "an edit of what was deleted", h.last("p", "error").str("code"), "no_such_message")
		equal(t, "p was told", len(changed(h, "p")), 0)
		// By another session of the same name it is another person; by the same session it is the same.
		h.say("q", "general", "m", "Grace said")
		equal(t, "refused beside one that is taken: seq", h.last("p", "message").num("seq"), 4)
	})
	t.Run("again under its id it is no second one, and only its sender hears it again", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		h.say("p", "general", "m", "one")
		h.clear()
		for range 2 {
			h.act("p", `{"type":"edit","id":"e","target":1,"text":"two"}`)
		}
		equal(t, "p", changed(h, "p"), []string{"edit 2 of 1: two", "edit 2 of 1: two"})
		equal(t, "q", changed(h, "q"), []string{"edit 2 of 1: two"})
		h.act("p", `{"type":"delete","id":"d","target":1}`)
		h.clear()
		h.act("p", `{"type":"edit","id":"e","target":1,"text":"two"}`, `{"type":"delete","id":"d2","target":1}`, `{"type":"message","id":"m","text":"one"}`)
		equal(t, "p, later", changed(h, "p"), []string{"edit 2 of 1: ", "delete 3 of 1: "})
		equal(t, "a second delete carries its own id", h.last("p", "delete").str("id"), "d2")
		m := h.last("p", "message")
		equal(t, "the message again", fmt.Sprint(m.str("id"), m.num("seq"), m.str("text"), m["deleted"]), "m1true")
		equal(t, "q, later", len(h.got("q")), 0)
	})
	t.Run("on AWS it is told to the whole room again", func(t *testing.T) {
		h := newHome(t, chat.Options{RepeatsToRoom: true})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		h.say("p", "general", "m", "one")
		h.act("p", `{"type":"delete","id":"d","target":1}`)
		h.clear()
		h.act("p", `{"type":"delete","id":"d","target":1}`, `{"type":"delete","id":"d2","target":1}`)
		equal(t, "q", changed(h, "q"), []string{"delete 2 of 1: ", "delete 2 of 1: "})
		equal(t, "q hears of the first id alone", h.last("q", "delete").str("id"), "d")
		equal(t, "p hears of its own", h.last("p", "delete").str("id"), "d2")
		equal(t, "p", len(changed(h, "p")), 3)
	})
	t.Run("an id of something else is no acknowledgement", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.say("p", "general", "m", "one")
		h.clear()
		h.act("p", `{"type":"edit","id":"m","target":1,"text":"two"}`)
		equal(t, "code", h.last("p", "error").str("code"), "bad_field")
		equal(t, "told", len(h.got("p")), 1)
	})
	t.Run("plain connections hear of no changes but their own", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a")
		h.connect("b")
		h.hello("p", "Ada", "general")
		h.act("a", `{"type":"edit","id":"early","target":1,"text":"nobody yet"}`, `{"type":"message","from":"alice","text":"teh"}`)
		equal(t, "before it spoke", h.last("a", "error").str("code"), "not_yours")
		h.clear()
		h.act("a", `{"type":"edit","id":"e","target":1,"text":"the"}`, `{"type":"delete","id":"d","target":1}`)
		want := []string{"edit 2 of 1: the", "delete 3 of 1: "}
		equal(t, "its own", changed(h, "a"), want)
		equal(t, "ids", h.last("a", "delete").str("id"), "d")
		equal(t, "another plain one", len(h.got("b")), 0)
		equal(t, "one with the sub-protocol", changed(h, "p"), want)
	})
	t.Run("they count as messages do", func(t *testing.T) {
		h := newHome(t, chat.Options{Rates: &protocol.Rates{Messages: protocol.Rate{PerSecond: 5, Burst: 3}}, Now: at("2026-11-22T10:00:00Z")})
		h.hello("p", "Ada", "general")
		h.act("p", `{"type":"message","text":"a"}`, `{"type":"edit","id":"e","target":1,"text":"b"}`, `{"type":"delete","id":"d","target":1}`, `{"type":"edit","id":"f","target":1,"text":"c"}`)
		e := h.last("p", "error")
		equal(t, "the fourth", fmt.Sprint(e.str("code"), e.str("id")), "too_fastf")
	})
}

// A client that was away while an old message was edited gets the edit by
// changes, wherever pages end; one that reads back gets the message as it is now.
func TestResumeOverChanges(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	for i := 1; i <= 60; i++ {
		h.say("p", "general", fmt.Sprint("m", i), fmt.Sprint("text ", i))
	}
	want := map[int]string{}
	long := strings.Repeat("x", 4000)
	for i := 1; i <= 60; i++ {
		want[i] = fmt.Sprint("text ", i)
		switch {
		case i%3 == 0:
			h.act("p", fmt.Sprintf(`{"type":"edit","id":"a%d","target":%d,"text":"at first"}`, i, i), fmt.Sprintf(`{"type":"edit","id":"b%d","target":%d,"text":"%d %s"}`, i, i, i, long))
			want[i] = fmt.Sprint(i, " ", long)
		case i%3 == 1:
			h.act("p", fmt.Sprintf(`{"type":"delete","id":"d%d","target":%d}`, i, i))
			want[i] = "deleted"
		}
	}
	// Forwards, from a position before, among and after the messages.
	for _, after := range []int{0, 30, 60, 75} {
		have := map[int]string{}
		for i := 1; i <= min(after, 60); i++ {
			have[i] = fmt.Sprint("text ", i)
		}
		if after == 75 { // it has seen those
			for i := 1; i <= 75-60; i++ {
				have[i] = want[i]
			}
		}
		h.clear()
		h.act("p", fmt.Sprintf(`{"type":"join","room":"general","after":%d}`, after))
		page := h.last("p", "joined")
		next := after + 1
		for pages := 1; ; pages++ {
			equal(t, "from", page.num("from"), next)
			seqs := 0
			for _, m := range page.list("messages") {
				seqs++
				if have[m.num("seq")] = m.str("text"); m["deleted"] == true {
					have[m.num("seq")] = "deleted"
				}
			}
			for _, c := range page.list("changes") {
				seqs++
				switch {
				case c.str("type") == "delete":
					have[c.num("target")] = "deleted"
				case c.str("text") != "":
					have[c.num("target")] = c.str("text")
				}
			}
			if next = page.num("to") + 1; seqs != page.num("to")-page.num("from")+1 {
				t.Errorf("a page from %d to %d has %d entries", page.num("from"), page.num("to"), seqs)
			}
			if page["more"] != true {
				if pages < 3 {
					t.Errorf("after %d: %d pages", after, pages)
				}
				break
			}
			h.act("p", fmt.Sprintf(`{"type":"history","room":"general","after":%d}`, page.num("to")))
			page = h.last("p", "history")
		}
		equal(t, fmt.Sprint("after ", after), have, want)
	}
	// Backwards: as they are now, whatever the changes say.
	have := map[int]string{}
	for before := 10_000; before > 1; {
		h.act("p", fmt.Sprintf(`{"type":"history","room":"general","before":%d,"limit":7}`, before))
		page := h.last("p", "history")
		for _, m := range page.list("messages") {
			if have[m.num("seq")] = m.str("text"); m["deleted"] == true {
				have[m.num("seq")] = "deleted"
			}
		}
		if page.num("from") >= before {
			t.Fatalf("no progress at %d", before)
		}
		before = page.num("from")
	}
	equal(t, "backwards", have, want)
}
