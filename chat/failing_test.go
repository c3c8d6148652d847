package chat_test

import (
	"context"
	"errors"
	"testing"

	"parley/chat"
	"parley/protocol"
)

var errTable = errors.New("the table is away")

func TestJoinCanBeTriedAgain(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada")
	h.hello("q", "Grace", "general")
	h.table.fail = errTable
	err := h.OnAction(context.Background(), "p", []byte(`{"type":"join","id":"j","room":"general"}`))
	if !errors.Is(err, errTable) {
		t.Errorf("the operator is told %v", err)
	}
	equal(t, "code", h.last("p", "error").str("code"), "unavailable")
	h.table.fail = nil
	h.act("p", `{"type":"join","id":"j","room":"general"}`)
	h.say("q", "general", "1", "hello")
	equal(t, "heard", texts(h.got("p", "message")), []string{"hello"})
}

func TestRefusedHandshakeLeavesNothing(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.table.fail = errTable
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.OnConnect(ctx, "a", chat.Handshake{}); err == nil {
		t.Fatal("accepted")
	}
	if _, err := h.table.Get(context.Background(), "a"); !errors.Is(err, chat.ErrNoConnection) {
		t.Errorf("still known: %v", err)
	}
}

// A connection that nobody knows would be deaf and mute for ever.
func TestUnknownConnectionIsSentBack(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.connect("a")
	if _, err := h.table.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	h.act("a", sample)
	e := h.last("a", "error")
	equal(t, "retry", e["retry"], true)
	if e.num("after") == 0 {
		t.Error("it is not told when to come back")
	}
	equal(t, "close code", h.poster.closed["a"], protocol.CloseTryLater)
}

// It may also be forgotten while its action is under way.
func TestConnectionForgottenMeanwhile(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.connect("a")
	h.table.onPut = func() {
		h.table.onPut = nil
		if _, err := h.table.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	h.act("a", sample)
	equal(t, "code", h.last("a", "error").str("code"), "unavailable")
	equal(t, "close code", h.poster.closed["a"], protocol.CloseTryLater)
}

func TestPanicCostsOneRound(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general")
	h.poster.panics = true
	func() {
		defer func() { recover() }() // the answer to p cannot be posted either
		h.OnAction(context.Background(), "p", []byte(`{"type":"message","id":"1","text":"x"}`))
	}()
	h.poster.panics = false
	h.say("p", "general", "1", "x")
	equal(t, "seq", h.last("p", "message").num("seq"), 1)
}

func TestNoticeTellsTheTruth(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.connect("a")
	h.act("a", `{"type":"message","from":" alice ","text":"hi"}`)
	equal(t, "notice", h.last("a", "notice").str("text"), "You are alice.")
}

func TestRenameIsAnsweredOnce(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "", "general")
	h.table.fail = errTable
	if err := h.OnAction(context.Background(), "p", []byte(`{"type":"rename","id":"r","name":"Ada"}`)); !errors.Is(err, errTable) {
		t.Errorf("the operator is told %v", err)
	}
	equal(t, "answers", len(h.got("p", "renamed"))+len(h.got("p", "error")), 1)
}
