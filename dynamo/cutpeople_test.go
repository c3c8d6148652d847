package dynamo_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// TestPutPersonKilled kills a function that renames somebody and begins a new
// session, between any two writes. Then somebody wants the new name, or the
// old one; then the first tries again. No name is ever of two, and none is lost.
func TestPutPersonKilled(t *testing.T) {
	e2e.DynamoDB(t)
	for _, rival := range []string{"new", "old", "nobody"} {
		t.Run("a rival wants "+rival, func(t *testing.T) {
			table := newTable(t)
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			untilAlive(t, func(t *testing.T, n int, before bool) bool {
				name := func(s string) string { return fmt.Sprint(s, n, before) }
				ann := chat.Person{ID: name("ann"), Name: "Ann", Skeleton: name("old"), Session: [32]byte{1, byte(n)}, Created: 1}
				must(t, s.PutPerson(t.Context(), ann))
				after := ann
				after.Skeleton, after.Session = name("new"), [32]byte{2, byte(n)}
				dies, ctx, dead := dying(t, table, n, before)
				err := dies.PutPerson(ctx, after)
				if !dead.Load() && err != nil {
					t.Errorf("not killed, but PutPerson returned %v", err)
				}
				eve := chat.Person{ID: name("eve"), Name: "Eve", Skeleton: name(rival), Created: 1}
				eveErr := s.PutPerson(t.Context(), eve)
				if eveErr != nil && !errors.Is(eveErr, chat.ErrNameTaken) {
					t.Fatal(eveErr)
				}
				wantOneHolder(t, s, eve.Skeleton, ann.ID, eve.ID)
				annErr := s.PutPerson(t.Context(), after)
				if annErr != nil && !errors.Is(annErr, chat.ErrNameTaken) {
					t.Fatal(annErr)
				}
				if want := rival == "new" && eveErr == nil; errors.Is(annErr, chat.ErrNameTaken) != want {
					t.Errorf("the retry returned %v after the rival got %v", annErr, eveErr)
				}
				for _, skeleton := range []string{name("old"), name("new")} {
					wantOneHolder(t, s, skeleton, ann.ID, eve.ID)
				}
				if annErr == nil {
					if p, err := s.PersonBySession(t.Context(), after.Session); err != nil || !reflect.DeepEqual(p, after) {
						t.Errorf("by the new session: %+v, %v", p, err)
					}
					if _, err := s.PersonBySession(t.Context(), ann.Session); !errors.Is(err, chat.ErrNoPerson) {
						t.Errorf("by the old session: %v", err)
					}
					if rival != "old" { // nobody has it now: it must be free
						zoe := chat.Person{ID: name("zoe"), Skeleton: name("old")}
						must(t, s.PutPerson(t.Context(), zoe))
					}
				}
				return dead.Load()
			})
		})
	}
}

// wantOneHolder wants at most one of the persons to say that it has the name,
// and that one to be found by it.
func wantOneHolder(t testing.TB, s *dynamo.Store, skeleton string, ids ...chat.PersonID) {
	t.Helper()
	persons, err := s.Persons(t.Context(), ids...)
	must(t, err)
	found, err := s.PersonByName(t.Context(), skeleton)
	if err != nil && !errors.Is(err, chat.ErrNoPerson) {
		t.Fatal(err)
	}
	for _, p := range persons {
		if p.Skeleton == skeleton && p.ID != found.ID {
			t.Errorf("%s says that it has %q, but by that name %q is found", p.ID, skeleton, found.ID)
		}
	}
}

// TestReleaseNameKilled wants the name free for others wherever it was cut.
func TestReleaseNameKilled(t *testing.T) {
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	for n := 1; n <= 2; n++ {
		skeleton := fmt.Sprint("plain", n)
		p := chat.Person{ID: skeleton, Skeleton: skeleton, Holder: "c"}
		must(t, s.PutPerson(t.Context(), p))
		dies, ctx, _ := dying(t, table, n, false)
		dies.ReleaseName(ctx, p.ID, "c")
		must(t, s.PutPerson(t.Context(), chat.Person{ID: "next" + skeleton, Skeleton: skeleton, Holder: "d"}))
		must(t, s.ReleaseName(t.Context(), p.ID, "c"))
		if got, err := s.PersonByName(t.Context(), skeleton); err != nil || got.ID != "next"+skeleton {
			t.Errorf("killed after write %d: %+v has the name, %v", n, got, err)
		}
	}
}

// TestDeleteKilled wants a second Delete to end what the first left.
func TestDeleteKilled(t *testing.T) {
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	untilAlive(t, func(t *testing.T, n int, before bool) bool {
		id := fmt.Sprint("c", n, before)
		must(t, s.Put(t.Context(), chat.Connection{ID: id, Rooms: []string{"listed"}}))
		for _, room := range []string{"listed", "noted"} {
			if _, err := s.Join(t.Context(), room, chat.Member{Connection: id}); err != nil {
				t.Fatal(err)
			}
		}
		dies, ctx, dead := dying(t, table, n, before)
		dies.Delete(ctx, id)
		if _, err := s.Delete(t.Context(), id); err != nil && !errors.Is(err, chat.ErrNoConnection) {
			t.Fatal(err)
		}
		for _, room := range []string{"listed", "noted"} {
			for page, err := range s.InRoom(t.Context(), room, chat.Everyone) {
				must(t, err)
				t.Errorf("still in %s: %q", room, page)
			}
		}
		return dead.Load()
	})
}
