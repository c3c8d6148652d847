package dynamo_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// TestAppendMoreThanARow has entries that are too many, and too large, for one
// row: they stand in several, in their order.
func TestAppendMoreThanARow(t *testing.T) {
	s := open(t)
	var entries []chat.Entry
	for i := range 40 {
		entries = append(entries, chat.Entry{Kind: chat.KindMessage, At: 1, Person: "ann", ID: fmt.Sprint(i), Text: strings.Repeat("é", 15_000)})
	}
	for _, repeat := range []bool{false, true} {
		got, err := s.Append(t.Context(), "room", entries...)
		must(t, err)
		for i, a := range got {
			if a.Seq != uint64(i)+1 || a.Repeat != repeat || a.Text != entries[i].Text {
				t.Fatalf("entry %d: got seq %d, repeat %v", i, a.Seq, a.Repeat)
			}
		}
	}
	for from := uint64(1); from <= 40; from += 3 {
		forth, err := s.Range(t.Context(), "room", from, from+20, 1<<30)
		must(t, err)
		back, err := s.RangeBack(t.Context(), "room", from, from+20, 1<<30)
		must(t, err)
		slices.Reverse(back)
		if len(forth) != int(min(21, 41-from)) || forth[0].Seq != from || !slices.Equal(forth, back) {
			t.Errorf("from %d: got %d entries forth and %d back", from, len(forth), len(back))
		}
	}
}

// TestLongRange reads more rows than the first call of a range looks at.
func TestLongRange(t *testing.T) {
	s := open(t)
	for i := range 300 {
		_, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "ann", Text: fmt.Sprint(i)})
		must(t, err)
	}
	forth, err := s.Range(t.Context(), "room", 2, 299, 1<<20)
	must(t, err)
	back, err := s.RangeBack(t.Context(), "room", 2, 299, 1<<20)
	must(t, err)
	slices.Reverse(back)
	if len(forth) != 298 || forth[0].Seq != 2 || !slices.Equal(forth, back) {
		t.Errorf("got %d entries forth and %d back, want 298", len(forth), len(back))
	}
}

// TestRestored has a claim that is newer than the log, as after a restore.
func TestRestored(t *testing.T) {
	table := newTable(t)
	c := client(e2e.DynamoDB(t))
	s := dynamo.New(c, dynamo.Options{Table: table})
	say(t, s, "room", "said", 2)
	_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
		"PK": &types.AttributeValueMemberS{Value: "P#ann"}, "SK": &types.AttributeValueMemberS{Value: "I#4#room#x"},
		"seq": &types.AttributeValueMemberN{Value: "7"},
	}})
	must(t, err)
	for _, repeat := range []bool{false, true} {
		got, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "ann", ID: "x"})
		if err != nil || got[0].Seq != 3 || got[0].Repeat != repeat {
			t.Errorf("got %+v, %v, want entry 3, repeat %v", got, err, repeat)
		}
	}
	wantLog(t, s, "room", 3)
}

// TestHole has a row that somebody deleted by hand.
func TestHole(t *testing.T) {
	table := newTable(t)
	c := client(e2e.DynamoDB(t))
	s := dynamo.New(c, dynamo.Options{Table: table})
	say(t, s, "room", "said", 4)
	_, err := c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: map[string]types.AttributeValue{
		"PK": &types.AttributeValueMemberS{Value: "L#room"}, "SK": &types.AttributeValueMemberS{Value: fmt.Sprintf("%020d", 2)},
	}})
	must(t, err)
	forth, err := s.Range(t.Context(), "room", 1, 1<<62, 1<<20)
	must(t, err)
	back, err := s.RangeBack(t.Context(), "room", 1, 1<<62, 1<<20)
	must(t, err)
	slices.Reverse(back)
	if len(forth) != 4 || forth[1] != (chat.Entry{Seq: 2, Lost: true}) || forth[2].Lost || !slices.Equal(forth, back) {
		t.Errorf("got %+v\nand back %+v, want entry 2 lost", forth, back)
	}
}

func TestEpoch(t *testing.T) {
	table := newTable(t)
	c := client(e2e.DynamoDB(t))
	epoch := func(s *dynamo.Store) string {
		x, err := s.Extent(t.Context(), "room")
		if err != nil {
			t.Error(err)
		}
		return x.Epoch
	}
	var all sync.WaitGroup
	var first [8]string
	for i := range first { // as many functions that start at once on a new table
		all.Go(func() { first[i] = epoch(dynamo.New(c, dynamo.Options{Table: table})) })
	}
	all.Wait()
	for _, e := range first {
		if e != first[0] || e == "" {
			t.Fatalf("functions that started at once have epochs %q", first)
		}
	}
	s := dynamo.New(c, dynamo.Options{Table: table})
	must(t, s.RotateEpoch(t.Context()))
	if now := epoch(s); now == first[0] || now != epoch(dynamo.New(c, dynamo.Options{Table: table})) {
		t.Errorf("after RotateEpoch: %q, before it %q", now, first[0])
	}
}

// TestEpochOfRestored copies the epoch's row into a table of another name, as
// DynamoDB does with the whole table.
func TestEpochOfRestored(t *testing.T) {
	c := client(e2e.DynamoDB(t))
	epoch := func(table string) string {
		x, err := dynamo.New(c, dynamo.Options{Table: table}).Extent(t.Context(), "room")
		must(t, err)
		return x.Epoch
	}
	original, restored := newTable(t), newTable(t)
	before := epoch(original)
	key := map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "EPOCH"}, "SK": &types.AttributeValueMemberS{Value: "E"}}
	row, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &original, Key: key})
	must(t, err)
	_, err = c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &restored, Item: row.Item})
	must(t, err)
	var all sync.WaitGroup
	var first [8]string
	for i := range first {
		all.Go(func() { first[i] = epoch(restored) })
	}
	all.Wait()
	for _, e := range first {
		if e == before || e != first[0] || e == "" {
			t.Fatalf("functions on the restored table have epochs %q, the original %q", first, before)
		}
	}
	if now := epoch(original); now != before {
		t.Errorf("the original's epoch changed from %q to %q", before, now)
	}
	// A row of before it had the table's name.
	delete(row.Item, "table")
	_, err = c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &original, Item: row.Item})
	must(t, err)
	if now := epoch(original); now != before {
		t.Errorf("without a name the epoch changed from %q to %q", before, now)
	}
}
