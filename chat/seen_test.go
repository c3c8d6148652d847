package chat_test

import (
	"context"
	"testing"
	"time"

	"parley/chat"
	"parley/protocol"
)

// between is a People in which something happens right after a person was read.
type between struct {
	chat.People
	then func()
}

func (b *between) happens() {
	if then := b.then; then != nil {
		b.then = nil
		then()
	}
}

func (b *between) PersonBySession(ctx context.Context, session [32]byte) (chat.Person, error) {
	defer b.happens()
	return b.People.PersonBySession(ctx, session)
}

func (b *between) Persons(ctx context.Context, ids ...chat.PersonID) ([]chat.Person, error) {
	defer b.happens()
	return b.People.Persons(ctx, ids...)
}

// A tab that comes, or speaks for the first time, must not undo what another
// one's rename did since it read who it is.
func TestBeingSeenUndoesNoRename(t *testing.T) {
	for name, act := range map[string]func(h *home, session string){
		"hello": func(h *home, session string) {
			h.connect("q", protocol.Subprotocol)
			h.act("q", map[string]any{"type": "hello", "session": session})
		},
		"the first message": func(h *home, session string) { h.say("p", "general", "1", "hello") },
	} {
		t.Run(name, func(t *testing.T) {
			now := time.UnixMilli(1_700_000_000_000)
			h := newHome(t, chat.Options{Now: func() time.Time { return now }})
			people := &between{People: h.People}
			h.People = people
			w := h.hello("p", "Ada", "general")
			id := w["you"].(map[string]any)["id"].(string)
			now = now.Add(2 * time.Hour)
			people.then = func() {
				found, err := people.People.Persons(t.Context(), id)
				if err != nil || len(found) != 1 {
					t.Fatalf("Persons: %+v, %v", found, err)
				}
				found[0].Name, found[0].Skeleton, found[0].Holder = "Grace", "grace", ""
				if err := people.People.PutPerson(t.Context(), found[0]); err != nil {
					t.Fatal(err)
				}
			}
			act(h, w.str("session"))
			found, err := people.People.Persons(t.Context(), id)
			if err != nil || len(found) != 1 || found[0].Name != "Grace" || found[0].Skeleton != "grace" {
				t.Errorf("got %+v, %v; want Grace", found, err)
			}
		})
	}
}
