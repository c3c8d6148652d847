package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"parley/chat"
)

const sample = `{"type":"message","from":"alice","text":"hi"}`

func TestPlainConnections(t *testing.T) {
	t.Run("the sample's frame reaches both, as the same type, from and text", func(t *testing.T) {
		h := newHome(t, chat.Options{Now: at("2026-11-22T12:00:00Z")})
		h.connect("a")
		h.connect("b")
		h.act("a", sample)
		for _, id := range []string{"a", "b"} {
			m := h.last(id, "message")
			equal(t, "from", m.str("from"), "alice")
			equal(t, "text", m.str("text"), "hi")
			equal(t, "room", m.str("room"), "general")
			equal(t, "seq", m.num("seq"), 1)
			equal(t, "at", m.num("at"), 1795348800000)
			equal(t, "events", len(h.got(id)), 1)
		}
	})
	t.Run("a taken name becomes the nearest free variant, and its owner is told", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a")
		h.connect("b")
		h.act("a", sample)
		h.act("b", sample)
		equal(t, "from", h.last("a", "message").str("from"), "alice-2")
		notice := h.last("b", "notice")
		equal(t, "code", notice.str("code"), "name_given")
		equal(t, "text", notice.str("text"), "The name alice is not free. You are alice-2.")
		equal(t, "others' notices", len(h.got("a", "notice")), 0)
	})
	t.Run("also when a whole crowd has the same name", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		seen := map[string]bool{}
		for i := range 60 {
			id := fmt.Sprint("c", i)
			h.connect(id)
			h.act(id, sample)
			seen[h.last(id, "message").str("from")] = true
		}
		equal(t, "names", len(seen), 60)
	})
	t.Run("from never overrides who a connection is", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a")
		h.act("a", sample, `{"type":"message","from":"bob","text":"I am bob"}`)
		equal(t, "from", h.last("a", "message").str("from"), "alice")
	})
	t.Run("a name is free again when its connection has gone", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a")
		h.act("a", sample)
		if err := h.OnDisconnect(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		h.connect("b")
		h.act("b", sample)
		equal(t, "from", h.last("b", "message").str("from"), "alice")
	})
	t.Run("also when nobody told that it has gone", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a")
		h.act("a", sample)
		if _, err := h.table.Delete(t.Context(), "a"); err != nil { // what TTL does on AWS
			t.Fatal(err)
		}
		h.connect("b")
		h.act("b", sample)
		equal(t, "from", h.last("b", "message").str("from"), "alice")
	})
	// API Gateway answers gone for a connection whose $connect is under way.
	t.Run("is not believed to be gone while it may be connecting", func(t *testing.T) {
		now := time.UnixMilli(1795384800000)
		h := newHome(t, chat.Options{Now: func() time.Time { return now }})
		h.connect("talks")
		h.connect("listens")
		h.poster.mu.Lock()
		h.poster.open["listens"] = false
		h.poster.mu.Unlock()
		h.act("talks", sample)
		if _, err := h.table.Get(t.Context(), "listens"); err != nil {
			t.Fatalf("while it connected it was forgotten: %v", err)
		}
		now = now.Add(10 * time.Second)
		h.act("talks", sample)
		if _, err := h.table.Get(t.Context(), "listens"); !errors.Is(err, chat.ErrNoConnection) {
			t.Errorf("gone long after it has connected, it is still known: %v", err)
		}
	})
	t.Run("hears messages, errors and answers, nothing else", func(t *testing.T) {
		h := newHome(t, chat.Options{PresenceDelay: 1})
		h.connect("a")
		h.hello("p", "Ada", "general")
		h.act("p", `{"type":"typing","room":"general"}`, `{"type":"rename","name":"Ada L."}`)
		h.say("p", "general", "1", "hello")
		h.Close() // waits for presence
		equal(t, "events", h.got("a"), h.got("a", "message"))
		equal(t, "texts", texts(h.got("a")), []string{"hello"})
		h.act("a", `{"type":"history","id":"x","room":"general"}`)
		equal(t, "answer", h.last("a", "history").str("id"), "x")
	})
	t.Run("without from it is asked who it is, and nothing is stored", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a")
		h.act("a", `{"type":"message","text":"hi"}`)
		equal(t, "code", h.last("a", "error").str("code"), "name_first")
		equal(t, "messages", len(h.got("a", "message")), 0)
	})
	t.Run("cannot say hello", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("a", "chat", "mqtt")
		h.act("a", `{"type":"hello"}`)
		equal(t, "code", h.last("a", "error").str("code"), "not_plain")
	})
	t.Run("an unknown sub-protocol is not confirmed", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		got, err := h.OnConnect(t.Context(), "a", chat.Handshake{Subprotocols: []string{"chat", "PARLEY.V1"}})
		equal(t, "sub-protocol", got, "")
		equal(t, "error", err, nil)
	})
}
