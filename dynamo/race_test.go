package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

func TestTwoAppend(t *testing.T) {
	e2e.DynamoDB(t)
	mine := chat.Entry{Kind: chat.KindMessage, At: 1, Person: "ann", ID: "x", Text: "hello"}
	other := chat.Entry{Kind: chat.KindMessage, At: 1, Person: "bob", ID: "x", Text: "hi"}
	for _, c := range []struct {
		name string
		by   [2][]chat.Entry
		want int
	}{
		{"two messages", [2][]chat.Entry{{mine}, {other}}, 2},
		{"one message twice", [2][]chat.Entry{{mine}, {mine}}, 1},
		{"one message, alone and beside another", [2][]chat.Entry{{mine}, {other, mine}}, 2},
		{"without ids", [2][]chat.Entry{{{Kind: chat.KindMessage, Text: "a"}}, {{Kind: chat.KindMessage, Text: "b"}}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t)
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			everySchedule(t, func(t *testing.T, turns string) {
				room := "room " + turns
				want := c.want + strings.Count(turns, ".")
				spoken := 0
				between := func() { spoken++; say(t, s, room, fmt.Sprint("between", spoken), 1) }
				var answers [2][]chat.Appended
				speak := func(i int) func(*dynamo.Store) {
					return func(s *dynamo.Store) {
						var err error
						if answers[i], err = s.Append(t.Context(), room, c.by[i]...); err != nil {
							t.Error(err)
						}
					}
				}
				interleave(t, table, turns, [2]func(*dynamo.Store){speak(0), speak(1)}, between)
				entries, err := s.Range(t.Context(), room, 1, 100, 1<<20)
				must(t, err)
				firsts := 0
				for i, all := range answers {
					for n, a := range all {
						if !a.Repeat {
							firsts++
						}
						if want := c.by[i][n]; a.Text != want.Text || a.Seq == 0 || a.Seq > uint64(len(entries)) || entries[a.Seq-1] != a.Entry {
							t.Errorf("answered %+v, but the log is %+v", a, entries)
						}
					}
				}
				if len(entries) != want || firsts != c.want {
					t.Errorf("got %d entries and %d answers that it was the first, want %d and %d: %+v", len(entries), firsts, want, c.want, entries)
				}
			},
				// Both have claimed the sequence that a third one takes; the first
				// moves the claim and puts the entry before the second looks again.
				"aabbb.aabbaaab", "aabbb.aabbaabbba", "aa.bbb.aabbabababab")
		})
	}
}

func TestTwoWantOneName(t *testing.T) {
	e2e.DynamoDB(t)
	for _, stale := range []bool{false, true} {
		t.Run(fmt.Sprint("a stale row of the name: ", stale), func(t *testing.T) {
			table := newTable(t)
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			everySchedule(t, func(t *testing.T, turns string) {
				name := func(s string) string { return s + turns }
				if stale { // ann had taken the name's row and died
					dies, ctx, _ := dying(t, table, 1, false)
					dies.PutPerson(ctx, chat.Person{ID: name("ann"), Skeleton: name("name")})
				}
				var errs [2]error
				put := func(i int, id string) func(*dynamo.Store) {
					return func(s *dynamo.Store) {
						errs[i] = s.PutPerson(t.Context(), chat.Person{ID: id, Skeleton: name("name"), Created: 1})
					}
				}
				interleave(t, table, turns, [2]func(*dynamo.Store){put(0, name("ann")), put(1, name("bob"))}, nil)
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
					} else if !errors.Is(err, chat.ErrNameTaken) {
						t.Error(err)
					}
				}
				if won != 1 {
					t.Errorf("%d of 2 got the name: %v", won, errs)
				}
				wantOneHolder(t, s, name("name"), name("ann"), name("bob"))
				if _, err := s.PersonByName(t.Context(), name("name")); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestTwoRename lets one person, on two connections, change its name to and
// fro: at the end it has one name, and no other is lost.
func TestTwoRename(t *testing.T) {
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	everySchedule(t, func(t *testing.T, turns string) {
		name := func(s string) string { return s + turns }
		ann := chat.Person{ID: name("ann"), Skeleton: name("a"), Created: 1}
		must(t, s.PutPerson(t.Context(), ann))
		back := []string{name("c"), name("a")}
		if len(turns) > 6 {
			back = back[1:]
		}
		rename := func(to ...string) func(*dynamo.Store) {
			return func(s *dynamo.Store) {
				for _, n := range to {
					p := ann
					p.Skeleton = n
					if err := s.PutPerson(t.Context(), p); err != nil {
						t.Error(err)
					}
				}
			}
		}
		interleave(t, table, turns, [2]func(*dynamo.Store){rename(name("b")), rename(back...)}, nil)
		persons, err := s.Persons(t.Context(), ann.ID)
		must(t, err)
		has := persons[0].Skeleton
		if p, err := s.PersonByName(t.Context(), has); err != nil || p.ID != ann.ID {
			t.Errorf("ann is %q, but by that name is found %+v, %v", has, p, err)
		}
		for _, n := range []string{name("a"), name("b"), name("c")} {
			err := s.PutPerson(t.Context(), chat.Person{ID: "eve" + n, Skeleton: n})
			if taken := errors.Is(err, chat.ErrNameTaken); taken != (n == has) {
				t.Errorf("ann is %q; eve wants %q and gets %v", has, n, err)
			}
		}
	},
		// The first is about to drop its old name when the second takes it back.
		"aaabbba", "aaabbbba")
}

// TestTwoConnectionsOfOne join or leave at the same time: it may be told
// twice, but never not at all, that their person came or went.
func TestTwoConnectionsOfOne(t *testing.T) {
	table := newTable(t)
	everySchedule(t, func(t *testing.T, turns string) {
		room := "room " + turns
		var told [2]bool
		join := func(i int) func(*dynamo.Store) {
			return func(s *dynamo.Store) {
				var err error
				if told[i], err = s.Join(t.Context(), room, chat.Member{Connection: fmt.Sprint("c", i), Person: "ann"}); err != nil {
					t.Error(err)
				}
			}
		}
		interleave(t, table, turns, [2]func(*dynamo.Store){join(0), join(1)}, nil)
		if told == [2]bool{} {
			t.Error("nobody was first")
		}
		leave := func(i int) func(*dynamo.Store) {
			return func(s *dynamo.Store) {
				var err error
				if told[i], err = s.Leave(t.Context(), room, fmt.Sprint("c", i)); err != nil {
					t.Error(err)
				}
			}
		}
		interleave(t, table, turns, [2]func(*dynamo.Store){leave(0), leave(1)}, nil)
		if told == [2]bool{} {
			t.Error("nobody was last")
		}
	})
}
