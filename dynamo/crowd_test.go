package dynamo_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// fillPersons stores the first n persons of those that fill has.
func fillPersons(t testing.TB, table string, n int) {
	t.Helper()
	c := client(e2e.DynamoDB(t))
	for from := 0; from < n; from += 25 {
		var batch []types.WriteRequest
		for i := from; i < min(from+25, n); i++ {
			batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
				"PK":      &types.AttributeValueMemberS{Value: fmt.Sprintf("P#person%064d", i)},
				"SK":      &types.AttributeValueMemberS{Value: "P"},
				"version": &types.AttributeValueMemberN{Value: "1"},
			}}})
		}
		_, err := c.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: batch}})
		must(t, err)
	}
}

// fill writes member rows as Join does, 25 at a time, with long person ids:
// dynalite counts only about half of a row's names and keys to its 1 MB. Every tenth is plain,
// every hundredth expired; two connections each are of one person.
func fill(t testing.TB, table, room string, n int) {
	t.Helper()
	c := client(e2e.DynamoDB(t))
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for from := 0; from < n; from += 25 {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			var batch []types.WriteRequest
			for i := from; i < min(from+25, n); i++ {
				ttl := time.Now().Add(time.Hour).Unix()
				if i%100 == 99 {
					ttl = time.Now().Add(-time.Minute).Unix()
				}
				row := map[string]types.AttributeValue{
					"PK":     &types.AttributeValueMemberS{Value: "M#" + room},
					"SK":     &types.AttributeValueMemberS{Value: member(i)},
					"ttl":    &types.AttributeValueMemberN{Value: fmt.Sprint(ttl)},
					"since":  &types.AttributeValueMemberN{Value: "1700000000000000"},
					"person": &types.AttributeValueMemberS{Value: fmt.Sprintf("person%064d", i/2)},
				}
				if i%10 == 0 {
					row["plain"] = &types.AttributeValueMemberBOOL{Value: true}
				}
				batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: row}})
			}
			_, err := c.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: batch}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// member has the form of API Gateway's ids: 16 characters, the last a =.
func member(i int) string { return fmt.Sprintf("TXzPW%010d=", i) }

// TestCrowd has a room whose rows are more than the 1 MB of one Query.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 5 s")
	}
	const n = 10_000
	const expired = n / 100
	room := strings.Repeat("é", 32)
	table := newTable(t)
	fill(t, table, room, n)
	counter := &counting{Client: client(e2e.DynamoDB(t))}
	s := dynamo.New(counter, dynamo.Options{Table: table})

	inRoom := func(to chat.Audience, after, until string) map[string]bool {
		found := make(map[string]bool)
		for page, err := range s.InRoomBetween(t.Context(), room, to, after, until) {
			must(t, err)
			for _, id := range page {
				found[id] = true
			}
		}
		return found
	}
	all := make(map[string]bool)
	pages := 0
	for page, err := range s.InRoom(t.Context(), room, chat.Everyone) {
		must(t, err)
		pages++
		for _, id := range page {
			all[id] = true
		}
	}
	if len(all) != n-expired || pages < 2 {
		t.Errorf("InRoom: got %d connections in %d pages, want %d in more than one", len(all), pages, n-expired)
	}
	t.Logf("a message to %d connections reads their rows by: %s", n, counter.take())
	if got := inRoom(chat.WithProtocol, "", ""); len(got) != n-expired-n/10 {
		t.Errorf("with the sub-protocol: got %d, want %d", len(got), n-expired-n/10)
	}
	// Three parts have all, and none has what another has.
	parts := 0
	for _, between := range [][2]string{{"", member(3000)}, {member(3000), member(7000)}, {member(7000), ""}} {
		part := inRoom(chat.Everyone, between[0], between[1])
		parts += len(part)
		for id := range part {
			delete(all, id)
		}
	}
	if parts != n-expired || len(all) != 0 {
		t.Errorf("in three parts: got %d connections, %d are missing", parts, len(all))
	}
	if got := inRoom(chat.Everyone, member(5), member(5)); len(got) != 0 {
		t.Errorf("between one and itself: got %d", len(got))
	}

	counter.take()
	if first, err := s.Join(t.Context(), room, chat.Member{Connection: "zzz", Person: "ann"}); first || err != nil {
		t.Errorf("Join: got first %v, %v; in a crowd nobody is told", first, err)
	}
	t.Logf("to join it: %s", counter.take())
	people, count, err := s.Present(t.Context(), room, 100)
	if len(people) != 100 || count != n/2+1 || err != nil {
		t.Errorf("Present: got %d people and count %d, %v, want 100 and %d", len(people), count, err, n/2+1)
	}
	t.Logf("to list its people: %s", counter.take())
	if _, again, err := s.Present(t.Context(), room, 0); again != count || err != nil || counter.take() != "nothing" {
		t.Errorf("Present again: got %d, %v, want %d without a call", again, err, count)
	}
	if last, err := s.Leave(t.Context(), room, "zzz"); last || err != nil {
		t.Errorf("Leave: got last %v, %v; in a crowd nobody is told", last, err)
	}
}

// TestExpired has rows that DynamoDB has not deleted yet.
func TestExpired(t *testing.T) {
	now := time.Now()
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table, TTL: time.Minute, Now: func() time.Time { return now }})
	must(t, s.Put(t.Context(), chat.Connection{ID: "c", Rooms: []string{"room"}}))
	if _, err := s.Join(t.Context(), "room", chat.Member{Connection: "c", Person: "ann"}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute)
	if _, err := s.Get(t.Context(), "c"); err != chat.ErrNoConnection {
		t.Errorf("Get: got %v, want ErrNoConnection", err)
	}
	if _, count, err := s.Present(t.Context(), "room", 1); count != 0 || err != nil {
		t.Errorf("Present: got %d, %v, want 0", count, err)
	}
	for page, err := range s.InRoom(t.Context(), "room", chat.Everyone) {
		must(t, err)
		t.Errorf("InRoom yields %q", page)
	}
	if first, err := s.Join(t.Context(), "room", chat.Member{Connection: "d", Person: "ann"}); !first || err != nil {
		t.Errorf("Join of a person whose other connection has expired: got first %v, %v", first, err)
	}
	must(t, s.Put(t.Context(), chat.Connection{ID: "e"}))
	now = now.Add(50 * time.Second)
	must(t, s.Put(t.Context(), chat.Connection{ID: "e"})) // lets it count anew
	now = now.Add(50 * time.Second)
	if _, err := s.Get(t.Context(), "e"); err != nil {
		t.Errorf("Get after a second Put: %v", err)
	}
}
