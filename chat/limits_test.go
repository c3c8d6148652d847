package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

func TestRate(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	t.Run("a burst, then the rate; told when to come again", func(t *testing.T) {
		h := newHome(t, chat.Options{Rates: &protocol.Rates{}, Now: clock})
		h.hello("p", "Ada", "general")
		for i := range 12 {
			h.say("p", "general", fmt.Sprint(i), "quick")
		}
		equal(t, "said", len(h.got("p", "message")), 10)
		e := h.last("p", "error")
		equal(t, "code", e.str("code"), "too_fast")
		equal(t, "retry", e["retry"], true)
		equal(t, "id", e.str("id"), "11")
		now = now.Add(time.Duration(e.num("after")) * time.Millisecond)
		h.say("p", "general", "11", "patient")
		equal(t, "said", len(h.got("p", "message")), 11)
	})
	t.Run("1,000 in a second cost the connection", func(t *testing.T) {
		h := newHome(t, chat.Options{Rates: &protocol.Rates{}, Now: clock})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		for i := range 1000 {
			now = now.Add(time.Millisecond)
			h.OnAction(context.Background(), "p", fmt.Appendf(nil, `{"type":"message","id":"%d","text":"flood"}`, i))
		}
		equal(t, "close code", h.poster.closed["p"], protocol.ClosePolicy)
		if n := len(h.got("q", "message")); n < 10 || n > 15 {
			t.Errorf("%d messages of a flood were told", n)
		}
		equal(t, "retry", h.last("p", "error")["retry"], false)
	})
	t.Run("frames that cannot be read count too", func(t *testing.T) {
		h := newHome(t, chat.Options{Rates: &protocol.Rates{}, Now: clock})
		h.hello("p", "Ada")
		for range 200 {
			h.OnAction(context.Background(), "p", []byte(`{`))
		}
		equal(t, "close code", h.poster.closed["p"], protocol.ClosePolicy)
	})
	t.Run("off", func(t *testing.T) {
		h := newHome(t, chat.Options{Now: clock})
		h.hello("p", "Ada", "general")
		for i := range 100 {
			h.say("p", "general", fmt.Sprint(i), "quick")
		}
		equal(t, "said", len(h.got("p", "message")), 100)
	})
}

// TestRatesOfPerson: two connections of one person have together what one has.
func TestRatesOfPerson(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Rates: &protocol.Rates{}, Now: func() time.Time { return now }})
	session := h.hello("p", "Ada", "general").str("session")
	h.connect("q", protocol.Subprotocol)
	h.act("q", map[string]any{"type": "hello", "session": session, "rooms": []any{map[string]any{"room": "general"}}})
	h.hello("listener", "", "general")
	for i := range 10 {
		h.say("p", "general", fmt.Sprint("p", i), "quick")
		h.say("q", "general", fmt.Sprint("q", i), "quick")
	}
	equal(t, "said", len(h.got("listener", "message")), 10)
	equal(t, "told", h.last("q", "error").str("code"), "too_fast")
}

func TestRatesOfBytes(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Now: func() time.Time { return now }, Rates: &protocol.Rates{
		Messages: protocol.Unlimited, Bytes: protocol.Per(1000, time.Second, 5000),
	}})
	h.hello("p", "Ada", "general")
	for i := range 3 {
		h.say("p", "general", fmt.Sprint(i), strings.Repeat("x", 2000))
	}
	equal(t, "said", len(h.got("p", "message")), 2)
	e := h.last("p", "error")
	equal(t, "told", e.str("code"), "too_fast")
	now = now.Add(time.Duration(e.num("after")) * time.Millisecond)
	h.say("p", "general", "3", strings.Repeat("x", 2000))
	equal(t, "said after the time told", len(h.got("p", "message")), 3)
}

// TestRatesOfRoom: fifty people who flood a room silence nobody else there, and
// those who come back when they were told to lose nothing.
func TestRatesOfRoom(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Rates: &protocol.Rates{}, Now: func() time.Time { return now }})
	h.hello("quiet", "Ada", "general")
	for i := range 50 {
		h.hello(fmt.Sprint("flood", i), fmt.Sprint("Eve ", i), "general")
	}
	asked, due := 0, now
	for step := range 100 { // each flooder says 10 in each tenth of a second; who is closed comes no more
		now = now.Add(time.Second / 10)
		for j := range 50 {
			if id := fmt.Sprint("flood", j); h.poster.closed[id] == 0 {
				for k := range 10 {
					h.say(id, "general", fmt.Sprint(step, "-", k), "flood")
				}
			}
		}
		if now.Before(due) {
			continue
		}
		errors := len(h.got("quiet", "error"))
		h.say("quiet", "general", fmt.Sprint("q", asked), "a question")
		if told := h.got("quiet", "error"); len(told) > errors {
			due = now.Add(time.Duration(told[errors].num("after")) * time.Millisecond)
		} else {
			asked, due = asked+1, now.Add(time.Second)
		}
	}
	mine, others := 0, 0
	for _, m := range h.got("quiet", "message") {
		if m.str("from") == "Ada" {
			mine++
		} else {
			others++
		}
	}
	if mine < 7 || mine != asked {
		t.Errorf("the quiet one said %d in ten seconds, of %d, want at least 7", mine, asked)
	}
	if most := 100 + 10*50; others > most || others < 75 {
		t.Errorf("%d messages of a flood were told, want at most %d", others, most)
	}
	for j := range 50 {
		equal(t, "close code", h.poster.closed[fmt.Sprint("flood", j)], protocol.ClosePolicy)
	}
}

