package dynamo_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// dying returns a store like that of a function which is killed after its n-th
// write reached the table: that write is done, and nothing after it. before
// kills it before the n-th write instead. ctx ends with it.
func dying(t testing.TB, table string, n int, before bool) (s *dynamo.Store, ctx context.Context, dead *atomic.Bool) {
	ctx, kill := context.WithCancel(t.Context())
	t.Cleanup(kill)
	dead = new(atomic.Bool)
	writes := 0
	url := proxy(t, func(c call) verdict {
		if dead.Load() {
			return drop
		}
		if c.writes() {
			writes++
		}
		if !c.writes() || writes < n {
			return pass
		}
		dead.Store(true)
		if before {
			kill()
			return drop
		}
		return loseReply
	}, kill)
	return dynamo.New(client(url), dynamo.Options{Table: table}), ctx, dead
}

// untilAlive tries every point at which a function can be killed, until it is
// no longer killed because it had nothing more to write.
func untilAlive(t *testing.T, try func(t *testing.T, n int, before bool) (wasKilled bool)) {
	for _, before := range []bool{true, false} {
		for n := 1; ; n++ {
			killed := true
			name := fmt.Sprintf("after write %d", n)
			if before {
				name = fmt.Sprintf("before write %d", n)
			}
			t.Run(name, func(t *testing.T) { killed = try(t, n, before) })
			if t.Failed() || !killed {
				if n < 3 {
					t.Errorf("only %d points were tried", n-1)
				}
				break
			}
		}
	}
}

// TestAppendKilled kills a function between any two of its writes. Somebody
// else speaks, or not; the sender tries again, or two at once do; in the end
// the message is in the log once, and the log has no hole.
func TestAppendKilled(t *testing.T) {
	e2e.DynamoDB(t)
	mine := []chat.Entry{{Kind: chat.KindMessage, At: 1, Person: "ann", From: "Ann", ID: "x", Text: "hello"}}
	three := append(mine[:1:1],
		chat.Entry{Kind: chat.KindMessage, At: 1, Person: "ann", From: "Ann", ID: "y", Text: "you"},
		chat.Entry{Kind: chat.KindMessage, At: 1, Person: "ann", From: "Ann", ID: "z", Text: "there"})
	for _, c := range []struct {
		name          string
		mine          []chat.Entry
		before, after int // how many entries others add before and after the kill
		retries       int // at the same time
	}{
		{"a room's first message", mine, 0, 0, 1},
		{"in a room", mine, 2, 0, 1},
		{"others speak meanwhile", mine, 2, 3, 1},
		{"two retries at once", mine, 1, 1, 2},
		{"three entries", three, 1, 1, 1},
		{"three entries, two retries at once", three, 0, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t)
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			untilAlive(t, func(t *testing.T, n int, before bool) bool {
				room := fmt.Sprint("room", n, before)
				say(t, s, room, "before", c.before)
				dies, ctx, dead := dying(t, table, n, before)
				_, err := dies.Append(ctx, room, c.mine...)
				if dead.Load() == (err == nil) {
					t.Errorf("killed %v, but Append returned %v", dead.Load(), err)
				}
				say(t, s, room, "after", c.after)
				answers := make(chan []chat.Appended, c.retries)
				for range c.retries {
					go func() {
						again, err := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table}).Append(t.Context(), room, c.mine...)
						if err != nil {
							t.Errorf("retry: %v", err)
						}
						answers <- again
					}()
				}
				for range c.retries {
					for i, a := range <-answers {
						if a.ID != c.mine[i].ID || a.Text != c.mine[i].Text {
							t.Errorf("the answer to retry of %q is %+v", c.mine[i].ID, a)
						}
					}
				}
				wantLog(t, s, room, c.before+c.after+len(c.mine))
				return dead.Load()
			})
		})
	}
}

// say adds n entries of somebody else.
func say(t testing.TB, s *dynamo.Store, room, what string, n int) {
	t.Helper()
	for i := range n {
		_, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, At: 1, Person: "bob", From: "Bob", ID: fmt.Sprint(what, i), Text: what})
		must(t, err)
	}
}

// wantLog wants n entries in a log without holes, none of them twice.
func wantLog(t testing.TB, s *dynamo.Store, room string, n int) {
	t.Helper()
	extent, err := s.Extent(t.Context(), room)
	must(t, err)
	entries, err := s.Range(t.Context(), room, 1, 1<<40, 1<<20)
	must(t, err)
	if len(entries) != n || extent.Head != uint64(n) {
		t.Errorf("got %d entries and head %d, want %d: %+v", len(entries), extent.Head, n, entries)
	}
	seen := make(map[string]uint64)
	for i, e := range entries {
		if e.Lost || e.Seq != uint64(i)+1 {
			t.Errorf("entry %d is %+v", i+1, e)
		}
		if key := e.Person + " " + e.ID; e.ID != "" {
			if seen[key] != 0 {
				t.Errorf("%s is in the log twice: at %d and %d", key, seen[key], e.Seq)
			}
			seen[key] = e.Seq
		}
	}
	heads, err := s.Rooms(t.Context(), 1000)
	must(t, err)
	for _, h := range heads {
		if h.Room == room && h.Head == uint64(n) {
			return
		}
	}
	t.Errorf("the room is not listed with head %d: %+v", n, heads)
}
