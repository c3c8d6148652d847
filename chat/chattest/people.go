package chattest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/chat"
)

// People holds an implementation to chat.People. open returns a store; it may
// hold what earlier tests left.
func People(t *testing.T, open func(t testing.TB) chat.People) {
	t.Run("a person is kept whole and replaced whole", func(t *testing.T) { personKept(t, open(t)) })
	t.Run("nobody is told as nobody", func(t *testing.T) { nobody(t, open(t)) })
	t.Run("a name belongs to one", func(t *testing.T) { oneHolder(t, open(t)) })
	t.Run("a refused name changes nothing", func(t *testing.T) { refusedName(t, open(t)) })
	t.Run("a new name frees the old one", func(t *testing.T) { renameFrees(t, open(t)) })
	t.Run("a new session ends the old one", func(t *testing.T) { newSession(t, open(t)) })
	t.Run("former sessions are known as long as they are kept", func(t *testing.T) { formerSessions(t, open(t)) })
	t.Run("only the holder releases a name", func(t *testing.T) { releaseName(t, open(t)) })
	t.Run("a change undoes no other of the same time", func(t *testing.T) { changedAtOnce(t, open(t)) })
	t.Run("a refused change changes nothing", func(t *testing.T) { refusedChange(t, open(t)) })
	t.Run("being seen changes nothing else", func(t *testing.T) { noteSeen(t, open(t)) })
	t.Run("being seen undoes no rename at the same time", func(t *testing.T) { seenAtOnce(t, open(t)) })
	t.Run("many want one name at once", func(t *testing.T) { nameAtOnce(t, open(t)) })
	t.Run("a name goes from hand to hand at once", func(t *testing.T) { handToHand(t, open(t)) })
	t.Run("hostile names and ids stay apart", func(t *testing.T) { hostilePeople(t, open(t)) })
	t.Run("a cancelled call changes nothing", func(t *testing.T) { cancelledPeople(t, open(t)) })
}

// somebody returns a person that nobody else is, holding a name of its own.
func somebody() chat.Person {
	id := fresh("person")
	return chat.Person{
		ID: id, Name: "Name of " + id, Skeleton: "name of " + id, Session: session(id),
		Created: 1_700_000_000_000, Seen: 1_700_000_000_001,
	}
}

func session(of string) (hash [32]byte) {
	copy(hash[:], "\x00session of ")
	copy(hash[12:], of)
	return hash
}

func personKept(t *testing.T, people chat.People) {
	full, other := somebody(), somebody()
	bare := chat.Person{ID: full.ID, Created: 1}
	held := full
	held.Session, held.Holder, held.Seen = [32]byte{}, "connection#1", 1<<53-1
	put(t, people, other)
	for _, want := range []chat.Person{full, full, held, bare, full} {
		put(t, people, want)
		wantPerson(t, people, want)
		if want.Skeleton != "" {
			wantHolder(t, people, want.Skeleton, want)
		}
		if want.Session != [32]byte{} {
			wantSession(t, people, want.Session, want)
		}
	}
	found, err := people.Persons(t.Context(), other.ID, fresh("never put"), full.ID)
	must(t, err)
	slices.SortFunc(found, func(a, b chat.Person) int { return strings.Compare(a.ID, b.ID) })
	want := []chat.Person{full, other}
	slices.SortFunc(want, func(a, b chat.Person) int { return strings.Compare(a.ID, b.ID) })
	if !slices.EqualFunc(found, want, same) {
		t.Errorf("Persons:\n got %+v\nwant %+v", found, want)
	}
}

// same tells whether two are one person, all of them; an empty list is none.
func same(a, b chat.Person) bool {
	lists := slices.Equal(a.Admitted, b.Admitted) && slices.Equal(a.Former, b.Former)
	a.Admitted, b.Admitted, a.Former, b.Former = nil, nil, nil, nil
	return lists && reflect.DeepEqual(a, b)
}

