package chattest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"parley/chat"
)

// Eraser holds an implementation to chat.Eraser. open returns a log; it may hold
// what earlier tests left.
func Eraser(t *testing.T, open func(t testing.TB) chat.MessageLog) {
	t.Run("what a person said is found", func(t *testing.T) { saidBy(t, open(t)) })
	t.Run("a sender is forgotten", func(t *testing.T) { forgetSender(t, open(t)) })
	t.Run("a log is trimmed", func(t *testing.T) { trim(t, open(t)) })
	t.Run("what is old is found", func(t *testing.T) { aged(t, open(t)) })
}

func placesOf(t testing.TB, log chat.Eraser, person, room string) (found []string) {
	t.Helper()
	for p, err := range log.SaidBy(t.Context(), person, room) {
		must(t, err)
		found = append(found, fmt.Sprint(p.Room, " ", p.Seq))
	}
	slices.Sort(found)
	return found
}

func saidBy(t *testing.T, log chat.MessageLog) {
	a, b, p := fresh("a"), fresh("b"), fresh("p")
	add(t, log, a, message(p, "1", "one"), message("q", "1", "other"), message(p, "", "without id"), message(p, "2", "deleted"),
		edit(p, "3", 1, "better"), remove(p, "4", 4))
	for i := range 450 { // more than a page of any store
		add(t, log, b, message(p, fmt.Sprint(i), "text"))
	}
	if got, want := placesOf(t, log, p, a), []string{a + " 1", a + " 3"}; !slices.Equal(got, want) {
		t.Errorf("in one room: %v, want %v", got, want)
	}
	if got := placesOf(t, log, p, ""); len(got) != 452 || len(slices.Compact(got)) != 452 {
		t.Errorf("in all rooms: %d places", len(got))
	}
	if got := placesOf(t, log, fresh("nobody"), ""); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
	for p, err := range log.SaidBy(t.Context(), p, b) { // whoever asks may change the log meanwhile
		must(t, err)
		add(t, log, b, chat.Entry{Kind: chat.KindDelete, Person: "a moderator", Target: p.Seq, Order: true})
	}
	if got := placesOf(t, log, p, b); len(got) != 0 {
		t.Errorf("after deleting: %v", got)
	}
}

func forgetSender(t *testing.T, log chat.MessageLog) {
	room, p := fresh("room"), fresh("p")
	for i := range 450 {
		add(t, log, room, message(p, fmt.Sprint(i), "text"), message("q", "", "kept"))
	}
	add(t, log, room, edit(p, "edit", 1, "better"))
	for place, err := range log.SaidBy(t.Context(), p, "") {
		must(t, err)
		add(t, log, room, remove(p, "", place.Seq))
	}
	for range 2 {
		must(t, log.ForgetSender(t.Context(), p))
	}
	x := extentOf(t, log, room)
	entries, err := log.Range(t.Context(), room, 1, x.Head, 1<<30)
	must(t, err)
	if uint64(len(entries)) != x.Head || x.Head != 450*2+1+450 {
		t.Fatalf("%d entries, head %d", len(entries), x.Head)
	}
	for _, e := range entries {
		switch {
		case e.Lost || e.Person != p && e.Person != "q":
			t.Fatalf("%+v", e)
		case e.Person == p && (e.From != "" || e.Text != ""):
			t.Fatalf("something is left: %+v", e)
		case e.Person == "q" && (e.From == "" || e.Text != "kept"):
			t.Fatalf("somebody else's: %+v", e)
		}
	}
	if got := add(t, log, room, message("q", "goes on", "text")); got[0].Seq != x.Head+1 {
		t.Errorf("it goes on with %+v", got)
	}
}

func trim(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	for i := range 450 {
		add(t, log, room, message("p", fmt.Sprint(i), "text"))
	}
	add(t, log, room, edit("p", "edit", 450, "better"))
	for _, c := range []struct{ floor, want uint64 }{{0, 0}, {1, 1}, {449, 449}, {3, 449}, {10_000, 449}} {
		must(t, log.Trim(t.Context(), room, c.floor))
		if x := extentOf(t, log, room); x.Floor != c.want || x.Head != 451 {
			t.Fatalf("trimmed to %d: %+v", c.floor, x)
		}
	}
	entries, err := log.Range(t.Context(), room, 1, 1000, 1<<30)
	if err != nil || len(entries) != 2 || entries[0].Seq != 450 || entries[0].Text != "better" {
		t.Errorf("%+v, %v", entries, err)
	}
	if places := placesOf(t, log, "p", room); len(places) != 1 {
		t.Errorf("said: %v", places)
	}
	if got := add(t, log, room, edit("p", "too late", 3, "x")); !errors.Is(got[0].Refused, chat.ErrNoMessage) {
		t.Errorf("an edit of what was trimmed: %+v", got)
	}
	must(t, log.Trim(t.Context(), room, 451))
	if got := add(t, log, room, message("p", "anew", "text")); got[0].Seq != 452 {
		t.Errorf("it goes on with %+v", got)
	}
	must(t, log.Trim(t.Context(), fresh("never spoken in"), 1))
}

func aged(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	for i := range 9 {
		e := message("p", "", "text")
		e.At = 1000 * int64(i+1)
		add(t, log, room, e)
	}
	for at, want := range map[int64]uint64{0: 0, 1000: 0, 1001: 1, 5000: 4, 5001: 5, 1 << 50: 9} {
		if got, err := log.Aged(t.Context(), room, at); err != nil || got != want {
			t.Errorf("before %d: %d, %v, want %d", at, got, err, want)
		}
	}
	must(t, log.Trim(t.Context(), room, 4))
	for at, want := range map[int64]uint64{3000: 0, 6001: 6} {
		if got, err := log.Aged(t.Context(), room, at); err != nil || got != want {
			t.Errorf("trimmed, before %d: %d, %v, want %d", at, got, err, want)
		}
	}
	if got, err := log.Aged(t.Context(), fresh("never spoken in"), 5); err != nil || got != 0 {
		t.Errorf("no room: %d, %v", got, err)
	}
}

// PeopleEraser holds an implementation to chat.PeopleEraser.
func PeopleEraser(t *testing.T, people chat.People) {
	p, other := somebody(), somebody()
	p.Admitted = []string{"a room", "another"}
	p.Role = "moderator"
	p.Former = []chat.Former{{Hash: session("before"), State: chat.FormerCounts}, {Hash: session("ended"), State: chat.FormerEnded}}
	put(t, people, p)
	put(t, people, other)
	wantPerson(t, people, p)
	for range 2 {
		must(t, people.ErasePerson(t.Context(), p.ID))
		if found, err := people.Persons(t.Context(), p.ID); err != nil || len(found) != 0 {
			t.Errorf("still there: %v, %v", found, err)
		}
		wantNobody(t, people, p.Skeleton)
		for _, hash := range [][32]byte{p.Session, p.Former[0].Hash, p.Former[1].Hash} {
			if _, err := people.PersonBySession(t.Context(), hash); !errors.Is(err, chat.ErrNoPerson) {
				t.Errorf("by session: %v", err)
			}
		}
	}
	wantPerson(t, people, other)
	wantHolder(t, people, other.Skeleton, other)
	p.ID = fresh("another")
	put(t, people, p) // name and sessions are free
	wantHolder(t, people, p.Skeleton, p)
}
