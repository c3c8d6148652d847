package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/chat"
)

func TestMessage(t *testing.T) {
	t.Run("sent again under its id it is no second message, and only its sender hears it again", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		h.say("p", "general", "m1", "once")
		first := h.last("p", "message")
		h.say("p", "general", "m1", "changed on the way")
		equal(t, "copy", h.last("p", "message"), first)
		equal(t, "sender's copies", len(h.got("p", "message")), 2)
		equal(t, "others' copies", len(h.got("q", "message")), 1)
		h.say("q", "general", "m1", "another person's m1")
		equal(t, "seq", h.last("p", "message").num("seq"), 2)
	})
	t.Run("on AWS it is told to the whole room again", func(t *testing.T) {
		h := newHome(t, chat.Options{RepeatsToRoom: true})
		h.hello("p", "Ada", "general")
		h.hello("q", "Grace", "general")
		h.say("p", "general", "m1", "once")
		h.say("p", "general", "m1", "once")
		equal(t, "others' copies", len(h.got("q", "message")), 2)
		equal(t, "seq", h.last("q", "message").num("seq"), 1)
	})
	t.Run("messages that follow each other are one append and one post", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general", "design")
		h.clear()
		h.log.appends = 0
		h.act("p",
			`{"type":"message","id":"1","text":"a"}`, `{"type":"message","id":"2","text":"b"}`, `{"type":"message","id":"3","text":"c"}`,
			`{"type":"message","id":"4","room":"design","text":"d"}`, `not JSON`, `{"type":"message","id":"5","text":"e"}`)
		equal(t, "texts", texts(h.got("p", "message")), []string{"a", "b", "c", "d", "e"})
		equal(t, "appends", h.log.appends, 3)
		equal(t, "posts", h.poster.posts, 4) // three of messages, one of the error
	})
	t.Run("a room one is not in", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		for _, frame := range []string{
			`{"type":"message","id":"x","room":"secret","text":"a"}`, `{"type":"history","id":"x","room":"secret"}`, `{"type":"typing","id":"x","room":"secret"}`,
		} {
			h.act("p", frame)
			equal(t, frame, h.last("p", "error").str("code"), "not_in_room")
		}
		h.act("p", `{"type":"ping","id":"x","rooms":[{"room":"secret"}]}`)
		equal(t, "heads", len(h.last("p", "pong").list("rooms")), 0)
		equal(t, "appends", h.log.appends, 0)
	})
	t.Run("what the store did not take is not told, and is told so", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		full := errors.New("no space left")
		h.log.fail = full
		err := h.OnAction(context.Background(), "p", []byte(`{"type":"message","id":"m","text":"x"}`))
		if !errors.Is(err, full) {
			t.Errorf("the operator is told %v", err)
		}
		e := h.last("p", "error")
		equal(t, "code", e.str("code"), "unavailable")
		equal(t, "retry", e["retry"], true)
		equal(t, "id", e.str("id"), "m")
		if strings.Contains(e.str("message"), "space") {
			t.Errorf("a stranger is told %q", e.str("message"))
		}
		equal(t, "messages", len(h.got("p", "message")), 0)
		h.log.fail = nil
		h.say("p", "general", "m", "x")
		equal(t, "seq", h.last("p", "message").num("seq"), 1)
	})
	for delay, why := range map[time.Duration]string{0: "", -1: ", and the room is told at once"} {
		t.Run("connections that are gone are forgotten"+why, func(t *testing.T) {
			h := newHome(t, chat.Options{PresenceDelay: delay})
			h.hello("p", "Ada", "general")
			h.hello("q", "Grace", "general")
			h.poster.mu.Lock()
			h.poster.open["q"] = false
			h.poster.mu.Unlock()
			h.say("p", "general", "1", "anybody?")
			if _, err := h.table.Get(t.Context(), "q"); !errors.Is(err, chat.ErrNoConnection) {
				t.Errorf("still known: %v", err)
			}
			if err := h.OnAction(t.Context(), "q", []byte(sample)); err != nil {
				t.Errorf("an action of a forgotten connection: %v", err)
			}
			if delay < 0 {
				equal(t, "left", names(h.last("p", "presence").list("left")), []string{"Grace"})
			}
		})
	}
}

// $disconnect may overtake a join: the connection is forgotten, its membership
// comes after. It must not be posted to for ever.
func TestStaleMember(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	if _, err := h.table.Join(t.Context(), "general", chat.Member{Connection: "stale"}); err != nil {
		t.Fatal(err)
	}
	h.say("p", "general", "1", "anybody?")
	for page := range h.table.InRoom(t.Context(), "general", chat.Everyone) {
		equal(t, "members", page, []string{"p"})
	}
}

func TestRefusedFramesChangeNothing(t *testing.T) {
	h := newHome(t, chat.Options{PresenceDelay: time.Hour}) // that they came is told after this
	h.hello("p", "Ada", "general")
	h.hello("q", "Grace", "general")
	h.clear()
	for _, c := range refused(t) {
		h.act("p", c.Frame)
		e := h.last("p", "error")
		equal(t, c.Why, e.str("code"), c.Code)
		equal(t, c.Why, e.str("id"), c.ID)
		if e.str("message") == "" || e["retry"] != false {
			t.Errorf("%s: %v", c.Why, e)
		}
	}
	equal(t, "told to others", len(h.got("q")), 0)
	equal(t, "appends", h.log.appends, 0)
	h.say("p", "general", "1", "still here")
	equal(t, "seq", h.last("q", "message").num("seq"), 1)
}

// However many speak at once, each connection is told each message once, in
// sequence, and each sender's own in the order of sending.
func TestOutboxOrder(t *testing.T) {
	h := newHome(t, chat.Options{})
	const people, each = 12, 40
	for i := range people {
		h.hello(fmt.Sprint("p", i), fmt.Sprint("Person ", i), "general")
	}
	h.clear()
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			id := fmt.Sprint("p", i)
			for n := 0; n < each; {
				var frames [][]byte
				for range min(1+rand.IntN(4), each-n) {
					frames = append(frames, fmt.Appendf(nil, `{"type":"message","id":"%d","text":"%s %d"}`, n, id, n))
					n++
				}
				if err := h.OnAction(context.Background(), id, frames...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h.Close() // the last round may still be told by another goroutine
	for i := range people {
		all := h.got(fmt.Sprint("p", i), "message")
		if len(all) != people*each {
			t.Fatalf("p%d got %d messages, want %d", i, len(all), people*each)
		}
		next := map[string]int{}
		for n, m := range all {
			if m.num("seq") != n+1 {
				t.Fatalf("p%d: message %d has sequence %d", i, n, m.num("seq"))
			}
			var who string
			var count int
			fmt.Sscanf(m.str("text"), "%s %d", &who, &count)
			if count != next[who] {
				t.Fatalf("%s's message %d came as number %d", who, count, next[who])
			}
			next[who]++
		}
	}
	if h.log.appends >= people*each {
		t.Errorf("%d appends for %d messages: nothing was joined", h.log.appends, people*each)
	}
}