func nobody(t *testing.T, people chat.People) {
	put(t, people, chat.Person{ID: fresh("bare"), Name: "shown only"}) // no skeleton, no session: not found by them
	if found, err := people.Persons(t.Context(), fresh("never put")); len(found) != 0 || err != nil {
		t.Errorf("Persons of an unknown id: got %+v, %v, want none", found, err)
	}
	if found, err := people.Persons(t.Context()); len(found) != 0 || err != nil {
		t.Errorf("Persons of no ids: got %+v, %v, want none", found, err)
	}
	for _, skeleton := range []string{fresh("nobody's"), ""} {
		wantNobody(t, people, skeleton)
	}
	for _, hash := range [][32]byte{{1, 2, 3}, {}} {
		if p, err := people.PersonBySession(t.Context(), hash); !errors.Is(err, chat.ErrNoPerson) {
			t.Errorf("PersonBySession(%x): got %+v, %v, want ErrNoPerson", hash[:3], p, err)
		}
	}
	must(t, people.ReleaseName(t.Context(), fresh("never put"), "c"))
}

func oneHolder(t *testing.T, people chat.People) {
	ann, eve := somebody(), somebody()
	put(t, people, ann)
	put(t, people, ann) // what one holds already, one may keep
	eve.Skeleton = ann.Skeleton
	wantTaken(t, people, eve)
	if found, err := people.Persons(t.Context(), eve.ID); len(found) != 0 || err != nil {
		t.Errorf("somebody whose name was refused is stored: got %+v, %v", found, err)
	}
	if _, err := people.PersonBySession(t.Context(), eve.Session); !errors.Is(err, chat.ErrNoPerson) {
		t.Errorf("somebody whose name was refused has a session: %v", err)
	}
	wantHolder(t, people, ann.Skeleton, ann)
	// Without a name there is nothing to take from each other.
	put(t, people, chat.Person{ID: fresh("person")})
	put(t, people, chat.Person{ID: fresh("person")})
}

func refusedName(t *testing.T, people chat.People) {
	ann, eve := somebody(), somebody()
	put(t, people, ann)
	put(t, people, eve)
	changed := eve
	changed.Skeleton, changed.Name, changed.Seen, changed.Session = ann.Skeleton, "Ann", 9, session("new")
	wantTaken(t, people, changed)
	wantPerson(t, people, eve)
	wantHolder(t, people, eve.Skeleton, eve)
	wantHolder(t, people, ann.Skeleton, ann)
	wantSession(t, people, eve.Session, eve)
}

func renameFrees(t *testing.T, people chat.People) {
	ann, bob := somebody(), somebody()
	put(t, people, ann)
	old := ann.Skeleton
	ann.Skeleton = "new " + old
	put(t, people, ann)
	wantNobody(t, people, old)
	wantHolder(t, people, ann.Skeleton, ann)
	bob.Skeleton = old
	put(t, people, bob)
	wantHolder(t, people, old, bob)
	ann.Skeleton = old
	wantTaken(t, people, ann)
	bob.Skeleton = ""
	put(t, people, bob)
	put(t, people, ann)
	wantHolder(t, people, old, ann)
}

func releaseName(t *testing.T, people chat.People) {
	ann := somebody()
	ann.Session, ann.Holder = [32]byte{}, "c1"
	put(t, people, ann)
	must(t, people.ReleaseName(t.Context(), ann.ID, "c2"))
	must(t, people.ReleaseName(t.Context(), ann.ID, ""))
	must(t, people.ReleaseName(t.Context(), fresh("never put"), "c1"))
	wantHolder(t, people, ann.Skeleton, ann)

	must(t, people.ReleaseName(t.Context(), ann.ID, "c1"))
	wantNobody(t, people, ann.Skeleton)
	found, err := people.Persons(t.Context(), ann.ID)
	must(t, err)
	if len(found) != 1 || found[0].Name != ann.Name || found[0].Skeleton != "" || found[0].Created != ann.Created {
		t.Errorf("after ReleaseName: got %+v, want the same person without skeleton", found)
	}
	must(t, people.ReleaseName(t.Context(), ann.ID, "c1")) // again: nothing to release

	bob := somebody()
	bob.Skeleton, bob.Holder = ann.Skeleton, "c1"
	put(t, people, bob)
	must(t, people.ReleaseName(t.Context(), ann.ID, "c1")) // no longer hers
	wantHolder(t, people, bob.Skeleton, bob)
}

