package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/chat"
	"parley/protocol"
)

func TestHistory(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	const total = 150
	for i := 1; i <= total; i++ {
		h.say("p", "general", fmt.Sprint(i), fmt.Sprint("message ", i))
	}
	ask := func(format string, args ...any) event {
		t.Helper()
		h.clear()
		h.act("p", fmt.Sprintf(`{"type":"history","id":"x","room":"general"`+format+"}", args...))
		return h.last("p", "history")
	}
	for _, c := range []struct {
		why, ask       string
		from, to       int
		more, complete bool
	}{
		{"the newest page", ``, 111, 150, true, true},
		{"before", `,"before":111`, 71, 110, true, true},
		{"before, to the first", `,"before":31`, 1, 30, false, true},
		{"before the first", `,"before":1`, 1, 0, false, true},
		{"before what is not there yet", `,"before":1000`, 111, 150, true, true},
		{"after", `,"after":0,"limit":3`, 1, 3, true, true},
		{"after, to the last", `,"after":148`, 149, 150, false, true},
		{"after the last", `,"after":150`, 151, 150, false, true},
		{"after what is not there", `,"after":151`, 152, 151, false, false},
		{"one", `,"before":2,"limit":1`, 1, 1, false, true},
	} {
		e := ask(c.ask)
		equal(t, c.why+": from", e.num("from"), c.from)
		equal(t, c.why+": to", e.num("to"), c.to)
		equal(t, c.why+": more", e["more"], c.more)
		equal(t, c.why+": complete", e["complete"], c.complete)
		equal(t, c.why+": messages", len(e.list("messages")), c.to-c.from+1)
		for i, m := range e.list("messages") {
			equal(t, c.why, m.num("seq"), c.from+i)
		}
	}
}

func TestJoinResumes(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	for i := 1; i <= 5; i++ {
		h.say("p", "general", fmt.Sprint(i), fmt.Sprint("message ", i))
	}
	epoch := h.last("p", "joined").str("epoch")
	join := func(position string) event {
		t.Helper()
		h.clear()
		h.act("p", `{"type":"join","room":"general"`+position+`}`)
		return h.last("p", "joined")
	}
	for _, c := range []struct {
		why, position string
		texts         []string
		complete      bool
	}{
		{"all that came since", `,"epoch":"` + epoch + `","after":3`, []string{"message 4", "message 5"}, true},
		{"nothing came since", `,"epoch":"` + epoch + `","after":5`, nil, true},
		{"without an epoch it is the present one", `,"after":4`, []string{"message 5"}, true},
		{"another epoch means another log", `,"epoch":"another","after":4`, []string{"message 1", "message 2", "message 3", "message 4", "message 5"}, false},
		{"a position past the head means a lost tail", `,"after":6`, []string{"message 1", "message 2", "message 3", "message 4", "message 5"}, false},
	} {
		e := join(c.position)
		equal(t, c.why, texts(e.list("messages")), c.texts)
		equal(t, c.why, e["complete"], c.complete)
	}
}

// A client that was away gets everything by asking on while there is more,
// whatever the texts weigh, and no frame is ever too large.
func TestResumeInPages(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	longest := strings.Repeat("\U0001F980", 30_700/4)
	want := []string{"first", longest, strings.Repeat("x", 8000), longest, "\u0001" + strings.Repeat("\\", 7999), "x" + strings.Repeat("\u0007", 5100)}
	for i := range 300 {
		want = append(want, fmt.Sprint("small ", i))
	}
	for i, text := range want {
		h.say("p", "general", fmt.Sprint(i), text)
	}
	h.clear()
	h.act("p", `{"type":"join","room":"general","after":0}`)
	page := h.last("p", "joined")
	var got []string
	pages := 1
	for {
		got = append(got, texts(page.list("messages"))...)
		if page["more"] != true {
			break
		}
		pages++
		h.act("p", fmt.Sprintf(`{"type":"history","room":"general","after":%d,"limit":100}`, page.num("to")))
		page = h.last("p", "history")
	}
	equal(t, "messages", len(got), len(want))
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("message %d: %.40q, want %.40q", i, got[i], want[i])
		}
	}
	if pages < 6 {
		t.Errorf("%d pages: their bound of %d bytes does nothing", pages, protocol.PageBytes)
	}
}

func TestTooMuchWasMissed(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	var frames []any
	for i := range protocol.MaxResume + 1 {
		frames = append(frames, fmt.Sprintf(`{"type":"message","id":"%d","text":"x"}`, i))
	}
	h.act("p", frames...)
	h.clear()
	h.act("p", `{"type":"join","room":"general","after":1}`)
	equal(t, "10,000 missed: complete", h.last("p", "joined")["complete"], true)
	h.act("p", `{"type":"join","room":"general","after":0}`)
	e := h.last("p", "joined")
	equal(t, "10,001 missed: complete", e["complete"], false)
	equal(t, "to", e.num("to"), protocol.MaxResume+1)
}

func TestJoinedListsWhoIsThere(t *testing.T) {
	h := newHome(t, chat.Options{})
	for i := range 150 {
		h.hello(fmt.Sprint("p", i), fmt.Sprintf("%d%s", i, strings.Repeat("\U0001F980", 36)), "general")
	}
	e := h.last("p149", "joined")
	equal(t, "count", e.num("count"), 150)
	equal(t, "listed", len(e.list("people")), protocol.MaxPeople)
	h.say("p0", "general", "1", strings.Repeat("x", 8000))
	h.say("p0", "general", "2", strings.Repeat("\U0001F980", 7000))
	h.act("p1", `{"type":"join","room":"general"}`)
	e = h.last("p1", "joined") // got checks that it fits a frame
	if n := len(e.list("people")); n == 0 || n >= protocol.MaxPeople {
		t.Errorf("%d people listed beside a large page", n)
	}
}

func TestLeave(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general", "design")
	h.hello("q", "Grace", "design")
	h.act("p", `{"type":"leave","id":"l","room":"design"}`)
	equal(t, "answer", h.last("p", "left").str("room"), "design")
	h.clear()
	h.say("q", "design", "1", "is she gone?")
	equal(t, "heard", len(h.got("p", "message")), 0)
	h.act("p", `{"type":"leave","id":"again","room":"design"}`)
	equal(t, "leaving twice", h.last("p", "left").str("id"), "again")
}

func TestRooms(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general", "design", "silent")
	h.say("p", "design", "1", "x")
	h.say("p", "general", "2", "x")
	h.say("p", "general", "3", "x")
	h.act("p", `{"type":"rooms","id":"q"}`)
	rooms := map[string]int{}
	for _, r := range h.last("p", "rooms").list("rooms") {
		rooms[r.str("room")] = r.num("head")
		equal(t, "count", r.num("count"), 1)
	}
	equal(t, "rooms", rooms, map[string]int{"design": 1, "general": 2})
}
