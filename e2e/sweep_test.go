package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/chat"
	"parley/dynamo"
	"parley/functions"
	"parley/runtimeapi"
)

// silent is a chat in a table in which nobody speaks any more. Its rooms keep a
// week, and an erasure was cut short.
type silent struct {
	t             *testing.T
	client        *dynamodb.Client
	table         string
	*dynamo.Store // as another process has it
}

const (
	old, kept, erased, of = "words of last month", "words of yesterday", "correct horse battery staple", "Mallory Quickfoot"
	bannedAddress         = "203.0.113.77"
)

// newSilent has n old messages in its first room, and as many of the erased.
func newSilent(t *testing.T, n int) *silent {
	t.Helper()
	s := &silent{t: t, table: newTableName()}
	s.client = dynamo.NewClient(dynamo.ClientOptions{
		Region: "us-east-1", Endpoint: DynamoDB(t), HTTP: http.DefaultClient,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
		}),
	})
	s.Store = dynamo.New(s.client, dynamo.Options{Table: s.table})
	ctx, now := t.Context(), time.Now().UnixMilli()
	const day = 24 * 60 * 60 * 1000
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(dynamo.CreateTable(ctx, s.client, s.table))
	say := func(room, person, name, text string, at int64, n int) {
		t.Helper()
		for from := 0; from < n; from += 5 {
			var entries []chat.Entry
			for i := from; i < min(from+5, n); i++ {
				entries = append(entries, chat.Entry{Kind: chat.KindMessage, Person: person, From: name, ID: fmt.Sprint(text, i), Text: fmt.Sprint(text, " ", i), At: at})
			}
			_, err := s.Append(ctx, room, entries...)
			check(err)
		}
	}
	for i, room := range []string{"a room", "and another"} {
		say(room, "bob", "Bob", old, now-30*day, max(5, n*(1-i)))
		say(room, "mallory", of, erased, now-day, max(5, n*(1-i)))
		say(room, "bob", "Bob", kept, now-day, 3)
	}
	check(s.PutPerson(ctx, chat.Person{ID: "mallory", Name: of, Skeleton: chat.Skeleton(of), Session: [32]byte{1}, Seen: now}))
	for _, r := range []chat.Rule{
		{Kind: chat.RuleRetention, Value: 7 * day},
		{Kind: chat.RuleErasing, Subject: "mallory", By: "ada", ByName: "Ada"},
		{Kind: chat.RuleMute, Room: "a room", Subject: "mallory", Name: of, By: "ada", ByName: "Ada"},
		{Kind: chat.RuleBanAddress, Subject: bannedAddress, Until: now - day},
	} {
		check(s.PutRule(ctx, r))
	}
	if left := s.left(); len(left) != 4 {
		t.Fatalf("there was never anything to take away: %v", left)
	}
	return s
}

// left is what the table has that it should not.
func (s *silent) left() (found []string) {
	s.t.Helper()
	all := s.rows()
	for _, text := range []string{old, erased, of, bannedAddress} {
		if strings.Contains(all, text) {
			found = append(found, text)
		}
	}
	return found
}

// rows is all that the table has.
func (s *silent) rows() string {
	s.t.Helper()
	var all strings.Builder
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{TableName: &s.table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		rows, err := json.Marshal(page.Items)
		if err != nil {
			s.t.Fatal(err)
		}
		all.Write(rows)
	}
	return all.String()
}

