package dynamo_test

import (
	"fmt"
	"slices"
	"testing"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// annSpeaks has ann and others speak: with ids and without, several in one row,
// changed and deleted. It returns where a text of ann's is then, in room.
func annSpeaks(t *testing.T, s *dynamo.Store, room string) (said []uint64) {
	t.Helper()
	add := func(entries ...chat.Entry) {
		t.Helper()
		for i := range entries {
			entries[i].At = 1
		}
		if _, err := s.Append(t.Context(), room, entries...); err != nil {
			t.Fatal(err)
		}
	}
	ann := func(id, text string) chat.Entry {
		return chat.Entry{Kind: chat.KindMessage, Person: "ann", From: "Ann of Secrets", ID: id, Text: text}
	}
	bob := func(id, text string) chat.Entry {
		return chat.Entry{Kind: chat.KindMessage, Person: "bob", From: "Bob", ID: id, Text: text}
	}
	add(ann("secret-id-1", "secret one"))                                 // 1
	add(bob("", "bobs"), ann("", "secret two"), ann("x", "secret three")) // 2, 3, 4: one row
	add(ann("", "secret four"))                                           // 5
	add(bob("b", "of bob"))                                               // 6
	edit := ann("e", "secret edited")
	edit.Kind, edit.Target = chat.KindEdit, 1
	add(edit) // 7
	del := chat.Entry{Kind: chat.KindDelete, Person: "mo", From: "Mo", Target: 5, Order: true}
	add(del) // 8
	return []uint64{1, 3, 4}
}

func wantSaid(t *testing.T, s *dynamo.Store, room string, want ...chat.Place) {
	t.Helper()
	got := []chat.Place{}
	for p, err := range s.SaidBy(t.Context(), "ann", room) {
		must(t, err)
		got = append(got, p)
	}
	slices.SortFunc(got, func(a, b chat.Place) int {
		if a.Room != b.Room {
			return len(a.Room) - len(b.Room)
		}
		return int(a.Seq) - int(b.Seq)
	})
	if !slices.Equal(got, want) {
		t.Errorf("in %q ann said %v, want %v", room, got, want)
	}
}

func TestSaidBy(t *testing.T) {
	s := open(t)
	var all []chat.Place
	for _, room := range []string{"a", "a#", "1#a"} { // as like as rooms can be
		for _, seq := range annSpeaks(t, s, room) {
			all = append(all, chat.Place{Room: room, Seq: seq})
		}
	}
	wantSaid(t, s, "a", all[:3]...)
	wantSaid(t, s, "a#", all[3:6]...)
	wantSaid(t, s, "", all...)
	wantSaid(t, s, "b")
}

// TestForgetSenderKilled kills a function that forgets somebody between any two
// writes; called again, nothing of hers is in the table and all of others' is.
func TestForgetSenderKilled(t *testing.T) {
	e2e.DynamoDB(t)
	for _, died := range []bool{false, true} { // with a change that only its note tells of
		t.Run(fmt.Sprint("after another died ", died), func(t *testing.T) {
			untilAlive(t, func(t *testing.T, n int, before bool) bool {
				table := newTable(t)
				s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
				annSpeaks(t, s, "room")
				if died {
					dies, ctx, _ := dying(t, table, 3, false)
					dies.Append(ctx, "room", chat.Entry{Kind: chat.KindEdit, At: 1, Person: "ann", From: "Ann of Secrets", ID: "late", Target: 4, Text: "secret late"})
				}
				dies, ctx, dead := dying(t, table, n, before)
				if err := dies.ForgetSender(ctx, "ann"); !dead.Load() && err != nil {
					t.Error(err)
				}
				must(t, s.ForgetSender(t.Context(), "ann"))
				wantNothing(t, table, "ecret", "P#ann")
				wantSaid(t, s, "")
				entries, err := s.Range(t.Context(), "room", 1, 100, 1<<20)
				must(t, err)
				for i, e := range entries {
					if e.Seq != uint64(i)+1 || e.Lost || e.Person == "ann" && (e.From != "" || e.ID != "" || e.Text != "") || e.Person != "ann" && e.From == "" {
						t.Errorf("entry %d: %+v", i+1, e)
					}
				}
				if len(entries) < 8 || entries[1].Text != "bobs" || entries[5].Text != "of bob" || entries[5].ID != "b" {
					t.Errorf("what others said: %+v", entries)
				}
				return dead.Load()
			})
		})
	}
}

// TestTrimKilled kills a function that trims between any two writes. Nobody ever
// sees a hole; called again, nothing of what was below the floor is in the table.
func TestTrimKilled(t *testing.T) {
	e2e.DynamoDB(t)
	for _, floor := range []uint64{1, 3, 6, 8} { // in the middle of a row, too, and the head
		t.Run(fmt.Sprint("to ", floor), func(t *testing.T) {
			untilAlive(t, func(t *testing.T, n int, before bool) bool {
				table := newTable(t)
				s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
				annSpeaks(t, s, "room")
				dies, ctx, dead := dying(t, table, n, before)
				if err := dies.Trim(ctx, "room", floor); !dead.Load() && err != nil {
					t.Error(err)
				}
				wantNoHole(t, s, 8, floor)
				must(t, s.Trim(t.Context(), "room", floor))
				must(t, s.Trim(t.Context(), "room", 1))
				must(t, s.Trim(t.Context(), "room", 9)) // above the head
				if x := wantNoHole(t, s, 8, floor); x.Floor != floor {
					t.Errorf("the floor is %d, want %d", x.Floor, floor)
				}
				below := []string{"secret-id-1", "secret one"}
				if floor >= 3 {
					below = append(below, "secret two", "bobs")
				}
				if floor >= 6 {
					below = append(below, "secret three", "of bob", "I#4#room#b\"", "I#4#room#x\"")
				}
				if floor == 8 {
					below = append(below, "secret", "P#ann", "P#mo")
				}
				wantNothing(t, table, below...)
				again, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, At: 2, Person: "ann", ID: "secret-id-1", Text: "anew"})
				if err != nil || again[0].Repeat || again[0].Seq != 9 {
					t.Errorf("an id that was trimmed: %+v, %v", again, err)
				}
				wantNoHole(t, s, 9, floor)
				return dead.Load()
			})
		})
	}
}

