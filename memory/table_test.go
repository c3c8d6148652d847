package memory

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"parley/chat"
)

// TestNothingIsLeft lets connections come, join, and go in each of the ways
// there are, and looks whether anything stays behind of them.
func TestNothingIsLeft(t *testing.T) {
	table := NewTable()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for n := range 30 {
				id := fmt.Sprint(i, ".", n)
				table.Put(t.Context(), chat.Connection{ID: id})
				for r := range 5 {
					room := fmt.Sprint("room", (i+r)%7, n%3)
					table.Join(t.Context(), room, chat.Member{Connection: id, Person: fmt.Sprint("p", i%4), Plain: n%2 == 0})
					for range table.InRoom(t.Context(), room, chat.Everyone) {
					}
					if r%2 == 0 {
						table.Leave(t.Context(), room, id)
					}
				}
				if _, err := table.Delete(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	// Membership of a connection that nobody put, as OnAction after OnDisconnect would leave it.
	table.Join(t.Context(), "late", chat.Member{Connection: "ghost", Person: "p"})
	table.Delete(t.Context(), "ghost")
	table.Join(t.Context(), "late", chat.Member{Connection: "ghost", Person: "p"})
	table.Leave(t.Context(), "late", "ghost")
	if n := len(table.connections) + len(table.rooms); n != 0 {
		t.Errorf("left behind: connections %v, rooms %v", table.connections, table.rooms)
	}
}

// TestPagesAreShared wants the same memory at every fan-out until somebody
// leaves, no allocation, and what was lent to stay as it was whoever comes and goes.
func TestPagesAreShared(t *testing.T) {
	table := NewTable()
	for i := range 100 {
		table.Join(t.Context(), "room", chat.Member{Connection: fmt.Sprint(i)})
	}
	first, _ := table.pages("room")
	table.Join(t.Context(), "room", chat.Member{Connection: "7", Person: "took a name"})
	if second, _ := table.pages("room"); &first[0] != &second[0] {
		t.Error("a page was made anew though nobody left")
	}
	if n := testing.AllocsPerRun(100, func() { table.pages("room") }); n != 0 {
		t.Errorf("a fan-out allocates %v times", n)
	}
	before := slices.Clone(first)
	table.Leave(t.Context(), "room", "7")
	table.Join(t.Context(), "room", chat.Member{Connection: "new"})
	table.Leave(t.Context(), "room", "99")
	if now, _ := table.pages("room"); !slices.Equal(first, before) || len(now) != 99 || slices.Contains(now, "7") || slices.Contains(now, "99") || !slices.Contains(now, "new") {
		t.Errorf("coming and going changed what was lent, or not what is lent now: %q", now)
	}
}

// TestConnectionsOfOneRoomShareItsName wants what is noted of a connection to
// hold no memory of its own for the name of the only room it is in.
func TestConnectionsOfOneRoomShareItsName(t *testing.T) {
	table := NewTable()
	for i := range 3 {
		id, name := fmt.Sprint(i), fmt.Sprint("ro", "om")
		table.Join(t.Context(), name, chat.Member{Connection: id})
		if err := table.Put(t.Context(), chat.Connection{ID: id, Rooms: []string{name}}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := table.connections["1"].rooms, table.connections["2"].rooms; &a[0] != &b[0] {
		t.Error("each has a list of its own")
	}
	got, _ := table.Get(t.Context(), "1")
	got.Rooms[0] = "changed"
	if again, err := table.Get(t.Context(), "2"); err != nil || again.Rooms[0] != "room" {
		t.Errorf("one who changed what it was given changed another one's: %q, %v", again.Rooms, err)
	}
}

// TestPresentInALargeRoom wants the same people at every call, and all of a
// small room even where its first members are all one person's.
func TestPresentInALargeRoom(t *testing.T) {
	table := NewTable()
	const limit = 10
	for i := range 5 * limit {
		table.Join(t.Context(), "room", chat.Member{Connection: fmt.Sprint("one", i), Person: "one"})
	}
	table.Join(t.Context(), "room", chat.Member{Connection: "two", Person: "two"})
	table.Join(t.Context(), "room", chat.Member{Connection: "plain", Person: "three", Plain: true})
	if people, count, err := table.Present(t.Context(), "room", limit); len(people) != 3 || count != 3 || err != nil {
		t.Errorf("Present: got %q, %d, %v, want one, two and three", people, count, err)
	}
	for i := range 10 * limit {
		table.Join(t.Context(), "large", chat.Member{Connection: fmt.Sprint(i), Person: fmt.Sprint(i)})
	}
	first, _, _ := table.Present(t.Context(), "large", limit)
	table.Leave(t.Context(), "large", "99")
	if again, count, _ := table.Present(t.Context(), "large", limit); len(again) != limit || count != 10*limit-1 || !slices.Equal(first, again) {
		t.Errorf("Present: got %q of %d after %q", again, count, first)
	}
}