// swept wants what should be gone to be gone, and all else to be there.
func (s *silent) swept() {
	s.t.Helper()
	if left := s.left(); len(left) > 0 {
		s.t.Fatalf("left: %v", left)
	}
	rules, err := s.AllRules(s.t.Context())
	if err != nil || len(rules) != 1 || rules[0].Kind != chat.RuleRetention {
		s.t.Errorf("in force are %+v, %v", rules, err)
	}
	acts, err := s.Acts(s.t.Context(), 0, 10)
	if err != nil || len(acts) == 0 || acts[len(acts)-1].Do != "erase" || acts[len(acts)-1].Person != "mallory" || acts[len(acts)-1].ByName != "Ada" {
		s.t.Errorf("in the audit log are %+v, %v", acts, err)
	}
	for _, room := range []string{"a room", "and another"} {
		x, err := s.Extent(s.t.Context(), room)
		if err != nil {
			s.t.Fatal(err)
		}
		entries, err := s.Range(s.t.Context(), room, x.Floor+1, x.Head, 1<<20)
		if err != nil || len(entries) != int(x.Head-x.Floor) {
			s.t.Fatalf("%d entries of %+v, %v", len(entries), x, err)
		}
		texts := 0
		for _, e := range entries {
			if strings.HasPrefix(e.Text, kept) {
				texts++
			} else if e.Text != "" || e.Person == "bob" {
				s.t.Errorf("in %s: %+v", room, e)
			}
		}
		if texts != 3 || x.Floor == 0 {
			s.t.Errorf("in %s: %d messages, %+v", room, texts, x)
		}
	}
}

// TestSweptInSilence: in the home of Lambda functions, too, a room where nobody
// speaks or comes is trimmed, and an erasure that was cut is finished.
func TestSweptInSilence(t *testing.T) {
	t.Parallel()
	s := newSilent(t, 20)
	p := start(t, "--management", "127.0.0.1:0", "--functions", bootstrap(t), "--dynamodb-endpoint", DynamoDB(t), "--table", s.table, "--sweep-every", "1s")
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if rules, err := s.AllRules(t.Context()); err == nil && len(rules) == 1 && len(s.left()) == 0 {
			break
		}
		if time.Now().After(end) {
			break
		}
	}
	s.swept()
	c := enter(t, p, "Grace") // and the chat is as before
	c.send(map[string]any{"type": "message", "room": "general", "id": "1", "text": "hello"})
	c.next("message")
}

// TestSweepsAtOnce: the clock may strike twice, and a run may last longer than an
// invocation. Runs of several slices are under way at the same time, some of them
// with a process of their own: all is done then, and nothing is lost.
func TestSweepsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSilent(t, 150)
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer gone.Close()
	lambda := runtimeapi.NewLambda(nil)
	var on atomic.Int64 // slices beyond the first
	invoke := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on.Add(1)
		lambda.ServeHTTP(w, r)
	}))
	defer invoke.Close()
	f, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{
		Name: functions.OnAction, Program: bootstrap(t),
		Timeout: 2800 * time.Millisecond, // half a second for a slice, and the rest to hand over
		Env: map[string]string{
			"TABLE_NAME": s.table, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s",
			"AWS_ENDPOINT_URL_DYNAMODB": DynamoDB(t), "AWS_ENDPOINT_URL_LAMBDA": invoke.URL, "MANAGEMENT_ENDPOINT": gone.URL + "/socket",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	lambda.Add(f)
	defer lambda.Close()
	defer f.Close()

	// What is no sweep is an error, of which the process does not die.
	for _, event := range []string{`{"parleySweep":[]}`, `{"parleySweep":{"slice":12}}`, `{"source":"aws.events","detail":{}}`, `{}`} {
		if answer, err := f.Invoke(t.Context(), []byte(event)); err == nil || strings.Contains(err.Error(), "Runtime.ExitError") {
			t.Errorf("%s: %s, %v", event, answer, err)
		}
	}
	if left := s.left(); len(left) != 4 {
		t.Errorf("and yet it was one: only %v is left", left)
	}

	for end := time.Now().Add(90 * time.Second); len(s.left()) > 0 && time.Now().Before(end); {
		var runs sync.WaitGroup
		for range 3 {
			runs.Go(func() {
				if answer, err := f.Invoke(t.Context(), []byte(functions.SweepEvent)); err != nil {
					t.Errorf("%s, %v", answer, err)
				}
			})
		}
		runs.Wait()
		before := on.Load()
		for time.Sleep(3 * time.Second); on.Load() > before; time.Sleep(3 * time.Second) { // until no run goes on any more
			before = on.Load()
		}
	}
	t.Logf("%d slices went on", on.Load())
	if on.Load() == 0 {
		t.Error("none took longer than a slice: nothing was tried")
	}
	s.swept()
}
