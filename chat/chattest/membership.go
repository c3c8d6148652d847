package chattest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"parley/chat"
)

func membership(t *testing.T, open func(t testing.TB) Table) {
	t.Run("first and last with two connections of one person", func(t *testing.T) { firstAndLast(t, open(t)) })
	t.Run("a nameless listener is sent to and not counted", func(t *testing.T) { nameless(t, open(t)) })
	t.Run("joining again changes what is known", func(t *testing.T) { joinAgain(t, open(t)) })
	t.Run("an audience without plain connections", func(t *testing.T) { audiences(t, open(t)) })
	t.Run("an empty room", func(t *testing.T) { emptyRoom(t, open(t)) })
	t.Run("present stops at the limit and counts on", func(t *testing.T) { presentLimit(t, open(t)) })
	t.Run("hostile room names stay apart", func(t *testing.T) { hostileRooms(t, open(t)) })
	t.Run("many come and go at once", func(t *testing.T) { comeAndGo(t, open(t)) })
	t.Run("a fan-out may stop, and change the room while it runs", func(t *testing.T) { changeDuringFanOut(t, open(t)) })
}

func firstAndLast(t *testing.T, table Table) {
	room, elsewhere := fresh("room"), fresh("room")
	laptop, phone, bob := connect(t, table), connect(t, table), connect(t, table)

	wantFirst(t, table, room, chat.Member{Connection: laptop, Person: "ann"}, true)
	wantFirst(t, table, room, chat.Member{Connection: phone, Person: "ann", Plain: true}, false)
	wantFirst(t, table, room, chat.Member{Connection: bob, Person: "bob"}, true)
	wantFirst(t, table, elsewhere, chat.Member{Connection: phone, Person: "ann"}, true) // each room for itself
	wantPresent(t, table, room, "ann", "bob")

	wantLast(t, table, room, laptop, false)
	wantLast(t, table, room, laptop, false) // a second time is no error and changes nothing
	wantPresent(t, table, room, "ann", "bob")
	wantLast(t, table, room, phone, true)
	wantPresent(t, table, room, "bob")
	wantPresent(t, table, elsewhere, "ann")
	wantFirst(t, table, room, chat.Member{Connection: laptop, Person: "ann"}, true)
}

func nameless(t *testing.T, table Table) {
	room := fresh("room")
	a, b := connect(t, table), connect(t, table)
	join(t, table, room, chat.Member{Connection: a})
	join(t, table, room, chat.Member{Connection: b})
	wantInRoom(t, table, room, chat.Everyone, a, b)
	wantPresent(t, table, room)
	wantFirst(t, table, room, chat.Member{Connection: a, Person: "ann"}, true) // it took a name
	wantPresent(t, table, room, "ann")
	wantLast(t, table, room, a, true)
	wantInRoom(t, table, room, chat.Everyone, b)
}

func joinAgain(t *testing.T, table Table) {
	room := fresh("room")
	a, b := connect(t, table), connect(t, table)
	join(t, table, room, chat.Member{Connection: a, Person: "ann", Plain: true})
	// Not by another connection: the second Join of one that died half-way, say.
	wantFirst(t, table, room, chat.Member{Connection: a, Person: "ann", Plain: true}, true)
	wantPresent(t, table, room, "ann")

	join(t, table, room, chat.Member{Connection: b, Person: "ann"})
	wantFirst(t, table, room, chat.Member{Connection: a, Person: "eve"}, true) // another person, no longer plain
	wantPresent(t, table, room, "ann", "eve")
	wantInRoom(t, table, room, chat.WithProtocol, a, b)
	wantLast(t, table, room, a, true)
	wantLast(t, table, room, b, true)
	wantInRoom(t, table, room, chat.Everyone)
	wantPresent(t, table, room)
}

func audiences(t *testing.T, table Table) {
	room := fresh("room")
	var everyone, withProtocol []chat.ConnectionID
	for i := range 12 {
		id, plain := connect(t, table), i%3 == 0
		join(t, table, room, chat.Member{Connection: id, Person: fmt.Sprint("p", i), Plain: plain})
		everyone = append(everyone, id)
		if !plain {
			withProtocol = append(withProtocol, id)
		}
		wantInRoom(t, table, room, chat.Everyone, everyone...)
		wantInRoom(t, table, room, chat.WithProtocol, withProtocol...)
	}
	wantLast(t, table, room, everyone[0], true)
	wantLast(t, table, room, everyone[1], true)
	wantInRoom(t, table, room, chat.Everyone, everyone[2:]...)
	wantInRoom(t, table, room, chat.WithProtocol, withProtocol[1:]...)
}

func emptyRoom(t *testing.T, table Table) {
	room := fresh("room")
	wantInRoom(t, table, room, chat.Everyone)
	wantInRoom(t, table, room, chat.WithProtocol)
	wantPresent(t, table, room)
	wantLast(t, table, room, connect(t, table), false)
}

func presentLimit(t *testing.T, table Table) {
	room := fresh("room")
	for i := range 7 {
		join(t, table, room, chat.Member{Connection: connect(t, table), Person: fmt.Sprint("p", i)})
	}
	for _, limit := range []int{0, 1, 6, 7, 100} {
		people, count, err := table.Present(t.Context(), room, limit)
		must(t, err)
		slices.Sort(people)
		if len(slices.Compact(people)) != min(limit, 7) || count != 7 {
			t.Errorf("Present with limit %d: got %d different people and count %d, want %d and 7", limit, len(people), count, min(limit, 7))
		}
	}
}

