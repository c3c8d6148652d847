package chattest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"parley/chat"
)

// Table is what holds both the connections and the rooms they are in; each home
// has one thing for both.
type Table interface {
	chat.ConnectionTable
	chat.Membership
}

// ConnectionTable holds an implementation to chat.ConnectionTable and
// chat.Membership. open returns one; it may hold what earlier tests left.
func ConnectionTable(t *testing.T, open func(t testing.TB) Table) {
	t.Run("a connection is kept whole and replaced whole", func(t *testing.T) { connectionKept(t, open(t)) })
	t.Run("an unknown connection is told", func(t *testing.T) { connectionUnknown(t, open(t)) })
	t.Run("the caller owns what it gave and got", func(t *testing.T) { connectionOwned(t, open(t)) })
	t.Run("delete ends the memberships", func(t *testing.T) { connectionDeleted(t, open(t)) })
	t.Run("a change of what has changed is refused", func(t *testing.T) { connectionVersions(t, open(t)) })
	t.Run("put leaves the memberships", func(t *testing.T) { putLeavesMemberships(t, open(t)) })
	t.Run("a cancelled call changes nothing", func(t *testing.T) { connectionCancelled(t, open(t)) })
	membership(t, open)
}

// connect puts a connection of its own and returns its id.
func connect(t testing.TB, table Table) chat.ConnectionID {
	t.Helper()
	id := fresh("connection")
	must(t, table.Put(t.Context(), chat.Connection{ID: id}))
	return id
}

func connectionKept(t *testing.T, table Table) {
	full := chat.Connection{
		ID: fresh("connection"), Plain: true, Person: "person#1", Session: [32]byte{0, 1, 31: 255},
		Stored: true, Since: 1795384800000, Rooms: append([]string{"zebra", "aardvark"}, hostile[:20]...),
	}
	for _, want := range []chat.Connection{full, {ID: full.ID}, full} {
		must(t, table.Put(t.Context(), want))
		got, err := table.Get(t.Context(), want.ID)
		must(t, err)
		if !sameConnection(got, want) {
			t.Errorf("Get after Put:\n got %+v\nwant %+v", got, want)
		}
	}
	got, err := table.Delete(t.Context(), full.ID)
	must(t, err)
	if !sameConnection(got, full) {
		t.Errorf("Delete returned what was not put:\n got %+v\nwant %+v", got, full)
	}
}

func sameConnection(a, b chat.Connection) bool {
	a.Version, b.Version = 0, 0
	rooms := slices.Equal(a.Rooms, b.Rooms) // no rooms may be nil or empty
	a.Rooms, b.Rooms = nil, nil
	return rooms && reflect.DeepEqual(a, b)
}

// Of several that change a connection at once one is in time; the others are
// told, and nothing that one has noted is lost.
func connectionVersions(t *testing.T, table Table) {
	id := connect(t, table)
	together(8, func(i int) {
		for {
			c, err := table.Get(t.Context(), id)
			if err != nil {
				t.Errorf("Get: %v", err)
				return
			}
			c.Rooms = append(c.Rooms, fmt.Sprint("room ", i))
			err = table.Put(t.Context(), c)
			if err == nil {
				return
			}
			if !errors.Is(err, chat.ErrChanged) {
				t.Errorf("Put of what has changed: %v, want ErrChanged", err)
				return
			}
		}
	})
	c, err := table.Get(t.Context(), id)
	must(t, err)
	if len(c.Rooms) != 8 || c.Version != 9 {
		t.Errorf("after 8 changes at once: %+v, want 8 rooms and version 9", c)
	}
	_, err = table.Delete(t.Context(), id)
	must(t, err)
	if err := table.Put(t.Context(), c); !errors.Is(err, chat.ErrChanged) {
		t.Errorf("Put of a connection that was deleted: %v, want ErrChanged", err)
	}
	if _, err := table.Get(t.Context(), id); !errors.Is(err, chat.ErrNoConnection) {
		t.Errorf("it is back: %v", err)
	}
}