// wantNoHole wants all that is above the floor, and that to be at most most.
func wantNoHole(t *testing.T, s *dynamo.Store, head, most uint64) chat.Extent {
	t.Helper()
	x, err := s.Extent(t.Context(), "room")
	must(t, err)
	if x.Head != head || x.Floor > most {
		t.Errorf("head %d, floor %d; want %d, at most %d", x.Head, x.Floor, head, most)
	}
	from := x.Floor + 1
	if x.Floor == most { // what is gone is gone for who asks for more, too
		from = 1
	}
	forth, err := s.Range(t.Context(), "room", from, 100, 1<<20)
	must(t, err)
	back, err := s.RangeBack(t.Context(), "room", from, 100, 1<<20)
	must(t, err)
	slices.Reverse(back)
	for i, entries := range [][]chat.Entry{forth, back} {
		for j, e := range entries {
			if want := head - uint64(len(entries)-1-j); e.Lost || e.Seq != want {
				t.Errorf("of %d: entry %d is %+v, want sequence %d", i, j, e, want)
			}
		}
		if n := uint64(len(entries)); n > head-x.Floor || n+1 < head-x.Floor {
			t.Errorf("got %d entries of %+v", n, x)
		}
	}
	return x
}

func TestAged(t *testing.T) {
	s := open(t)
	for i := range 9 {
		_, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, At: int64(10 * (i + 1)), Person: "ann", Text: "x"})
		must(t, err)
	}
	want := func(at int64, seq uint64) {
		t.Helper()
		if got, err := s.Aged(t.Context(), "room", at); err != nil || got != seq {
			t.Errorf("before %d: %d, %v, want %d", at, got, err, seq)
		}
	}
	want(10, 0)
	want(11, 1)
	want(50, 4)
	want(1000, 9)
	must(t, s.Trim(t.Context(), "room", 4))
	want(50, 0)
	want(51, 5)
	must(t, s.Trim(t.Context(), "room", 9))
	want(1000, 0)
	if got, err := s.Aged(t.Context(), "never", 5); err != nil || got != 0 {
		t.Errorf("a room without a log: %d, %v", got, err)
	}
}