func hostileRooms(t *testing.T, table Table) {
	ids := make(map[string]chat.ConnectionID)
	for _, room := range hostile {
		ids[room] = connect(t, table)
		// The person and the connection are as hostile as the room.
		wantFirst(t, table, room, chat.Member{Connection: ids[room], Person: room}, true)
	}
	for _, room := range hostile {
		wantInRoom(t, table, room, chat.Everyone, ids[room])
		wantPresent(t, table, room, room)
	}
	for _, room := range hostile {
		wantLast(t, table, room, ids[room], true)
		wantInRoom(t, table, room, chat.Everyone)
	}
}

func comeAndGo(t *testing.T, table Table) {
	const persons, connectionsEach, rounds = 8, 3, 5
	room := fresh("room")
	var ids [persons][connectionsEach]chat.ConnectionID
	for p := range persons {
		for c := range connectionsEach {
			ids[p][c] = connect(t, table)
		}
	}
	together(persons*connectionsEach, func(i int) {
		p, c := i%persons, i/persons
		for range rounds {
			if _, err := table.Join(t.Context(), room, chat.Member{Connection: ids[p][c], Person: fmt.Sprint("p", p)}); err != nil {
				t.Errorf("Join: %v", err)
			}
			found := false
			for page, err := range table.InRoom(t.Context(), room, chat.Everyone) {
				if err != nil {
					t.Errorf("InRoom: %v", err)
				}
				found = found || slices.Contains(page, ids[p][c])
			}
			if !found {
				t.Errorf("a connection whose Join had returned is not in its room")
			}
			if c > 0 || p%2 == 0 { // one connection of every second person stays
				if _, err := table.Leave(t.Context(), room, ids[p][c]); err != nil {
					t.Errorf("Leave: %v", err)
				}
			}
		}
	})
	var people []chat.PersonID
	var connections []chat.ConnectionID
	for p := 1; p < persons; p += 2 {
		people = append(people, fmt.Sprint("p", p))
		connections = append(connections, ids[p][0])
	}
	wantPresent(t, table, room, people...)
	wantInRoom(t, table, room, chat.Everyone, connections...)
	for p := 1; p < persons; p += 2 {
		wantLast(t, table, room, ids[p][0], true)
	}
	wantPresent(t, table, room)
}

func changeDuringFanOut(t *testing.T, table Table) {
	room := fresh("room")
	var ids []chat.ConnectionID
	for range 5 {
		id := connect(t, table)
		join(t, table, room, chat.Member{Connection: id, Person: id})
		ids = append(ids, id)
	}
	for page, err := range table.InRoom(t.Context(), room, chat.Everyone) {
		must(t, err)
		before := slices.Clone(page)
		for _, gone := range before { // as a fan-out does with those that are gone
			wantLast(t, table, room, gone, true)
		}
		if !slices.Equal(page, before) {
			t.Errorf("a page changed under its reader: got %q, want %q", page, before)
		}
		join(t, table, room, chat.Member{Connection: ids[0], Person: ids[0]})
		break
	}
	if people, _, err := table.Present(t.Context(), room, 10); err != nil || !slices.Contains(people, ids[0]) {
		t.Errorf("Present after the fan-out: got %q, %v, want %q among them", people, err, ids[0])
	}
}

func join(t testing.TB, table Table, room string, m chat.Member) {
	t.Helper()
	_, err := table.Join(t.Context(), room, m)
	must(t, err)
}

func wantFirst(t testing.TB, table Table, room string, m chat.Member, want bool) {
	t.Helper()
	first, err := table.Join(t.Context(), room, m)
	if first != want || err != nil {
		t.Errorf("Join(%q, %+v): got first %v, %v, want %v", room, m, first, err, want)
	}
}

func wantLast(t testing.TB, table Table, room string, id chat.ConnectionID, want bool) {
	t.Helper()
	last, err := table.Leave(t.Context(), room, id)
	if last != want || err != nil {
		t.Errorf("Leave(%q, %q): got last %v, %v, want %v", room, id, last, err, want)
	}
}

// wantInRoom compares as sets: pages have no order, and may repeat an id.
func wantInRoom(t testing.TB, table Table, room string, to chat.Audience, want ...chat.ConnectionID) {
	t.Helper()
	got := make(map[chat.ConnectionID]bool)
	for page, err := range table.InRoom(t.Context(), room, to) {
		must(t, err)
		for _, id := range page {
			got[id] = true
		}
	}
	ids, want := slices.Sorted(maps.Keys(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(ids, want) {
		t.Errorf("InRoom(%q, %d):\n got %q\nwant %q", room, to, ids, want)
	}
}

func wantPresent(t testing.TB, table Table, room string, want ...chat.PersonID) {
	t.Helper()
	people, count, err := table.Present(t.Context(), room, len(want)+10)
	must(t, err)
	slices.Sort(people)
	if slices.Sort(want); !slices.Equal(people, want) || count != len(want) {
		t.Errorf("Present(%q): got %q, count %d, want %q", room, people, count, want)
	}
}
