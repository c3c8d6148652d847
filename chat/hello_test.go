package chat_test

import (
	"context"
	"strings"
	"testing"

	"parley/chat"
	"parley/protocol"
)

func TestHello(t *testing.T) {
	t.Run("anything before it is refused, to be tried again, and not stored", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("p", protocol.Subprotocol)
		h.act("p", `{"type":"message","id":"m","text":"early"}`, `{"type":"join","room":"general"}`, `{"type":"ping","id":"g"}`)
		for _, e := range h.got("p") {
			equal(t, "code", e.str("code"), "hello_first")
			equal(t, "retry", e["retry"], true)
		}
		equal(t, "answers", len(h.got("p")), 3)
		equal(t, "appends", h.log.appends, 0)
	})
	t.Run("is answered by welcome, then by joined for each room", func(t *testing.T) {
		h := newHome(t, chat.Options{Server: "parley test"})
		w := h.hello("p", "Ada", "general", "design", "general")
		equal(t, "id", w.str("id"), "hello")
		equal(t, "name", w["you"].(map[string]any)["name"], "Ada")
		equal(t, "role", w["you"].(map[string]any)["role"], "guest")
		equal(t, "server", w.str("server"), "parley test")
		equal(t, "rooms", w["rooms"], []string{"general", "design"})
		if len(w.str("session")) != 22 {
			t.Errorf("session %q has not 128 bits", w.str("session"))
		}
		var order []string
		for _, e := range h.got("p") {
			order = append(order, e.str("type")+" "+e.str("room"))
		}
		equal(t, "order", order, []string{"welcome ", "joined general", "joined design"})
	})
	t.Run("comes once for each connection", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "")
		h.act("p", `{"type":"hello","id":"again"}`)
		equal(t, "code", h.last("p", "error").str("code"), "hello_twice")
	})
	t.Run("with a session it is the same person, and the name need not be told", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		w := h.hello("p", "Ada")
		h.connect("q", protocol.Subprotocol)
		h.act("q", map[string]any{"type": "hello", "session": w.str("session")})
		again := h.last("q", "welcome")
		equal(t, "you", again["you"], w["you"])
		equal(t, "session", again.str("session"), w.str("session"))
	})
	t.Run("a session nobody has is not adopted", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.connect("p", protocol.Subprotocol)
		h.act("p", `{"type":"hello","session":"AAECAwQFBgcICQoLDA0ODw"}`)
		if h.last("p", "welcome").str("session") == "AAECAwQFBgcICQoLDA0ODw" {
			t.Error("the client chose its own session")
		}
	})
	t.Run("with a name that is taken it may be said again", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada")
		h.connect("q", protocol.Subprotocol)
		h.act("q", `{"type":"hello","id":"1","name":"ADA"}`)
		e := h.last("q", "error")
		equal(t, "code", e.str("code"), "name_taken")
		equal(t, "suggestion", e.str("suggestion"), "ADA-2")
		equal(t, "id", e.str("id"), "1")
		equal(t, "welcomes", len(h.got("q", "welcome")), 0)
		h.act("q", `{"type":"hello","name":"ADA-2"}`)
		equal(t, "name", h.last("q", "welcome")["you"].(map[string]any)["name"], "ADA-2")
	})
	for why, use := range map[string]func(h *home, session string){
		"once it has spoken":  func(h *home, session string) { h.say("p", "general", "1", "hello") },
		"once it was renamed": func(h *home, session string) { h.act("p", `{"type":"rename","name":"Ada"}`) },
		"once it came back": func(h *home, session string) {
			h.connect("p2", protocol.Subprotocol)
			h.act("p2", map[string]any{"type": "hello", "session": session})
			h.OnDisconnect(context.Background(), "p2")
		},
	} {
		t.Run("a name stays its session's when nobody is connected, "+why, func(t *testing.T) {
			h := newHome(t, chat.Options{})
			use(h, h.hello("p", "Ada", "general").str("session"))
			h.OnDisconnect(context.Background(), "p")
			h.connect("q", protocol.Subprotocol)
			h.act("q", `{"type":"hello","name":"Ada"}`)
			equal(t, "code", h.last("q", "error").str("code"), "name_taken")
		})
	}
	t.Run("a name whose welcome never arrived is not lost for ever", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		session := h.hello("p", "Ada").str("session")
		h.connect("q", protocol.Subprotocol)
		h.act("q", `{"type":"hello","name":"Ada"}`)
		equal(t, "while connected", h.last("q", "error").str("code"), "name_taken")
		h.OnDisconnect(context.Background(), "p")
		h.act("q", `{"type":"hello","name":"Ada"}`)
		equal(t, "name", h.last("q", "welcome")["you"].(map[string]any)["name"], "Ada")
		// The welcome had arrived after all, and its session comes back too late.
		h.connect("r", protocol.Subprotocol)
		h.act("r", map[string]any{"type": "hello", "session": session})
		equal(t, "name", h.last("r", "welcome")["you"].(map[string]any)["name"], "")
	})
	t.Run("a person without a name reads, and cannot speak", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.say("p", "general", "1", "hello")
		h.hello("q", "", "general")
		equal(t, "history", texts(h.last("q", "joined").list("messages")), []string{"hello"})
		equal(t, "count", h.last("q", "joined").num("count"), 1)
		h.say("q", "general", "1", "me too")
		equal(t, "code", h.last("q", "error").str("code"), "name_first")
		h.act("q", `{"type":"rename","id":"r","name":"Grace"}`)
		equal(t, "to", h.last("q", "renamed").str("to"), "Grace")
		h.say("q", "general", "2", "me too")
		equal(t, "from", h.last("p", "message").str("from"), "Grace")
	})
	t.Run("more rooms than allowed", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		var rooms []string
		for i := range protocol.MaxRooms {
			rooms = append(rooms, strings.Repeat("r", i+1))
		}
		h.hello("p", "Ada", rooms...)
		h.act("p", `{"type":"join","id":"j","room":"one more"}`)
		equal(t, "code", h.last("p", "error").str("code"), "too_many_rooms")
	})
}

func TestRename(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	h.hello("q", "Grace", "general")
	h.act("p", `{"type":"rename","id":"r","name":"Grace"}`)
	equal(t, "code", h.last("p", "error").str("code"), "name_taken")
	h.act("p", `{"type":"rename","id":"r","name":"  Ada   L. "}`)
	mine, theirs := h.last("p", "renamed"), h.last("q", "renamed")
	equal(t, "to", mine.str("to"), "Ada L.")
	equal(t, "id", mine.str("id"), "r")
	equal(t, "from", theirs.str("from"), "Ada")
	equal(t, "id told to others", theirs["id"], nil)
	equal(t, "told once", len(h.got("p", "renamed")), 1)
	h.hello("s", "Ada") // free again
	h.act("p", `{"type":"rename","id":"c","name":"ADA L."}`)
	equal(t, "own name in another case", h.last("p", "renamed").str("to"), "ADA L.")
}
