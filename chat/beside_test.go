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

// A tab that says hello beside a sign-out, or an erasure, of its person would listen
// for as long as it says nothing.
func TestWhoLeavesIsNotLetInBesideIt(t *testing.T) {
	for name, leave := range map[string]func(o *office){
		"signs out": func(o *office) { o.act("gus", `{"type":"sign_out"}`) },
		"is erased": func(o *office) {
			equal(o.t, "erase", o.do("olga", map[string]any{"type": "erase", "person": o.id["gus"]}), "moderated")
		},
	} {
		ended := func(t *testing.T, o *office) {
			t.Helper()
			equal(t, "let in", len(o.got("late", "welcome")), 0)
			equal(t, "told", o.last("late", "error").str("code"), "signed_out")
			equal(t, "closed", o.poster.closed["late"], protocol.CloseSignedOut)
			o.hearsNothing("late")
		}
		t.Run(name+" while hello is stored", func(t *testing.T) {
			o, _, comes := beside(t)
			o.once(func() { leave(o) })
			comes()
			ended(t, o)
		})
		t.Run(name+" while connections are looked up", func(t *testing.T) {
			o, table, comes := beside(t)
			table.found = comes
			leave(o)
			ended(t, o)
		})
		t.Run(name+" while another process stores hello", func(t *testing.T) {
			o := newOffice(t)
			options := o.options
			options.RulesAge = time.Minute
			other := chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: o.rules}, options)
			t.Cleanup(other.Close)
			o.connect("late", protocol.Subprotocol)
			o.once(func() { leave(o) })
			hello := `{"type":"hello","session":"` + o.session["gus"] + `","rooms":[{"room":"hall"}]}`
			if err := other.OnAction(context.Background(), "late", []byte(hello)); err != nil {
				t.Fatal(err)
			}
			ended(t, o)
		})
	}
}

// Nor is who signed out given another session, since its role became another one.
func TestWhoSignsOutIsGivenNoSessionBesideIt(t *testing.T) {
	o := newOffice(t)
	if err := o.OnDisconnect(context.Background(), "gus"); err != nil {
		t.Fatal(err)
	}
	o.do("olga", map[string]any{"type": "appoint", "person": o.id["gus"], "role": "moderator"}) // the next hello brings another session
	o.connect("late", protocol.Subprotocol)
	hello := map[string]any{"type": "hello", "session": o.session["gus"]}
	slow := &slowPeople{People: o.people, between: func() {
		found, err := o.people.Persons(context.Background(), o.id["gus"])
		if err != nil {
			t.Fatal(err)
		}
		p := found[0]
		p.Former, p.Session = []chat.Former{{Hash: p.Session, State: chat.FormerEnded}}, [32]byte{}
		if err := o.people.PutPerson(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}}
	other := chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: slow, Poster: o.poster, Rules: o.rules}, chat.Options{RulesAge: time.Minute})
	t.Cleanup(other.Close)
	o.by(other, "late", hello)
	equal(t, "told", o.last("late", "error").str("code"), "signed_out")
	found, err := o.people.Persons(context.Background(), o.id["gus"])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "session", found[0].Session, [32]byte{})
}
