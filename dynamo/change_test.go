package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// Texts that change must leave nothing of, and the one that stays.
const (
	firstText  = "the first text"
	secondText = "the second text"
	thirdText  = "the third text"
)

// rowsWith returns the rows of a room's log in which a text stands.
func rowsWith(t testing.TB, table, room, text string) (found []string) {
	t.Helper()
	var out *dynamodb.QueryOutput
	var err error
	for range 3 { // what a store would do where a connection breaks
		out, err = client(e2e.DynamoDB(t)).Query(t.Context(), &dynamodb.QueryInput{
			TableName: &table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("PK = :pk"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: "L#" + room}},
		})
		if err == nil {
			break
		}
	}
	must(t, err)
	for _, row := range out.Items {
		if all := written(row); strings.Contains(all, text) {
			found = append(found, all)
		}
	}
	return found
}

// written are a row's attributes as one would read them, each followed by a space.
func written(v any) (all string) {
	switch v := v.(type) {
	case map[string]types.AttributeValue:
		for name, value := range v {
			all += name + "=" + written(value)
		}
	case *types.AttributeValueMemberS:
		return v.Value + " "
	case *types.AttributeValueMemberN:
		return v.Value + " "
	case *types.AttributeValueMemberM:
		return written(v.Value)
	case *types.AttributeValueMemberL:
		for _, value := range v.Value {
			all += written(value)
		}
	}
	return all
}

// wantTexts holds a log to what was promised at every moment: a change that is
// in it counts, and then no older text is shown anywhere.
func wantTexts(t testing.TB, entries []chat.Entry, target uint64) {
	t.Helper()
	said := entries[target-1]
	newest := said.Seq
	for _, e := range entries {
		if e.Kind != chat.KindMessage && e.Target == target {
			newest = e.Seq
		}
	}
	last := entries[newest-1]
	if last.Kind == chat.KindDelete && (said.Deleted == 0 || said.Text != "" || said.Edited != 0) {
		t.Errorf("deleted by %d, the message is %+v", newest, said)
	}
	if last.Kind == chat.KindEdit && (said.Edited != newest || said.Text != last.Text || said.Text == "") {
		t.Errorf("edited by %+v, the message is %+v", last, said)
	}
	for _, e := range entries {
		if e.Target == target && e.Seq != newest && e.Text != "" {
			t.Errorf("replaced by %d, still shown: %+v", newest, e)
		}
	}
}

// TestChangeKilled kills a function between any two writes of an edit or delete.
// Whoever reads then sees all of it or nothing; once it was seen, or its sender
// tried again, no row has the older text any more.
func TestChangeKilled(t *testing.T) {
	e2e.DynamoDB(t)
	edit := chat.Entry{Kind: chat.KindEdit, At: 1, Person: "ann", From: "Ann", ID: "x", Target: 2, Text: thirdText}
	remove := chat.Entry{Kind: chat.KindDelete, At: 1, Person: "ann", From: "Ann", ID: "x", Target: 2}
	for _, c := range []struct {
		name    string
		mine    chat.Entry
		edited  bool // before
		others  int  // how many entries others add after the kill
		retries int  // 0: the sender never comes back
	}{
		{"an edit", edit, false, 0, 1},
		{"an edit, others speak meanwhile", edit, false, 2, 1},
		{"another edit, two retries at once", edit, true, 1, 2},
		{"an edit whose sender never returns", edit, true, 0, 0},
		{"an edit whose sender never returns, others speak", edit, true, 2, 0},
		{"a delete", remove, false, 0, 1},
		{"a delete of what was edited, others speak meanwhile", remove, true, 1, 1},
		{"a delete whose sender never returns", remove, true, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t)
			fresh := func() *dynamo.Store { return dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table}) }
			untilAlive(t, func(t *testing.T, n int, before bool) bool {
				room := fmt.Sprintf("room%d%v", n, before)
				s := fresh()
				say(t, s, room, "before", 1)
				_, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, At: 1, Person: "ann", From: "Ann", ID: "m", Text: firstText})
				must(t, err)
				want := 2
				if c.edited {
					_, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindEdit, At: 1, Person: "ann", From: "Ann", ID: "e", Target: 2, Text: secondText})
					must(t, err)
					want++
				}
				dies, ctx, dead := dying(t, table, n, before)
				if _, err := dies.Append(ctx, room, c.mine); !dead.Load() && err != nil {
					t.Errorf("not killed, but Append returned %v", err)
				}
				extent, err := fresh().Extent(t.Context(), room)
				must(t, err)
				done := extent.Head == uint64(want)+1
				// A page with its message alone, with its change alone, with both.
				for _, part := range [][2]uint64{{2, 2}, {uint64(want) + 1, uint64(want) + 1}, {1, 9}} {
					entries, err := fresh().Range(t.Context(), room, part[0], part[1], 1<<20)
					must(t, err)
					for _, e := range entries {
						if done && (e.Text == firstText || e.Text == secondText) || e.Text == firstText && c.edited {
							t.Errorf("done %v, still shown in %v: %+v", done, part, e)
						}
					}
					if part[0] == 1 {
						wantTexts(t, entries, 2)
					}
				}
				if done && c.retries == 0 { // it was read, and so it is settled
					wantNoRow(t, table, room, firstText, secondText)
				}
				say(t, s, room, "after", c.others)
				answers := make(chan chat.Appended, c.retries)
				for range c.retries {
					go func() {
						again, err := fresh().Append(t.Context(), room, c.mine)
						if err != nil {
							t.Errorf("retry: %v", err)
							again = make([]chat.Appended, 1)
						}
						answers <- again[0]
					}()
				}
				for range c.retries {
					if a := <-answers; a.ID != "x" || a.Kind != c.mine.Kind || a.Text != c.mine.Text || a.Refused != nil {
						t.Errorf("the answer to a retry is %+v", a)
					}
				}
				if done || c.retries > 0 {
					want++
				}
				wantLog(t, s, room, want+c.others)
				entries, err := s.Range(t.Context(), room, 1, 99, 1<<20)
				must(t, err)
				wantTexts(t, entries, 2)
				if c.retries > 0 {
					wantNoRow(t, table, room, firstText, secondText)
					// Nothing is left that a reader would have to look after.
					if found := rowsWith(t, table, room, "pending"); len(found) > 0 && !dead.Load() {
						t.Errorf("a note is left: %v", found)
					}
				}
				return dead.Load()
			})
		})
	}
}

