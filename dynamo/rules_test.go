package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

func TestRules(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	whole := chat.Rule{
		Kind: chat.RuleMute, Room: "a#1#b", Subject: "ann", Value: 7, Text: "text", Reason: "why", Name: "Ann",
		By: "mo", ByName: "Mo", At: 1, Until: 1 << 50,
	}
	others := []chat.Rule{
		{Kind: chat.RuleMute, Subject: "ann"},
		{Kind: chat.RuleMute, Room: "a", Subject: "1#b#ann"}, // as like to the first one as keys can be
		{Kind: chat.RuleLock, Room: "a"},
	}
	for _, r := range append(others, chat.Rule{Kind: whole.Kind, Room: whole.Room, Subject: whole.Subject}, whole) {
		must(t, s.PutRule(ctx, r))
	}
	wantRules(t, s, append(others, whole))
	got, existed, err := s.TakeRule(ctx, whole.Kind, whole.Room, whole.Subject)
	if err != nil || !existed || got != whole {
		t.Errorf("took %+v, %v, %v", got, existed, err)
	}
	if _, existed, err := s.TakeRule(ctx, whole.Kind, whole.Room, whole.Subject); existed || err != nil {
		t.Errorf("took it twice: %v", err)
	}
	wantRules(t, s, others)
}

func wantRules(t *testing.T, s *dynamo.Store, want []chat.Rule) {
	t.Helper()
	all, err := s.AllRules(t.Context())
	must(t, err)
	got := make(map[chat.Rule]bool)
	for _, r := range all {
		got[r] = true
	}
	for _, r := range want {
		if !got[r] {
			t.Errorf("%+v is missing", r)
		}
	}
	if len(all) != len(want) {
		t.Errorf("got %d rules, want %d: %+v", len(all), len(want), all)
	}
}

// TestUseRuleAtOnce wants an invitation that is good for 5 to let in 5 of 12 who
// come at once, and a link that counts once, one.
func TestUseRuleAtOnce(t *testing.T) {
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	must(t, s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleInvitation, Room: "r", Subject: "h", Value: 5}))
	must(t, s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleInvitation, Room: "r", Subject: "ever"}))
	must(t, s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleOperatorLink, Subject: "l"}))
	var all sync.WaitGroup
	var mu sync.Mutex
	let, first := 0, 0
	for range 12 {
		all.Go(func() {
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			_, used, err := s.UseRule(t.Context(), chat.RuleInvitation, "r", "h")
			_, ever, err2 := s.UseRule(t.Context(), chat.RuleInvitation, "r", "ever")
			_, taken, err3 := s.TakeRule(t.Context(), chat.RuleOperatorLink, "", "l")
			mu.Lock()
			defer mu.Unlock()
			if err := errors.Join(err, err2, err3); err != nil || !ever {
				t.Errorf("ever %v: %v", ever, err)
			}
			if used {
				let++
			}
			if taken {
				first++
			}
		})
	}
	all.Wait()
	if let != 5 || first != 1 {
		t.Errorf("%d were let in, want 5; %d took the link, want 1", let, first)
	}
	wantRules(t, s, []chat.Rule{{Kind: chat.RuleInvitation, Room: "r", Subject: "ever"}})
}

// TestTooManyRules fills the table beside the store, many rows a call.
func TestTooManyRules(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 5,000 rows")
	}
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	var all sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range chat.MaxRules {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			raw(t, table, "RULES", fmt.Sprintf("R#mute#0##p%d", i))
		})
	}
	all.Wait()
	if err := s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: "one more"}); !errors.Is(err, chat.ErrTooManyRules) {
		t.Errorf("one more: %v", err)
	}
	must(t, s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: "p7", Reason: "other"})) // in the place of another
}

// raw puts a row into the table beside the store.
func raw(t *testing.T, table, pk, sk string) {
	row := map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: pk}, "SK": &types.AttributeValueMemberS{Value: sk}}
	if _, err := client(e2e.DynamoDB(t)).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: row}); err != nil {
		t.Error(err)
	}
}

