package chat_test

import (
	"context"
	"fmt"
	"sort"
	"testing"
	"testing/synctest"
	"time"

	"parley/chat"
	"parley/protocol"
)

func names(people []event) (all []string) {
	for _, p := range people {
		all = append(all, p.str("name"))
	}
	sort.Strings(all)
	return all
}

func TestPresence(t *testing.T) {
	t.Run("comings and goings of a second are one event", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHome(t, chat.Options{})
			h.hello("p", "Ada", "general")
			time.Sleep(2 * time.Second)
			h.clear()
			h.hello("q", "Grace", "general")
			h.hello("r", "Joan", "general")
			h.hello("s", "Mary", "general")
			h.OnDisconnect(context.Background(), "s") // came and went within the second
			time.Sleep(2 * time.Second)
			synctest.Wait()
			told := h.got("p", "presence")
			equal(t, "events", len(told), 1)
			equal(t, "joined", names(told[0].list("joined")), []string{"Grace", "Joan"})
			equal(t, "left", told[0]["left"], nil)
			equal(t, "count", told[0].num("count"), 3)
			h.clear()
			h.OnDisconnect(context.Background(), "r")
			h.act("q", `{"type":"leave","room":"general"}`)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			equal(t, "left", names(h.last("p", "presence").list("left")), []string{"Grace", "Joan"})
		})
	})
	t.Run("a second tab of a person is nobody new", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHome(t, chat.Options{})
			w := h.hello("p", "Ada", "general")
			time.Sleep(2 * time.Second)
			h.clear()
			h.connect("p2", protocol.Subprotocol)
			h.act("p2", map[string]any{"type": "hello", "session": w.str("session"), "rooms": []any{map[string]any{"room": "general"}}})
			equal(t, "count", h.last("p2", "joined").num("count"), 1)
			h.OnDisconnect(context.Background(), "p2")
			time.Sleep(2 * time.Second)
			synctest.Wait()
			equal(t, "events", len(h.got("p", "presence")), 0)
		})
	})
	t.Run("a large room is told the count alone, and no typing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHome(t, chat.Options{})
			for i := range protocol.MaxPresencePeople {
				h.hello(fmt.Sprint("p", i), fmt.Sprint("Person ", i), "general")
			}
			time.Sleep(2 * time.Second)
			h.clear()
			h.hello("q", "Grace", "general")
			h.act("q", `{"type":"typing","room":"general"}`)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			told := h.last("p0", "presence")
			equal(t, "joined", told["joined"], nil)
			equal(t, "count", told.num("count"), protocol.MaxPresencePeople+1)
			equal(t, "typing", len(h.got("p0", "typing")), 0)
		})
	})
	t.Run("somebody who takes a name appears", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHome(t, chat.Options{})
			h.hello("p", "Ada", "general")
			h.hello("q", "", "general")
			time.Sleep(2 * time.Second)
			h.clear()
			h.act("q", `{"type":"rename","name":"Grace"}`)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			equal(t, "joined", names(h.last("p", "presence").list("joined")), []string{"Grace"})
		})
	})
}

func TestTyping(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	h.hello("q", "Grace", "general")
	h.hello("n", "", "general")
	h.act("p", `{"type":"typing","room":"general"}`)
	equal(t, "name", h.last("q", "typing").str("name"), "Ada")
	equal(t, "to oneself", len(h.got("p", "typing")), 0)
	h.act("n", `{"type":"typing","id":"t","room":"general"}`)
	equal(t, "nameless", h.last("n", "error").str("code"), "name_first")
}

// On AWS nothing runs between two calls, and each event costs.
func TestPresenceAtOnce(t *testing.T) {
	h := newHome(t, chat.Options{PresenceDelay: -1, PresencePeople: 2})
	h.hello("p", "Ada", "general")
	h.hello("q", "Grace", "general")
	equal(t, "joined", names(h.last("p", "presence").list("joined")), []string{"Grace"})
	h.clear()
	h.hello("r", "Joan", "general")
	equal(t, "above the bound", len(h.got("p", "presence")), 0)
	h.OnDisconnect(context.Background(), "r")
	equal(t, "left", names(h.last("p", "presence").list("left")), []string{"Joan"})
}
