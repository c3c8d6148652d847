package chattest

import (
	"fmt"
	"slices"
	"testing"

	"parley/chat"
)

// MessageLogReopen holds a durable implementation to it: what was acknowledged
// is there when it is opened again, and means the same. open opens the log in a
// directory, which is new at first; close ends it as its owner would.
func MessageLogReopen(t *testing.T, open func(t testing.TB, dir string) (log chat.MessageLog, close func())) {
	dir := t.TempDir()
	written := make(map[string]*modelLog)
	rooms := append([]string{fresh("room"), fresh("room")}, hostile...)
	for _, room := range rooms {
		written[room] = new(modelLog)
	}
	var epoch string
	var heads []chat.RoomHead
	for round := range 3 {
		log, closeLog := open(t, dir)
		for i, room := range rooms {
			wantRange(t, log, room, 1, 1000, 1<<20, *written[room])
			extent := extentOf(t, log, room)
			if epoch == "" {
				epoch = extent.Epoch
			}
			if extent.Epoch != epoch || extent.Head != uint64(len(*written[room])) || extent.Floor != 0 {
				t.Errorf("round %d, room %q: got %+v, want head %d and epoch %q", round, room, extent, len(*written[room]), epoch)
			}
			for _, old := range *written[room] { // sent again, after the restart
				again := add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: old.Person, ID: old.ID, Text: "again"})
				if !again[0].Repeat || again[0].Entry != old {
					t.Errorf("round %d: sent again:\n got %+v\nwant %+v", round, again[0], old)
				}
			}
			// The clock may have been set back while the log was closed.
			at := int64(1_000_000 + 1000*i - 100*round)
			for _, e := range []chat.Entry{
				{Kind: chat.KindMessage, At: at, Person: room, From: room, ID: fmt.Sprint(round, "a"), Text: room},
				{Kind: chat.KindEdit, At: at + 1, Person: room, From: room, ID: fmt.Sprint(round, "b"), Text: "edited", Target: 1},
				{Kind: chat.KindMessage, At: at + 1, Person: room, From: room, ID: fmt.Sprint(round, "c"), Text: "to be deleted"},
				{Kind: chat.KindDelete, At: at + 1, Person: room, From: room, ID: fmt.Sprint(round, "d"), Target: uint64(len(*written[room]) + 3)},
			} {
				want := written[room].append(e)
				if got := add(t, log, room, e)[0]; got != want {
					t.Errorf("round %d: got %+v, want %+v", round, got, want)
				}
			}
			if last := *written[room]; !slices.IsSortedFunc(last, func(a, b chat.Entry) int { return int(a.At - b.At) }) {
				t.Errorf("round %d: at runs backwards over a restart: %+v", round, last)
			}
		}
		now, err := log.Rooms(t.Context(), len(rooms))
		must(t, err)
		if round > 0 && !sameOrder(now, heads) {
			t.Errorf("round %d: the order of rooms changed:\n got %+v\nwant %+v", round, now, heads)
		}
		heads = now
		closeLog()
	}
}

func sameOrder(a, b []chat.RoomHead) bool {
	return slices.EqualFunc(a, b, func(a, b chat.RoomHead) bool { return a.Room == b.Room })
}

// PeopleReopen is the same for people.
func PeopleReopen(t *testing.T, open func(t testing.TB, dir string) (people chat.People, close func())) {
	dir := t.TempDir()
	ann, bob, gone := somebody(), somebody(), somebody()
	gone.Session, gone.Holder = [32]byte{}, "c"

	people, closePeople := open(t, dir)
	for _, p := range []chat.Person{ann, bob, gone} {
		put(t, people, p)
	}
	oldName := bob.Skeleton
	bob.Former = []chat.Former{{Hash: session(fresh("before")), State: chat.FormerEnded}}
	bob.Skeleton, bob.Name, bob.Seen = "new "+oldName, "Robert", bob.Seen+1
	put(t, people, bob)
	must(t, people.ReleaseName(t.Context(), gone.ID, "c"))
	closePeople()

	people, closePeople = open(t, dir)
	defer closePeople()
	for _, p := range []chat.Person{ann, bob} {
		wantPerson(t, people, p)
		wantHolder(t, people, p.Skeleton, p)
		wantSession(t, people, p.Session, p)
	}
	wantSession(t, people, bob.Former[0].Hash, bob)
	wantNobody(t, people, oldName)
	wantNobody(t, people, gone.Skeleton)
	eve := somebody()
	eve.Skeleton = ann.Skeleton
	wantTaken(t, people, eve)
}