func TestActs(t *testing.T) {
	table := newTable(t)
	var all sync.WaitGroup
	const n = 8
	for i := range n { // at once, by as many functions
		all.Go(func() {
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			_, err := s.PutAct(t.Context(), chat.Act{At: 5, By: fmt.Sprint("mo", i%2), ByName: "Mo", Do: "mute", Room: "r", Person: fmt.Sprint("p", i%4), Name: "Ann", Detail: "why"})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	acts, err := s.Acts(t.Context(), 0, 100)
	must(t, err)
	for i, a := range acts {
		if a.Seq != uint64(n-i) || a.Name != "Ann" || a.Detail != "why" || a.At != 5 || a.Do != "mute" || a.Room != "r" {
			t.Errorf("%d: %+v", i, a)
		}
	}
	before, err := s.Acts(t.Context(), 4, 2)
	if err != nil || len(acts) != n || !reflect.DeepEqual(before, acts[5:7]) {
		t.Errorf("of %d, the two before 4: %+v, %v", len(acts), before, err)
	}
	all.Go(func() { s.ForgetActs(t.Context(), "p1") })
	all.Go(func() { s.ForgetActs(t.Context(), "mo1") })
	all.Wait()
	acts, err = s.Acts(t.Context(), 0, 100)
	must(t, err)
	for _, a := range acts {
		if (a.ByName == "") != (a.By == "mo1") || (a.Name == "" || a.Detail == "") != (a.Person == "p1") {
			t.Errorf("after p1 and mo1 were forgotten: %+v", a)
		}
	}
}

func TestOfPerson(t *testing.T) {
	table := newTable(t)
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
	ctx := t.Context()
	put := func(c chat.Connection) {
		t.Helper()
		must(t, s.Put(ctx, c))
	}
	put(chat.Connection{ID: "a", Address: "192.0.2.7"})
	put(chat.Connection{ID: "a", Person: "ann", Address: "192.0.2.7", Version: 1})
	put(chat.Connection{ID: "b", Person: "ann"})
	put(chat.Connection{ID: "c", Person: "ann"})
	put(chat.Connection{ID: "c", Person: "bob", Version: 1})
	put(chat.Connection{ID: "d", Person: "ann"})
	if _, err := s.Delete(ctx, "d"); err != nil {
		t.Fatal(err)
	}
	// Another function, which has noted nothing.
	open, err := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table}).OfPerson(ctx, "ann")
	must(t, err)
	if len(open) != 2 {
		t.Errorf("got %+v, want a and b", open)
	}
	for _, c := range open {
		if c.Person != "ann" || c.ID == "a" && (c.Address != "192.0.2.7" || c.Version != 2) {
			t.Errorf("got %+v", c)
		}
	}
}

// TestErasePersonKilled kills a function that erases somebody between any two
// writes, and somebody else takes the name there, or not. Called again it leaves
// nothing of the person, and nothing of the other is gone.
func TestErasePersonKilled(t *testing.T) {
	e2e.DynamoDB(t)
	for _, rival := range []bool{false, true} {
		t.Run(fmt.Sprint("a rival ", rival), func(t *testing.T) {
			table := newTable(t)
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table})
			untilAlive(t, func(t *testing.T, n int, before bool) bool {
				id := fmt.Sprint("ann", n, before)
				ann := chat.Person{ID: id, Name: "Ann" + id, Skeleton: "sk" + id, Session: [32]byte{9, byte(n)}, Role: "moderator", Admitted: []string{"vip" + id}}
				must(t, s.PutPerson(t.Context(), ann))
				if got, err := s.Persons(t.Context(), id); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], ann) {
					t.Fatalf("got %+v, %v, want %+v", got, err, ann)
				}
				must(t, s.Put(t.Context(), chat.Connection{ID: "c" + id, Person: id}))
				dies, ctx, dead := dying(t, table, n, before)
				if err := dies.ErasePerson(ctx, id); !dead.Load() && err != nil {
					t.Error(err)
				}
				eve := chat.Person{ID: "eve" + fmt.Sprint(n, before), Name: "Eve", Skeleton: ann.Skeleton}
				eveErr := error(chat.ErrNameTaken)
				if rival {
					eveErr = s.PutPerson(t.Context(), eve)
				}
				must(t, s.ErasePerson(t.Context(), id))
				must(t, s.ErasePerson(t.Context(), id))
				if p, err := s.PersonByName(t.Context(), ann.Skeleton); (err == nil) != (eveErr == nil) || err == nil && p.ID != eve.ID {
					t.Errorf("the name is %+v's, %v, after the rival got %v", p, err, eveErr)
				}
				if _, err := s.PersonBySession(t.Context(), ann.Session); !errors.Is(err, chat.ErrNoPerson) {
					t.Errorf("by session: %v", err)
				}
				if _, err := s.Delete(t.Context(), "c"+id); err != nil {
					t.Fatal(err)
				}
				if eveErr == nil {
					must(t, s.ErasePerson(t.Context(), eve.ID))
				}
				wantNothing(t, table, id)
				return dead.Load()
			})
		})
	}
}

// wantNothing wants no row of the table to have any of the texts.
func wantNothing(t *testing.T, table string, texts ...string) {
	t.Helper()
	in := &dynamodb.ScanInput{TableName: &table}
	for {
		out, err := client(e2e.DynamoDB(t)).Scan(context.WithoutCancel(t.Context()), in)
		must(t, err)
		for _, row := range out.Items {
			whole, err := json.Marshal(row)
			must(t, err)
			for _, text := range texts {
				if bytes.Contains(whole, []byte(text)) {
					t.Errorf("%q is still in %s", text, whole)
				}
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			return
		}
	}
}
