package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

// In AWS a page may take its name while the hello with its link is answered by
// another function: the link must not be lost by it.
func TestNamedWhileALinkIsFollowed(t *testing.T) {
	h := newHome(t, chat.Options{RulesAge: time.Minute})
	token, err := h.OperatorLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.connect("olga", protocol.Subprotocol)
	h.table.onPut = func() { // hello notes who the connection is
		h.table.onPut = nil
		rules := &countedRules{Rules: h.rules}
		rules.onRead = func() {
			if rules.reads == 1 { // follow asks for them anew
				rename := chat.New(chat.Ports{Connections: h.table, Members: h.table, Log: h.log, People: h.people, Poster: h.poster, Rules: h.rules}, h.options)
				defer rename.Close()
				if err := rename.OnAction(context.Background(), "olga", []byte(`{"type":"rename","name":"Olga"}`)); err != nil {
					t.Error(err)
				}
			}
		}
		h.Rules = rules
	}
	h.act("olga", map[string]any{"type": "hello", "link": token})
	equal(t, "refused", len(h.got("olga", "error")), 0)
	equal(t, "role", h.last("olga", "session")["you"].(map[string]any)["role"], protocol.RoleOperator)
}

// TestRoleGivenElsewhere: what another function of the chat did a moment ago is
// not undone by one that has not heard of it.
func TestRoleGivenElsewhere(t *testing.T) {
	now := time.Now()
	h := newHome(t, chat.Options{RulesAge: time.Minute, Now: func() time.Time { return now }})
	elsewhere := chat.New(chat.Ports{Connections: h.table, Members: h.table, Log: h.log, People: h.people, Poster: h.poster, Rules: h.rules}, h.options)
	t.Cleanup(elsewhere.Close)

	gus := h.hello("gus", "Gus", "general")["you"].(map[string]any)["id"].(string) // this one knows the rules from now on
	token, err := elsewhere.OperatorLink(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h.hello("olga", "Olga")
	h.act("olga", map[string]any{"type": "link", "id": "l", "link": token})
	if h.last("olga", "session")["you"].(map[string]any)["role"] != protocol.RoleOperator {
		t.Fatal("a link that was made elsewhere is no good")
	}

	appoint := fmt.Sprintf(`{"type":"appoint","id":"a","person":%q,"role":"moderator"}`, gus)
	if err := elsewhere.OnAction(context.Background(), "olga", []byte(appoint)); err != nil {
		t.Fatal(err)
	}
	session := h.last("gus", "session").str("session")
	h.act("gus", map[string]any{"type": "slow", "id": "s", "room": "general", "every": 10_000})
	equal(t, "a new moderator is answered by", h.last("gus", "moderated").str("id"), "s")
	if err := elsewhere.OnAction(context.Background(), "olga", []byte(`{"type":"lock","id":"o","room":"general"}`)); err != nil {
		t.Fatal(err)
	}
	h.act("gus", map[string]any{"type": "moderation", "id": "m", "room": "general"})
	if listed := fmt.Sprint(h.last("gus", "moderation")["rules"]); !strings.Contains(listed, "do:lock") || !strings.Contains(listed, "do:slow") {
		t.Errorf("what was done elsewhere is not listed: %s", listed)
	}
	h.connect("gus 2", protocol.Subprotocol)
	h.act("gus 2", map[string]any{"type": "hello", "session": session})
	w := h.last("gus 2", "welcome")
	equal(t, "session", w.str("session"), session)
	equal(t, "role", w["you"].(map[string]any)["role"], protocol.RoleModerator)
}
