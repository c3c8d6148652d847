package chattest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"parley/chat"
)

func newSession(t *testing.T, people chat.People) {
	ann := somebody()
	put(t, people, ann)
	old := ann.Session
	ann.Session = session(fresh("again"))
	put(t, people, ann)
	wantSession(t, people, ann.Session, ann)
	if p, err := people.PersonBySession(t.Context(), old); !errors.Is(err, chat.ErrNoPerson) {
		t.Errorf("the old session: got %+v, %v, want ErrNoPerson", p, err)
	}
}

func formerSessions(t *testing.T, people chat.People) {
	ann, bob := somebody(), somebody()
	put(t, people, bob)
	var issued [][32]byte
	for n := range chat.MaxFormer + 2 {
		put(t, people, ann)
		issued = append(issued, ann.Session)
		if n%2 == 0 { // the newest first, as chat has them
			ann.Former = slices.Insert(slices.Clone(ann.Former), 0, chat.Former{Hash: ann.Session, State: chat.FormerBeside})
		} else {
			ann.Former = append(slices.Clone(ann.Former), chat.Former{Hash: ann.Session, State: chat.FormerEnded})
		}
		ann.Session = session(fresh("again"))
		ann.Former = ann.Former[:min(len(ann.Former), chat.MaxFormer)]
	}
	put(t, people, ann)
	wantPerson(t, people, ann)
	wantSession(t, people, ann.Session, ann)
	known := 0
	for _, hash := range issued {
		if slices.ContainsFunc(ann.Former, func(f chat.Former) bool { return f.Hash == hash }) {
			known++
			wantSession(t, people, hash, ann)
		} else if p, err := people.PersonBySession(t.Context(), hash); !errors.Is(err, chat.ErrNoPerson) {
			t.Errorf("a session that is kept no more: got %+v, %v, want ErrNoPerson", p, err)
		}
	}
	if known != chat.MaxFormer {
		t.Errorf("%d former sessions, want %d", known, chat.MaxFormer)
	}
	wantSession(t, people, bob.Session, bob)
	if seen, err := people.NoteSeen(t.Context(), ann.ID, ann.Seen); err != nil || !same(seen, ann) {
		t.Errorf("NoteSeen: %v\n got %+v\nwant %+v", err, seen, ann)
	}
	ann.Session, ann.Skeleton = [32]byte{}, "" // signed out
	put(t, people, ann)
	wantSession(t, people, ann.Former[0].Hash, ann)
}

// changedAtOnce lets many change another part of one person each.
func changedAtOnce(t *testing.T, people chat.People) {
	ann := somebody()
	put(t, people, ann)
	const rooms = 6
	together(rooms+2, func(i int) {
		_, err := people.ChangePerson(t.Context(), ann.ID, func(p *chat.Person) {
			room := fmt.Sprint("room ", i)
			switch {
			case i == rooms:
				p.Session, p.Role = session("of the role"), "moderator"
			case i == rooms+1:
				p.Name, p.Skeleton = "Ann II", "second "+ann.Skeleton
			case !slices.Contains(p.Admitted, room):
				p.Admitted = append(slices.Clone(p.Admitted), room)
			}
		})
		if err != nil {
			t.Errorf("ChangePerson: %v", err)
		}
	})
	found, err := people.Persons(t.Context(), ann.ID)
	must(t, err)
	if p := found[0]; len(p.Admitted) != rooms || p.Role != "moderator" || p.Session != session("of the role") || p.Name != "Ann II" {
		t.Errorf("after %d changes: %+v", rooms+2, p)
	}
	wantNobody(t, people, ann.Skeleton)
	wantHolder(t, people, "second "+ann.Skeleton, found[0])
	if p, err := people.PersonBySession(t.Context(), ann.Session); !errors.Is(err, chat.ErrNoPerson) {
		t.Errorf("the old session: got %+v, %v, want ErrNoPerson", p, err)
	}
}

func refusedChange(t *testing.T, people chat.People) {
	ann, eve := somebody(), somebody()
	put(t, people, ann)
	put(t, people, eve)
	_, err := people.ChangePerson(t.Context(), eve.ID, func(p *chat.Person) { p.Skeleton, p.Name = ann.Skeleton, "Ann" })
	if !errors.Is(err, chat.ErrNameTaken) {
		t.Errorf("a change to a name that is taken: got %v, want ErrNameTaken", err)
	}
	wantPerson(t, people, eve)
	wantHolder(t, people, ann.Skeleton, ann)
	must(t, people.ErasePerson(t.Context(), eve.ID))
	for _, id := range []chat.PersonID{eve.ID, fresh("never put")} {
		_, err := people.ChangePerson(t.Context(), id, func(p *chat.Person) { p.Name = "somebody" })
		if found, _ := people.Persons(t.Context(), id); !errors.Is(err, chat.ErrNoPerson) || len(found) != 0 {
			t.Errorf("a change of nobody: got %v and %+v, want ErrNoPerson", err, found)
		}
	}
}
