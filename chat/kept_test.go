package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"parley/chat"
	"parley/protocol"
)

// comes has somebody new come into a room and returns what it is told, as JSON.
func (h *home) comes(room string, after ...int) string {
	h.t.Helper()
	id := fmt.Sprint("guest ", h.poster.posts)
	h.connect(id, protocol.Subprotocol)
	position := map[string]any{"room": room}
	if len(after) > 0 {
		position["after"] = after[0]
	}
	h.act(id, map[string]any{"type": "hello", "rooms": []any{position}})
	h.poster.mu.Lock()
	defer h.poster.mu.Unlock()
	frames := h.poster.frames[id]
	return string(frames[len(frames)-1])
}

// TestPagesKept: what was told last is told again without being read, until it
// is not so any more.
func TestPagesKept(t *testing.T) {
	said := func(t *testing.T) (h *home, ada string) {
		h = newHome(t, chat.Options{})
		ada = h.hello("ada", "Ada", "general")["you"].(map[string]any)["id"].(string)
		h.hello("bob", "Bob", "general")
		h.act("ada", `{"type":"message","id":"a","text":"first of Ada"}`, `{"type":"message","id":"b","text":"second of Ada"}`)
		h.act("bob", `{"type":"message","id":"c","text":"only of Bob"}`)
		return h, ada
	}
	t.Run("read once", func(t *testing.T) {
		h, _ := said(t)
		before := h.log.ranges
		newest, since := h.comes("general"), h.comes("general", 1)
		for range 3 {
			equal(t, "the newest page", h.comes("general"), newest)
			equal(t, "the page since 1", h.comes("general", 1), since)
		}
		equal(t, "reads", h.log.ranges-before, 2)
		if !strings.Contains(newest, "first of Ada") || strings.Contains(since, "first of Ada") || !strings.Contains(since, "second of Ada") {
			t.Errorf("got %s and since 1 %s", newest, since)
		}
	})
	t.Run("a position that means nothing any more", func(t *testing.T) {
		h, _ := said(t)
		newest := h.comes("general")
		equal(t, "the page since 99", h.comes("general", 99), strings.Replace(newest, `"complete":true`, `"complete":false`, 1))
		equal(t, "the newest page", h.comes("general"), newest)
	})
	act := func(frame string) func(*home, string) {
		return func(h *home, ada string) { h.act("ada", strings.ReplaceAll(frame, "ADA", ada)) }
	}
	operator := func(do func(h *home, ada string)) func(*home, string) {
		return func(h *home, ada string) {
			olga := h.hello("olga", "Olga")["you"].(map[string]any)["id"].(string)
			h.appoint(olga, protocol.RoleOperator)
			h.comes("general") // another chat by now: it keeps its own
			h.comes("general", 0)
			do(h, ada)
		}
	}
	orders := func(frame string) func(*home, string) {
		return operator(func(h *home, ada string) { h.act("olga", strings.ReplaceAll(frame, "ADA", ada)) })
	}
	for what, change := range map[string]struct {
		do         func(h *home, ada string)
		gone, here string // of the page
	}{
		"message":   {act(`{"type":"message","id":"d","text":"third of Ada"}`), "", "third of Ada"},
		"edit":      {act(`{"type":"edit","id":"d","target":1,"text":"edited"}`), "first of Ada", "edited"},
		"delete":    {act(`{"type":"delete","id":"d","target":1}`), "first of Ada", `"deleted":true`},
		"erase":     {act(`{"type":"erase","id":"d"}`), "Ada", "only of Bob"},
		"purge":     {orders(`{"type":"purge","id":"d","person":"ADA"}`), "first of Ada", "only of Bob"},
		"erased":    {orders(`{"type":"erase","id":"d","person":"ADA"}`), "Ada", "only of Bob"},
		"retention": {orders(`{"type":"retain","id":"d","room":"general","messages":1}`), "Ada", "only of Bob"},
		"forgotten": {operator(func(h *home, ada string) {
			h.log.onAppend = func() { h.comes("general") } // who comes while it is erased
			h.act("olga", fmt.Sprintf(`{"type":"erase","id":"d","person":%q}`, ada))
		}), "Ada", "only of Bob"},
	} {
		t.Run(what, func(t *testing.T) {
			h, ada := said(t)
			h.comes("general")
			h.comes("general", 0)
			change.do(h, ada)
			for _, page := range []string{h.comes("general"), h.comes("general", 0)} {
				list, _, _ := strings.Cut(page, `"people":`) // those who are there are listed beside it
				if change.gone != "" && strings.Contains(list, change.gone) || !strings.Contains(list, change.here) {
					t.Errorf("got %s, want %q gone and %q there", list, change.gone, change.here)
				}
			}
		})
	}
}

// TestPageReadWhileForgotten: a page that was read before somebody was forgotten,
// and told after, is not kept.
func TestPageReadWhileForgotten(t *testing.T) {
	for _, after := range [][]int{nil, {0}} {
		h := newHome(t, chat.Options{})
		ada := h.hello("ada", "Ada", "general")["you"].(map[string]any)["id"].(string)
		h.act("ada", `{"type":"message","id":"a","text":"of Ada"}`, `{"type":"delete","id":"d","target":1}`)
		h.log.afterRange = func() {
			h.log.afterRange = nil
			if _, err := h.Erase(context.Background(), ada, chat.Person{}); err != nil {
				t.Error(err)
			}
		}
		if page := h.comes("general", after...); !strings.Contains(page, `"id":"d"`) {
			t.Fatalf("got %s, want it read before", page)
		}
		if page := h.comes("general", after...); strings.Contains(page, `"id":"d"`) {
			t.Errorf("got %s, want no id of Ada's in it", page)
		}
	}
}
