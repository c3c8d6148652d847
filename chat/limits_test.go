package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

func TestRate(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	t.Run("a burst, then the rate; told when to come again", func(t *testing.T) {
		h := newHome(t, chat.Options{Rate: &chat.Rate{}, Now: clock})
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
		h := newHome(t, chat.Options{Rate: &chat.Rate{}, Now: clock})
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
		h := newHome(t, chat.Options{Rate: &chat.Rate{}, Now: clock})
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
