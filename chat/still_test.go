package chat_test

import (
	"context"
	"testing"

	"parley/chat"
	"parley/protocol"
)

// Another process, whose rules are a moment old, may let somebody in after all:
// the rule is laid down behind the back of the connection.
func TestStillMay(t *testing.T) {
	t.Run("a banned person that got in says no more", func(t *testing.T) {
		o := newOffice(t)
		o.laidDown(chat.Rule{Kind: chat.RuleBan, Subject: o.id["gus"], Reason: "Spam"})
		o.act("gus", map[string]any{"type": "message", "room": "hall", "text": "after all"}, map[string]any{"type": "ping"})
		equal(t, "told", o.last("gus", "error").str("code"), "banned")
		equal(t, "closed", o.poster.closed["gus"], protocol.CloseBanned)
		equal(t, "known", o.known("gus"), false)
		equal(t, "heard", len(o.got("gil", "message")), 0)
		equal(t, "answers", len(o.got("gus", "pong")), 0)
	})
	t.Run("who got into a room by invitation hears no more", func(t *testing.T) {
		o := newOffice(t)
		o.laidDown(chat.Rule{Kind: chat.RuleInvited, Room: "hall"})
		o.act("gus", map[string]any{"type": "ping"})
		equal(t, "told", o.last("gus", "error").str("code"), "invitation_needed")
		o.says("mona")
		equal(t, "heard", len(o.got("gus", "message")), 0)
		if err := o.OnDisconnect(context.Background(), "gus"); err != nil {
			t.Error(err)
		}
	})
}