// TestPatienceIsNoRefusal: who comes when told is never closed, however often the room is full then.
func TestPatienceIsNoRefusal(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Now: func() time.Time { return now }, Rates: &protocol.Rates{Room: protocol.Per(1, time.Minute, 1), Refusals: 3}})
	h.hello("p", "Ada", "general")
	h.hello("q", "Grace", "general")
	for i := range 20 {
		h.say("p", "general", fmt.Sprint(i), "first")
		h.say("q", "general", "patient", "second")
		e := h.last("q", "error")
		equal(t, "told", e.str("code"), "too_fast")
		now = now.Add(time.Minute + time.Second + time.Millisecond)
	}
	equal(t, "close code", h.poster.closed["q"], 0)
}

func TestRatesOfNamesAndRooms(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Rates: &protocol.Rates{NewRooms: protocol.Per(10, time.Hour, 5)}, Now: func() time.Time { return now }})
	t.Run("names", func(t *testing.T) {
		h.hello("p", "Ada", "general")
		for i := range 11 {
			now = now.Add(time.Second)
			h.act("p", map[string]any{"type": "rename", "id": fmt.Sprint(i), "name": fmt.Sprint("Ada ", i)})
		}
		equal(t, "renamed", len(h.got("p", "renamed")), 10)
		e := h.last("p", "error")
		equal(t, "the eleventh", e.str("code")+e.str("id"), "too_many10")
		equal(t, "message", e.str("message"), "You have taken many names of late. Try again in 3 minutes.")
		now = now.Add(3 * time.Minute)
		h.act("p", map[string]any{"type": "rename", "name": "Ada L."})
		equal(t, "after the time told", len(h.got("p", "renamed")), 11)
	})
	t.Run("names that cannot be had cost nothing", func(t *testing.T) {
		h.hello("q", "Grace", "general")
		for range 30 {
			now = now.Add(time.Second)
			h.act("q", map[string]any{"type": "rename", "name": "Ada L."})
		}
		equal(t, "told", h.last("q", "error").str("code"), "name_taken")
	})
	t.Run("rooms", func(t *testing.T) {
		rooms := []string{"general"}
		for i := range 6 {
			rooms = append(rooms, fmt.Sprint("room ", i))
		}
		h.hello("r", "Hedy", rooms...)
		for _, room := range rooms {
			now = now.Add(time.Second)
			h.say("r", room, room, "hello")
		}
		equal(t, "said", len(h.got("r", "message")), 5) // general is new as well
		equal(t, "told", h.last("r", "error").str("id"), "room 5")
		h.say("r", "room 1", "again", "where somebody spoke before")
		equal(t, "said", len(h.got("r", "message")), 6)
		equal(t, "told", len(h.got("r", "error")), 2)
	})
}

// TestRefusedOnce: what a room's limit refused is not answered a second time
// where the store then fails with the rest.
func TestRefusedOnce(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Now: func() time.Time { return now }, Rates: &protocol.Rates{Room: protocol.Per(1, time.Second, 3)}}) // 2, and a quarter for others
	h.hello("p", "Ada", "general")
	h.log.fail = errors.New("disk full")
	var frames [][]byte
	for i := range 4 {
		frames = append(frames, fmt.Appendf(nil, `{"type":"message","id":"%d","text":"quick"}`, i))
	}
	if err := h.OnAction(context.Background(), "p", frames...); !errors.Is(err, h.log.fail) {
		t.Errorf("the operator is told %v", err)
	}
	codes := map[string]string{}
	for _, e := range h.got("p", "error") {
		codes[e.str("id")] += e.str("code")
	}
	for i, want := range []string{"unavailable", "unavailable", "too_fast", "too_fast"} {
		equal(t, fmt.Sprint("answers to ", i), codes[fmt.Sprint(i)], want)
	}
}

// TestModeratorsInFlood: who keeps order is heard where nobody else is.
func TestModeratorsInFlood(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Now: func() time.Time { return now }, Rates: &protocol.Rates{Room: protocol.Per(1, time.Hour, 1)}})
	h.hello("p", "Ada", "general")
	h.hello("m", "Mona", "general")
	h.appoint(h.person("m"), protocol.RoleModerator)
	h.say("p", "general", "p1", "the room is full now")
	h.say("p", "general", "p2", "and this is too much")
	equal(t, "a guest", h.last("p", "error").str("code"), "too_fast")
	h.say("m", "general", "m1", "calm down, please")
	equal(t, "a moderator", h.last("p", "message").str("id"), "m1")
}

// TestRoomFloodEnds: who keeps to an own rate, and not to what was told of the room, is closed as well.
func TestRoomFloodEnds(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := newHome(t, chat.Options{Now: func() time.Time { return now }, Rates: &protocol.Rates{Room: protocol.Per(1, time.Hour, 1)}})
	h.hello("p", "Ada", "general")
	for i := range 60 {
		h.say("p", "general", fmt.Sprint(i), "as fast as one may")
		now = now.Add(time.Second / 4)
	}
	equal(t, "close code", h.poster.closed["p"], protocol.ClosePolicy)
}