func noteSeen(t *testing.T, people chat.People) {
	ann := somebody()
	ann.Holder = "c1"
	put(t, people, ann)
	saw := func(at int64, want chat.Person) {
		t.Helper()
		if got, err := people.NoteSeen(t.Context(), ann.ID, at); err != nil || !same(got, want) {
			t.Errorf("NoteSeen at %d: %v\n got %+v\nwant %+v", at, err, got, want)
		}
		wantPerson(t, people, want)
		wantSession(t, people, want.Session, want)
	}
	ann.Holder, ann.Seen = "", ann.Seen+1000
	saw(ann.Seen, ann)
	saw(ann.Seen-500, ann) // the later one counts
	wantHolder(t, people, ann.Skeleton, ann)
	must(t, people.ReleaseName(t.Context(), ann.ID, "c1")) // it is the session's by now
	wantHolder(t, people, ann.Skeleton, ann)
	if got, err := people.NoteSeen(t.Context(), fresh("never put"), 1); !errors.Is(err, chat.ErrNoPerson) {
		t.Errorf("NoteSeen of nobody: got %+v, %v, want ErrNoPerson", got, err)
	}
}

// seenAtOnce lets one connection of a person rename it while others come.
func seenAtOnce(t *testing.T, people chat.People) {
	ann := somebody()
	put(t, people, ann)
	const times = 8
	together(3, func(i int) {
		for n := range times {
			if i > 0 {
				if _, err := people.NoteSeen(t.Context(), ann.ID, ann.Seen+int64(i*times+n)); err != nil {
					t.Errorf("NoteSeen: %v", err)
				}
				continue
			}
			renamed := ann
			renamed.Name, renamed.Skeleton = fmt.Sprint("Ann ", n), fmt.Sprint(ann.ID, " ", n)
			if err := people.PutPerson(t.Context(), renamed); err != nil {
				t.Errorf("PutPerson: %v", err)
			}
			time.Sleep(2 * time.Millisecond) // for one who has read it before
			found, err := people.Persons(t.Context(), ann.ID)
			if err != nil || len(found) != 1 || found[0].Name != renamed.Name || found[0].Skeleton != renamed.Skeleton {
				t.Errorf("after a rename to %q: got %+v, %v", renamed.Name, found, err)
			}
		}
	})
}

func nameAtOnce(t *testing.T, people chat.People) {
	const suitors = 16
	skeleton := fresh("wanted")
	won := make(chan chat.Person, suitors)
	together(suitors, func(int) {
		p := somebody()
		p.Skeleton = skeleton
		switch err := people.PutPerson(t.Context(), p); {
		case err == nil:
			won <- p
		case !errors.Is(err, chat.ErrNameTaken):
			t.Errorf("PutPerson: %v", err)
		}
	})
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d of %d got the name, want 1", len(won), suitors)
	}
	wantHolder(t, people, skeleton, <-won)
}

// handToHand lets several take and release a name; at the end somebody can
// have it, and nobody held it at the same time as another.
func handToHand(t *testing.T, people chat.People) {
	skeleton := fresh("shared")
	held := make(chan struct{}, 1)
	together(6, func(i int) {
		p := somebody()
		p.Session, p.Skeleton, p.Holder = [32]byte{}, skeleton, fmt.Sprint("c", i)
		for range 5 {
			err := people.PutPerson(t.Context(), p)
			if errors.Is(err, chat.ErrNameTaken) {
				continue
			}
			if err != nil {
				t.Errorf("PutPerson: %v", err)
				return
			}
			select {
			case held <- struct{}{}:
				<-held
			default:
				t.Error("two held one name at the same time")
			}
			if err := people.ReleaseName(t.Context(), p.ID, p.Holder); err != nil {
				t.Errorf("ReleaseName: %v", err)
			}
		}
	})
	wantNobody(t, people, skeleton)
}

