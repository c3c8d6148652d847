package chat_test

import (
	"context"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

// besideTable has something happen when a person's connections have been looked up.
type besideTable struct {
	*faultyTable
	found func()
}

func (b *besideTable) OfPerson(ctx context.Context, id chat.PersonID) ([]chat.Connection, error) {
	open, err := b.faultyTable.OfPerson(ctx, id)
	if then := b.found; then != nil {
		b.found = nil
		then()
	}
	return open, err
}

// beside returns an office, and a connection of gus's that is about to say hello.
func beside(t *testing.T) (o *office, table *besideTable, comes func()) {
	o = newOffice(t)
	table = &besideTable{faultyTable: o.table}
	o.Chat = chat.New(chat.Ports{Connections: table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: o.rules}, o.options)
	t.Cleanup(o.Close)
	o.connect("late", protocol.Subprotocol)
	return o, table, func() {
		o.act("late", map[string]any{"type": "hello", "session": o.session["gus"], "rooms": []any{map[string]any{"room": "hall"}}})
	}
}

// once has a connection's next Put wait for something.
func (o *office) once(happens func()) {
	o.table.onPut = func() { o.table.onPut = nil; happens() }
}

func (o *office) hearsNothing(who string) {
	o.t.Helper()
	o.clear()
	o.do("mona", map[string]any{"type": "message", "room": "hall", "text": "among us"})
	equal(o.t, who+" hears", len(o.got(who, "message")), 0)
}

// A tab that came beside the ban would listen for as long as it says nothing.
func TestABanFindsWhoComesBesideIt(t *testing.T) {
	t.Run("while connections are looked up", func(t *testing.T) {
		o, table, comes := beside(t)
		table.found = comes
		o.do("mona", map[string]any{"type": "ban", "person": o.id["gus"]})
		equal(t, "closed", o.poster.closed["late"], protocol.CloseBanned)
		o.hearsNothing("late")
	})
	t.Run("while hello is stored", func(t *testing.T) {
		o, _, comes := beside(t)
		o.once(func() { o.do("mona", map[string]any{"type": "ban", "person": o.id["gus"]}) })
		comes()
		equal(t, "told", o.last("late", "error").str("code"), "banned")
		equal(t, "closed", o.poster.closed["late"], protocol.CloseBanned)
		o.hearsNothing("late")
	})
}

// Another process lets in whom it does not know to be banned, until it reads the rules.
func TestABanFindsWhoComesByAnotherProcess(t *testing.T) {
	o := newOffice(t)
	o.options.RulesAge = 200 * time.Millisecond // the office's clock stands still: the other's rules stay as they are
	ports := chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: o.rules}
	other := chat.New(ports, o.options)
	t.Cleanup(other.Close)
	o.Chat = chat.New(ports, o.options)
	t.Cleanup(o.Close)
	o.connect("late", protocol.Subprotocol)
	if err := other.OnAction(context.Background(), "gil", []byte(`{"type":"rooms"}`)); err != nil { // it reads the rules
		t.Fatal(err)
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		if err := o.OnAction(context.Background(), "mona", []byte(`{"type":"ban","person":"`+o.id["gus"]+`"}`)); err != nil {
			t.Error(err)
		}
	}()
	for o.known("gus") {
		time.Sleep(time.Millisecond)
	}
	if err := other.OnAction(context.Background(), "late", []byte(`{"type":"hello","session":"`+o.session["gus"]+`","rooms":[{"room":"hall"}]}`)); err != nil {
		t.Fatal(err)
	}
	equal(t, "let in", len(o.got("late", "welcome")), 1)
	<-told
	equal(t, "closed", o.poster.closed["late"], protocol.CloseBanned)
	o.hearsNothing("late")
}

// Who joins a room at the moment it becomes one by invitation, or is put out of
// it, does not listen there.
func TestAnInvitedRoomIsShutToWhoComesBesideIt(t *testing.T) {
	t.Run("while a join is stored", func(t *testing.T) {
		o := newOffice(t)
		o.act("gus", map[string]any{"type": "leave", "room": "hall"})
		o.once(func() { o.do("mona", map[string]any{"type": "invited", "room": "hall", "on": true}) })
		equal(t, "join", o.do("gus", map[string]any{"type": "join", "room": "hall"}), "invitation_needed")
		o.hearsNothing("gus")
	})
	t.Run("while who is kicked joins", func(t *testing.T) {
		o, table, comes := beside(t)
		o.do("mona", map[string]any{"type": "invited", "room": "hall", "on": true}) // gus is in it, and so let in
		table.found = comes
		o.do("mona", map[string]any{"type": "kick", "person": o.id["gus"]})
		o.hearsNothing("late")
	})
}

// A name is told to a room when its bearer joins, from whichever tab it was taken.
func TestMutedInOneRoomTakesNoNameInAnother(t *testing.T) {
	o := newOffice(t)
	o.do("mona", map[string]any{"type": "mute", "person": o.id["gus"], "room": "hall"})
	o.connect("tab", protocol.Subprotocol)
	o.act("tab", map[string]any{"type": "hello", "session": o.session["gus"]})
	equal(t, "rename", o.do("tab", map[string]any{"type": "rename", "name": "buy this"}), "muted")
	o.do("mona", map[string]any{"type": "mute", "person": o.id["gus"], "room": "hall", "until": 0})
	equal(t, "lifted", o.do("tab", map[string]any{"type": "rename", "name": "august"}), "renamed")
}
