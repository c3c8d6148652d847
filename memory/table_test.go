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

// TestSnapshotIsShared wants the same memory at every fan-out until somebody
// comes or goes, and no allocation.
func TestSnapshotIsShared(t *testing.T) {
	table := NewTable()
	for i := range 100 {
		table.Join(t.Context(), "room", chat.Member{Connection: fmt.Sprint(i)})
	}
	first := table.page("room", chat.Everyone)
	table.Join(t.Context(), "room", chat.Member{Connection: "7", Person: "took a name"})
	if second := table.page("room", chat.Everyone); &first[0] != &second[0] {
		t.Error("the snapshot was made anew though nobody came or went")
	}
	if n := testing.AllocsPerRun(100, func() { table.page("room", chat.WithProtocol) }); n != 0 {
		t.Errorf("a fan-out allocates %v times", n)
	}
	table.Leave(t.Context(), "room", "7")
	if len(first) != 100 || len(table.page("room", chat.Everyone)) != 99 {
		t.Error("a departure changed the old snapshot, or not the new one")
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
