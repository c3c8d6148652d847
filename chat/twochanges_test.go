package chat_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"

	"parley/chat"
)

// slowPeople has something happen before a person is changed.
type slowPeople struct {
	chat.People
	once    sync.Once
	between func()
}

func (s *slowPeople) ChangePerson(ctx context.Context, id chat.PersonID, change func(*chat.Person)) (chat.Person, error) {
	s.once.Do(s.between)
	return s.People.ChangePerson(ctx, id, change)
}

func TestARenameKeepsTheSession(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	now := sha256.Sum256([]byte("the new one"))
	slow := &slowPeople{People: o.people, between: func() {
		found, err := o.people.Persons(ctx, o.id["gus"])
		if err != nil {
			t.Fatal(err)
		}
		p := found[0]
		p.Session, p.Role, p.Admitted = now, "moderator", []string{"back office"}
		if err := o.people.PutPerson(ctx, p); err != nil {
			t.Fatal(err)
		}
	}}
	o.Chat = chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: slow, Poster: o.poster, Rules: o.rules}, o.options)
	t.Cleanup(o.Close)
	equal(t, "rename", o.do("gus", map[string]any{"type": "rename", "name": "august"}), "renamed")
	found, err := o.people.Persons(ctx, o.id["gus"])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "name", found[0].Name, "august")
	equal(t, "session", found[0].Session, now)
	equal(t, "role", found[0].Role, "moderator")
	equal(t, "rooms", found[0].Admitted, "[back office]")
}

// Many tabs of one person, while its role changes: the session that was told
// last is the one that counts, and the name the one that was taken.
func TestManyTabsWhileTheRoleChanges(t *testing.T) {
	o := newOffice(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			name := fmt.Sprint("gus the ", i)
			if err := o.OnAction(context.Background(), "gus", []byte(`{"type":"rename","name":"`+name+`"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	o.act("olga", map[string]any{"type": "appoint", "person": o.id["gus"], "role": "moderator"})
	all.Wait()
	token := o.last("gus", "session").str("session")
	p, err := o.people.PersonBySession(context.Background(), sha256.Sum256([]byte(token)))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "person", p.ID, o.id["gus"])
	equal(t, "role", p.Role, "moderator")
}
