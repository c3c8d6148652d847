package chat_test

import (
	"context"
	"testing"

	"parley/chat"
	"parley/protocol"
)

// TestHelloIsStoredOnce: each time that a connection is stored is a write in AWS.
func TestHelloIsStoredOnce(t *testing.T) {
	h := newHome(t, chat.Options{})
	puts := 0
	h.table.onPut = func() { puts++ }
	h.hello("a", "Ada", "one", "two", "three")
	equal(t, "stored", puts, 2) // once by OnConnect
	h.hello("b", "Bob", "two")
	h.say("b", "two", "1", "hello")
	equal(t, "heard", texts(h.got("a", "message")), []string{"hello"})
	conn, err := h.table.Get(context.Background(), "a")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rooms", conn.Rooms, []string{"one", "two", "three"})
}

// TestHelloWithoutMembership: a connection is in no room that it could not be
// made a member of, and may try again.
func TestHelloWithoutMembership(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.laidDown(chat.Rule{Kind: chat.RuleInvited, Room: "closed"})
	h.connect("a", protocol.Subprotocol)
	h.table.fail = errTable
	hello := []byte(`{"type":"hello","name":"Ada","rooms":[{"room":"general"},{"room":"closed"}]}`)
	if err := h.OnAction(context.Background(), "a", hello); err == nil {
		t.Error("the operator is told nothing")
	}
	h.table.fail = nil
	conn, err := h.table.Get(context.Background(), "a")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rooms", len(conn.Rooms), 0)
	h.clear()
	h.act("a", `{"type":"join","room":"general"}`)
	equal(t, "joined", h.last("a", "joined").str("room"), "general")
}

// TestJoinAfterACutOne: where a function died after it noted that a connection is
// in a room, and before it made it a member, the next join does.
func TestJoinAfterACutOne(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("a", "Ada")
	h.hello("b", "Bob", "general")
	ctx := context.Background()
	conn, err := h.table.Get(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	conn.Rooms = []string{"general"}
	if err := h.table.Put(ctx, conn); err != nil {
		t.Fatal(err)
	}
	h.act("a", `{"type":"join","room":"general"}`)
	h.say("b", "general", "1", "hello")
	equal(t, "heard", texts(h.got("a", "message")), []string{"hello"})

	// One that is a member stays one, whatever becomes of a join.
	h.table.fail = errTable
	if err := h.OnAction(ctx, "a", []byte(`{"type":"join","room":"general"}`)); err == nil {
		t.Error("the operator is told nothing")
	}
	h.table.fail = nil
	if conn, err = h.table.Get(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	equal(t, "rooms", conn.Rooms, []string{"general"})
}