func wantNoRow(t testing.TB, table, room string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if found := rowsWith(t, table, room, text); len(found) > 0 {
			t.Errorf("%q is still in %v", text, found)
		}
	}
}

// TestTwoChange has two functions change one message at once, their calls in
// every order.
func TestTwoChange(t *testing.T) {
	e2e.DynamoDB(t)
	edit := func(id, text string) chat.Entry {
		return chat.Entry{Kind: chat.KindEdit, At: 1, Person: "ann", ID: id, Target: 1, Text: text}
	}
	remove := chat.Entry{Kind: chat.KindDelete, At: 1, Person: "ann", ID: "d", Target: 1}
	for _, c := range []struct {
		name string
		by   [2]chat.Entry
		most int // changes
	}{
		{"two edits", [2]chat.Entry{edit("x", secondText), edit("y", thirdText)}, 2},
		{"one edit twice", [2]chat.Entry{edit("x", thirdText), edit("x", thirdText)}, 1},
		{"an edit and a delete", [2]chat.Entry{edit("x", secondText), remove}, 2},
		{"one delete twice", [2]chat.Entry{remove, remove}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t)
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			everySchedule(t, func(t *testing.T, turns string) {
				room := "room" + turns
				_, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, At: 1, Person: "ann", ID: "m", Text: firstText})
				must(t, err)
				spoken := 0
				between := func() { spoken++; say(t, s, room, fmt.Sprint("between", spoken), 1) }
				change := func(i int) func(*dynamo.Store) {
					return func(s *dynamo.Store) {
						got, err := s.Append(t.Context(), room, c.by[i])
						if err != nil || got[0].Refused != nil && !errors.Is(got[0].Refused, chat.ErrNoMessage) {
							t.Errorf("Append: %+v, %v", got, err)
						}
					}
				}
				interleave(t, table, turns, [2]func(*dynamo.Store){change(0), change(1)}, between)
				entries, err := s.Range(t.Context(), room, 1, 99, 1<<20)
				must(t, err)
				if n := len(entries) - 1 - spoken; n < 1 || n > c.most {
					t.Errorf("%d changes in the log, want 1 to %d: %+v", n, c.most, entries)
				}
				wantLog(t, s, room, len(entries))
				said := entries[0]
				for _, e := range entries[1:] {
					if e.Text != "" && e.Target == 1 && e.Seq != said.Edited {
						t.Errorf("the message is %+v, and yet %+v", said, e)
					}
				}
				if said.Deleted == 0 {
					wantTexts(t, entries, 1)
				} else if said.Text != "" || entries[said.Deleted-1].Kind != chat.KindDelete {
					t.Errorf("deleted, the message is %+v", said)
				}
				for _, text := range []string{firstText, secondText, thirdText} {
					if text != said.Text {
						wantNoRow(t, table, room, text)
					}
				}
			},
				"aaaabbbbbbbb", "aaaaabbbbbbb", "aaaaaabbbbbbb", "aaaa.bbbbbbbb", "aaaabbbb.aabb", "aabb.aabb.aabb", "aaabbbabababab", "aaaabbb.b.bbbaaa")
		})
	}
}

// A note that others' messages came before costs readers one look, once.
func TestStaleNote(t *testing.T) {
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	_, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "ann", ID: "m", Text: firstText})
	must(t, err)
	for n := 1; ; n++ { // until the function dies with the note just written
		dies, ctx, dead := dying(t, table, n, false)
		dies.Append(ctx, "room", chat.Entry{Kind: chat.KindEdit, Person: "ann", ID: "e", Target: 1, Text: secondText})
		if len(rowsWith(t, table, "room", "pending")) > 0 {
			break
		}
		if !dead.Load() {
			t.Fatal("there was never a note")
		}
	}
	say(t, s, "room", "taken", 3)
	for range 2 {
		entries, err := s.Range(t.Context(), "room", 1, 1, 1<<20)
		must(t, err)
		if entries[0].Text != firstText || entries[0].Edited != 0 {
			t.Errorf("the message is %+v", entries[0])
		}
	}
	if found := rowsWith(t, table, "room", "pending"); len(found) > 0 {
		t.Errorf("the note is still there: %v", found)
	}
}
