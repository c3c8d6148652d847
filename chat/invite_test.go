package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

func TestRoomByInvitation(t *testing.T) {
	clock := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	// p, a moderator, and q are in the room when it becomes one by invitation.
	setUp := func(t *testing.T) *home {
		h := newHome(t, chat.Options{Now: func() time.Time { return clock }, PresenceDelay: -1})
		h.hello("p", "Ada", "general", "board")
		h.appoint(h.person("p"), protocol.RoleModerator)
		h.hello("q", "Grace", "general", "board")
		h.say("q", "board", "b", "between us")
		h.act("p", `{"type":"invited","id":"i","room":"board","on":true}`)
		return h
	}
	// use comes by a link, and returns the code of what it was refused with.
	use := func(h *home, id, name, link string, rooms ...string) string {
		h.connect(id, protocol.Subprotocol)
		hello := map[string]any{"type": "hello", "id": "hello", "link": link, "rooms": []any{}}
		if name != "" {
			hello["name"] = name
		}
		h.act(id, hello)
		h.last(id, "welcome")
		for _, r := range rooms {
			h.act(id, fmt.Sprintf(`{"type":"join","id":"j","room":%q}`, r))
		}
		if refused := h.got(id, "error"); len(refused) > 0 {
			return refused[0].str("code")
		}
		return ""
	}
	invite := func(h *home, more string) event {
		h.act("p", `{"type":"invite","id":"i","room":"board"`+more+`}`)
		return h.last("p", "invitation")
	}

	t.Run("who is there stays, others are kept out and see nothing of it", func(t *testing.T) {
		h := setUp(t)
		equal(t, "answer", fmt.Sprint(h.last("p", "moderated").str("id"), h.last("p", "moderated").str("do")), "iinvited")
		h.say("q", "board", "c", "still here")
		equal(t, "who was there", h.last("q", "message").str("text"), "still here")
		h.hello("r", "Eve", "general")
		h.clear()
		for _, frame := range []string{
			`{"type":"join","id":"x","room":"board"}`,
			`{"type":"history","id":"x","room":"board"}`,
			`{"type":"typing","id":"x","room":"board"}`,
			`{"type":"message","id":"x","room":"board","text":"let me in"}`,
			`{"type":"edit","id":"x","room":"board","target":1,"text":"let me in"}`,
			`{"type":"delete","id":"x","room":"board","target":1}`,
		} {
			h.act("r", frame)
			e := h.last("r", "error")
			equal(t, frame, fmt.Sprint(e.str("code"), e.str("id"), e["retry"]), "invitation_neededxfalse")
		}
		h.say("q", "board", "d", "among ourselves")
		h.act("r", `{"type":"ping","rooms":[{"room":"board"},{"room":"general"}]}`, `{"type":"rooms","id":"l"}`)
		equal(t, "pong", len(h.last("r", "pong").list("rooms")), 1)
		equal(t, "rooms", len(h.last("r", "rooms").list("rooms")), 0)
		h.act("q", `{"type":"rooms","id":"l"}`)
		equal(t, "rooms of who is in", h.last("q", "rooms").list("rooms")[0].str("room"), "board")
		equal(t, "heard", len(h.got("r", "message")), 0)
	})
	t.Run("who has no name is put out", func(t *testing.T) {
		h := newHome(t, chat.Options{})
		h.hello("p", "Ada", "general")
		h.appoint(h.person("p"), protocol.RoleModerator)
		h.hello("r", "", "general")
		h.connect("plain")
		h.clear()
		h.act("p", `{"type":"invited","room":"general","on":true}`)
		for _, id := range []string{"r", "plain"} {
			equal(t, id, h.last(id, "error").str("code"), "invitation_needed")
		}
		h.say("p", "general", "1", "alone")
		equal(t, "heard", len(h.got("r", "message"))+len(h.got("plain", "message")), 0)
		h.connect("later")
		h.say("p", "general", "2", "alone")
		h.act("later", sample)
		equal(t, "a plain one that comes", h.last("later", "error").str("code"), "invitation_needed")
		equal(t, "heard", len(h.got("later", "message")), 0)
		h.act("p", `{"type":"invited","room":"general","on":false}`)
		h.connect("plain2")
		h.act("plain2", sample)
		equal(t, "for all again", len(h.got("plain2", "message")), 1)
	})
	t.Run("a link lets in, as often as it says, and is remembered with the session", func(t *testing.T) {
		h := setUp(t)
		link := invite(h, `,"uses":2`)
		equal(t, "room and uses", fmt.Sprint(link.str("room"), link.num("uses")), "board2")
		if text := h.remains(); strings.Contains(text, link.str("link")) || !strings.Contains(text, link.str("key")) {
			t.Error("a token is stored")
		}
		equal(t, "the first", use(h, "r", "Eve", link.str("link"), "board"), "")
		equal(t, "reads", h.last("r", "joined").list("messages")[0].str("text"), "between us")
		h.act("r", fmt.Sprintf(`{"type":"link","id":"again","link":%q}`, link.str("link")))
		equal(t, "again takes no place", len(h.got("r", "error")), 0)
		equal(t, "without a name yet", use(h, "s", "", link.str("link"), "board"), "")
		equal(t, "one too many", use(h, "u", "Mallory", link.str("link"), "board"), "bad_link")
		session := h.last("s", "welcome").str("session")
		h.connect("s2", protocol.Subprotocol)
		h.act("s2", fmt.Sprintf(`{"type":"hello","session":%q,"rooms":[{"room":"board"}]}`, session))
		equal(t, "comes back", h.last("s2", "joined").str("room"), "board")
	})
	t.Run("a link ends by time, and when it is revoked; who came by it stays", func(t *testing.T) {
		h := setUp(t)
		timed := invite(h, fmt.Sprintf(`,"until":%d`, clock.Add(time.Hour).UnixMilli()))
		endless := invite(h, "")
		equal(t, "in time", use(h, "r", "Eve", timed.str("link"), "board"), "")
		equal(t, "endless", use(h, "s", "Grete", endless.str("link"), "board"), "")
		clock = clock.Add(2 * time.Hour)
		equal(t, "too late", use(h, "u", "Mallory", timed.str("link")), "bad_link")
		h.act("p", fmt.Sprintf(`{"type":"revoke","id":"v","key":%q}`, endless.str("key")))
		equal(t, "answer", h.last("p", "moderated").str("do"), "revoke")
		equal(t, "revoked", use(h, "v", "Trudy", endless.str("link")), "bad_link")
		h.say("s", "board", "1", "I stay")
		equal(t, "who came by it", h.last("s", "message").str("text"), "I stay")
		equal(t, "never was", use(h, "w", "Oscar", "AAAAAAAAAAAAAAAAAAAAAA"), "bad_link")
	})
	t.Run("who is kicked needs another invitation", func(t *testing.T) {
		h := setUp(t)
		h.act("p", fmt.Sprintf(`{"type":"kick","id":"k","person":%q}`, h.person("q")))
		h.connect("q2", protocol.Subprotocol)
		h.act("q2", fmt.Sprintf(`{"type":"hello","session":%q,"rooms":[{"room":"general"},{"room":"board"}]}`, h.last("q", "welcome").str("session")))
		equal(t, "joined", len(h.got("q2", "joined")), 1)
		equal(t, "code", h.last("q2", "error").str("code"), "invitation_needed")
	})
	t.Run("guests neither invite nor revoke nor shut", func(t *testing.T) {
		h := setUp(t)
		for _, frame := range []string{`{"type":"invite","room":"board"}`, `{"type":"revoke","key":"x"}`, `{"type":"invited","room":"board","on":false}`} {
			h.act("q", frame)
			equal(t, frame, h.last("q", "error").str("code"), "not_allowed")
		}
	})
}