func connectionUnknown(t *testing.T, table Table) {
	id := fresh("never put")
	if c, err := table.Get(t.Context(), id); !errors.Is(err, chat.ErrNoConnection) {
		t.Errorf("Get of an unknown connection: got %+v, %v, want ErrNoConnection", c, err)
	}
	if c, err := table.Delete(t.Context(), id); !errors.Is(err, chat.ErrNoConnection) {
		t.Errorf("Delete of an unknown connection: got %+v, %v, want ErrNoConnection", c, err)
	}

	id = connect(t, table)
	winners := make(chan bool, 8)
	together(cap(winners), func(int) {
		_, err := table.Delete(t.Context(), id)
		if err != nil && !errors.Is(err, chat.ErrNoConnection) {
			t.Errorf("Delete: %v", err)
		}
		winners <- err == nil
	})
	close(winners)
	won := 0
	for w := range winners {
		if w {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d of %d concurrent Deletes were told that they deleted it, want 1", won, cap(winners))
	}
	if _, err := table.Get(t.Context(), id); !errors.Is(err, chat.ErrNoConnection) {
		t.Errorf("Get after Delete: got %v, want ErrNoConnection", err)
	}
}

func connectionOwned(t *testing.T, table Table) {
	rooms := []string{"one", "two"}
	id := fresh("connection")
	must(t, table.Put(t.Context(), chat.Connection{ID: id, Rooms: rooms}))
	rooms[0] = "changed after Put"
	got, err := table.Get(t.Context(), id)
	must(t, err)
	if !slices.Equal(got.Rooms, []string{"one", "two"}) {
		t.Errorf("the table shares Rooms with the caller of Put: got %q", got.Rooms)
	}
	got.Rooms[0] = "changed after Get"
	again, err := table.Get(t.Context(), id)
	must(t, err)
	if !slices.Equal(again.Rooms, []string{"one", "two"}) {
		t.Errorf("the table shares Rooms with the caller of Get: got %q", again.Rooms)
	}
}

func connectionDeleted(t *testing.T, table Table) {
	id, stays := connect(t, table), connect(t, table)
	var rooms []string
	for i := range 5 {
		room := fresh(fmt.Sprint("room", i))
		rooms = append(rooms, room)
		join(t, table, room, chat.Member{Connection: id, Person: "goes"})
		join(t, table, room, chat.Member{Connection: stays, Person: "stays", Plain: i%2 == 0})
	}
	_, err := table.Delete(t.Context(), id)
	must(t, err)
	for _, room := range rooms {
		wantInRoom(t, table, room, chat.Everyone, stays)
		wantPresent(t, table, room, "stays")
	}
	if last, err := table.Leave(t.Context(), rooms[0], id); last || err != nil {
		t.Errorf("Leave after Delete: got last %v, %v, want false, nil", last, err)
	}
}

func putLeavesMemberships(t *testing.T, table Table) {
	id, room := connect(t, table), fresh("room")
	join(t, table, room, chat.Member{Connection: id, Person: "p"})
	must(t, table.Put(t.Context(), chat.Connection{ID: id, Person: "p", Rooms: nil}))
	wantInRoom(t, table, room, chat.Everyone, id)
	wantPresent(t, table, room, "p")
}

func connectionCancelled(t *testing.T, table Table) {
	over, room := cancelled(), fresh("room")
	id, other := connect(t, table), fresh("connection")
	join(t, table, room, chat.Member{Connection: id, Person: "p"})
	_, present, _ := table.Present(over, room, 1)
	refused := map[string]error{
		"Put":     table.Put(over, chat.Connection{ID: other}),
		"Get":     second(table.Get(over, id)),
		"Delete":  second(table.Delete(over, id)),
		"Join":    second(table.Join(over, room, chat.Member{Connection: other, Person: "q"})),
		"Leave":   second(table.Leave(over, room, id)),
		"InRoom":  inRoomError(over, table, room),
		"Present": func() error { _, _, err := table.Present(over, room, 1); return err }(),
	}
	for call, err := range refused {
		if err == nil || errors.Is(err, chat.ErrNoConnection) {
			t.Errorf("%s with a cancelled context: got error %v, want the cancellation", call, err)
		}
	}
	if present != 0 {
		t.Errorf("Present with a cancelled context counted %d", present)
	}
	if _, err := table.Get(t.Context(), other); !errors.Is(err, chat.ErrNoConnection) {
		t.Errorf("a cancelled Put stored the connection: %v", err)
	}
	if _, err := table.Get(t.Context(), id); err != nil {
		t.Errorf("a cancelled Delete removed the connection: %v", err)
	}
	wantInRoom(t, table, room, chat.Everyone, id)
	wantPresent(t, table, room, "p")
}

func second[T any](_ T, err error) error { return err }

func inRoomError(ctx context.Context, table Table, room string) error {
	for _, err := range table.InRoom(ctx, room, chat.Everyone) {
		if err != nil {
			return err
		}
	}
	return nil
}