func hostilePeople(t *testing.T, people chat.People) {
	person := func(i int) chat.Person {
		next := hostile[(i+1)%len(hostile)]
		return chat.Person{ID: hostile[i], Name: next, Skeleton: next, Session: session(fmt.Sprint(i)), Holder: hostile[i]}
	}
	for i := range hostile {
		put(t, people, person(i))
	}
	for i := range hostile {
		wantPerson(t, people, person(i))
		wantHolder(t, people, person(i).Skeleton, person(i))
		wantSession(t, people, person(i).Session, person(i))
	}
	for i := range hostile {
		must(t, people.ReleaseName(t.Context(), hostile[i], hostile[i]))
		wantNobody(t, people, person(i).Skeleton)
	}
}

func cancelledPeople(t *testing.T, people chat.People) {
	over, ann := cancelled(), somebody()
	ann.Holder = "c"
	put(t, people, ann)
	changed := ann
	changed.Name, changed.Skeleton = "changed", fresh("changed")
	for call, err := range map[string]error{
		"Persons":         second(people.Persons(over, ann.ID)),
		"PersonBySession": second(people.PersonBySession(over, ann.Session)),
		"PersonByName":    second(people.PersonByName(over, ann.Skeleton)),
		"PutPerson":       people.PutPerson(over, changed),
		"ChangePerson":    second(people.ChangePerson(over, ann.ID, func(p *chat.Person) { p.Name = "changed" })),
		"NoteSeen":        second(people.NoteSeen(over, ann.ID, 9)),
		"ReleaseName":     people.ReleaseName(over, ann.ID, "c"),
	} {
		if err == nil || errors.Is(err, chat.ErrNoPerson) || errors.Is(err, chat.ErrNameTaken) {
			t.Errorf("%s with a cancelled context: got error %v, want the cancellation", call, err)
		}
	}
	wantPerson(t, people, ann)
	wantHolder(t, people, ann.Skeleton, ann)
	wantNobody(t, people, changed.Skeleton)
}

func put(t testing.TB, people chat.People, p chat.Person) {
	t.Helper()
	if err := people.PutPerson(t.Context(), p); err != nil {
		t.Fatalf("PutPerson(%+v): %v", p, err)
	}
}

func wantTaken(t testing.TB, people chat.People, p chat.Person) {
	t.Helper()
	if err := people.PutPerson(t.Context(), p); !errors.Is(err, chat.ErrNameTaken) {
		t.Errorf("PutPerson with a name that is taken: got %v, want ErrNameTaken", err)
	}
}

func wantPerson(t testing.TB, people chat.People, want chat.Person) {
	t.Helper()
	found, err := people.Persons(t.Context(), want.ID)
	if err != nil || len(found) != 1 || !same(found[0], want) {
		t.Errorf("Persons(%q): %v\n got %+v\nwant %+v", want.ID, err, found, want)
	}
}

func wantHolder(t testing.TB, people chat.People, skeleton string, want chat.Person) {
	t.Helper()
	if p, err := people.PersonByName(t.Context(), skeleton); err != nil || !same(p, want) {
		t.Errorf("PersonByName(%q): %v\n got %+v\nwant %+v", skeleton, err, p, want)
	}
}

func wantNobody(t testing.TB, people chat.People, skeleton string) {
	t.Helper()
	if p, err := people.PersonByName(t.Context(), skeleton); !errors.Is(err, chat.ErrNoPerson) {
		t.Errorf("PersonByName(%q): got %+v, %v, want ErrNoPerson", skeleton, p, err)
	}
}

func wantSession(t testing.TB, people chat.People, hash [32]byte, want chat.Person) {
	t.Helper()
	if p, err := people.PersonBySession(t.Context(), hash); err != nil || !same(p, want) {
		t.Errorf("PersonBySession: %v\n got %+v\nwant %+v", err, p, want)
	}
}
