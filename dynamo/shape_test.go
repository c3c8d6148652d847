package dynamo_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// request is a call as DynamoDB is sent it.
type request map[string]any

// scripted is a DynamoDB that notes what it is sent and answers from a list,
// then with empty answers. It needs no emulator, and shows what dynalite cannot.
type scripted struct {
	*dynamo.Store
	url      string
	mu       sync.Mutex
	requests []request
	answers  []string // a leading "!" makes it an error's
}

func script(t *testing.T, o dynamo.Options, answers ...string) *scripted {
	t.Helper()
	s := &scripted{answers: answers}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in request
		if err := json.Unmarshal(body, &in); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		_, in["operation"], _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		s.mu.Lock()
		s.requests = append(s.requests, in)
		answer := "{}"
		if len(s.answers) > 0 {
			answer, s.answers = s.answers[0], s.answers[1:]
		}
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if text, wrong := strings.CutPrefix(answer, "!"); wrong {
			w.WriteHeader(http.StatusBadRequest)
			answer = text
		}
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	o.Table, s.url = "parley", server.URL
	s.Store = dynamo.New(client(server.URL), o)
	return s
}

// sent compares the requests so far with JSON, and forgets them. A value
// "<any>" stands for whatever there is.
func (s *scripted) sent(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) != len(want) {
		t.Errorf("got %d requests, want %d: %v", len(s.requests), len(want), s.requests)
	} else {
		for i, w := range want {
			var r request
			if err := json.Unmarshal([]byte(w), &r); err != nil {
				t.Fatalf("%s: %v", w, err)
			}
			if r["TableName"] = "parley"; !like(map[string]any(s.requests[i]), map[string]any(r)) {
				got, _ := json.MarshalIndent(s.requests[i], "", " ")
				t.Errorf("request %d:\n got %s\nwant %s", i+1, got, w)
			}
		}
	}
	s.requests = nil
}

func like(got, want any) bool {
	if want == "<any>" {
		return got != nil
	}
	g, ok := got.(map[string]any)
	w, also := want.(map[string]any)
	if !ok || !also {
		return reflect.DeepEqual(got, want)
	}
	if len(g) != len(w) {
		return false
	}
	for k := range w {
		if !like(g[k], w[k]) {
			return false
		}
	}
	return true
}

func TestRequests(t *testing.T) {
	now := dynamo.Options{Now: func() time.Time { return time.Unix(1_000_000, 0) }}
	t.Run("a connection has a ttl", func(t *testing.T) {
		s := script(t, now)
		must(t, s.Put(t.Context(), chat.Connection{ID: "a=", Rooms: []string{"x#y"}}))
		s.sent(t, `{"operation":"PutItem","Item":{"PK":{"S":"C#a="},"SK":{"S":"C"},"ttl":{"N":"1007800"},"version":{"N":"1"},"rooms":{"L":[{"S":"x#y"}]}}}`)
		s.Get(t.Context(), "a=")
		s.sent(t, `{"operation":"GetItem","Key":{"PK":{"S":"C#a="},"SK":{"S":"C"}},"ConsistentRead":true}`)
	})
	t.Run("members are read consistently, ids only, all pages", func(t *testing.T) {
		s := script(t, now,
			`{"Items":[{"SK":{"S":"a="}}],"LastEvaluatedKey":{"PK":{"S":"M#room"},"SK":{"S":"a="}}}`,
			`{"Items":[],"LastEvaluatedKey":{"PK":{"S":"M#room"},"SK":{"S":"b="}}}`,
			`{"Items":[{"SK":{"S":"c="}}]}`)
		var pages []string
		for page, err := range s.InRoom(t.Context(), "room", chat.WithProtocol) {
			must(t, err)
			pages = append(pages, fmt.Sprint(page))
		}
		if got := fmt.Sprint(pages); got != "[[a=] [c=]]" {
			t.Errorf("got pages %s", got)
		}
		q := `{"operation":"Query","KeyConditionExpression":"PK = :partition","FilterExpression":"#ttl > :now AND attribute_not_exists(#plain)",
			"ProjectionExpression":"#SK","ExpressionAttributeNames":{"#SK":"SK","#ttl":"ttl","#plain":"plain"},
			"ExpressionAttributeValues":{":partition":{"S":"M#room"},":now":{"N":"1000000"}},"ConsistentRead":true,"ScanIndexForward":true`
		start := `,"ExclusiveStartKey":{"PK":{"S":"M#room"},"SK":{"S":"%s="}}}`
		s.sent(t, q+"}", q+fmt.Sprintf(start, "a"), q+fmt.Sprintf(start, "b"))
	})
	t.Run("an entry", func(t *testing.T) {
		s := script(t, now, `{"Items":[{"last":{"N":"41"},"at":{"N":"7"}}]}`)
		_, err := s.Append(t.Context(), "ro#om", chat.Entry{Kind: chat.KindMessage, At: 5, Person: "p#", ID: "#1", From: "Ann", Text: "hi"})
		must(t, err)
		s.sent(t,
			`{"operation":"Query","KeyConditionExpression":"PK = :partition","ExpressionAttributeValues":{":partition":{"S":"L#ro#om"}},"Limit":1,
				"ProjectionExpression":"#last, #at","ExpressionAttributeNames":{"#last":"last","#at":"at"},"ConsistentRead":true,"ScanIndexForward":false}`,
			`{"operation":"PutItem","Item":{"PK":{"S":"P#p#"},"SK":{"S":"I#5#ro#om##1"},"seq":{"N":"42"}},
				"ConditionExpression":"attribute_not_exists(PK)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`,
			`{"operation":"PutItem","Item":{"PK":{"S":"L#ro#om"},"SK":{"S":"00000000000000000042"},"token":"<any>","last":{"N":"42"},"at":{"N":"7"},
				"entries":{"L":[{"M":{"kind":{"N":"1"},"at":{"N":"7"},"person":{"S":"p#"},"from":{"S":"Ann"},"id":{"S":"#1"},"text":{"S":"hi"}}}]}},
				"ConditionExpression":"attribute_not_exists(PK)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`)
	})
	// What DynamoDB returns with a failed condition saves a read; dynalite has it not.
	t.Run("a refused write tells what is there", func(t *testing.T) {
		refusedBy := `!{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed","Item":%s}`
		s := script(t, now,
			`{"Items":[{"last":{"N":"41"},"at":{"N":"7"}}]}`,
			fmt.Sprintf(refusedBy, `{"seq":{"N":"40"}}`),
			`{"Item":{"PK":{"S":"L#room"},"SK":{"S":"00000000000000000040"},"last":{"N":"40"},"entries":{"L":[{"M":{"kind":{"N":"1"},"person":{"S":"p"},"id":{"S":"1"},"text":{"S":"hi"}}}]}}}`)
		got, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "1", Text: "hi"})
		if err != nil || len(got) != 1 || !got[0].Repeat || got[0].Seq != 40 {
			t.Errorf("got %+v, %v, want a repeat of entry 40", got, err)
		}
		s.sent(t, `{"operation":"Query","KeyConditionExpression":"<any>","ExpressionAttributeValues":"<any>","Limit":1,"ProjectionExpression":"<any>",
			"ExpressionAttributeNames":"<any>","ConsistentRead":true,"ScanIndexForward":false}`,
			`{"operation":"PutItem","Item":"<any>","ConditionExpression":"attribute_not_exists(PK)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`,
			`{"operation":"GetItem","Key":{"PK":{"S":"L#room"},"SK":{"S":"00000000000000000040"}},"ConsistentRead":true}`)

		s = script(t, now,
			`{"Items":[{"last":{"N":"41"}}]}`, `{}`, // head, claim
			fmt.Sprintf(refusedBy, `{"PK":{"S":"L#room"},"SK":{"S":"00000000000000000042"},"token":{"S":"another"},"last":{"N":"42"},"entries":{"L":[{"M":{"kind":{"N":"1"}}}]}}`),
			`{"Items":[{"last":{"N":"42"}}]}`)
		got, err = s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "1", Text: "hi"})
		if err != nil || got[0].Repeat || got[0].Seq != 43 {
			t.Errorf("got %+v, %v, want a new entry 43", got, err)
		}
		var operations []string
		for _, r := range s.requests {
			operations = append(operations, fmt.Sprint(r["operation"]))
		}
		if got := strings.Join(operations, " "); got != "Query PutItem PutItem Query PutItem PutItem" {
			t.Errorf("after meeting another: %s", got)
		}
		if move := s.requests[4]; move["ConditionExpression"] != "#seq = :is" || !like(move["ExpressionAttributeValues"], map[string]any{":is": map[string]any{"N": "42"}}) {
			t.Errorf("the claim is moved by %v", move)
		}
	})
	t.Run("a batch that was not done whole", func(t *testing.T) {
		s := script(t, now,
			`{"Responses":{"parley":[{"PK":{"S":"P#a"},"version":{"N":"1"}}]},"UnprocessedKeys":{"parley":{"Keys":[{"PK":{"S":"P#b"},"SK":{"S":"P"}}]}}}`,
			`{"UnprocessedKeys":{"parley":{"Keys":[{"PK":{"S":"P#b"},"SK":{"S":"P"}}]}}}`,
			`{"Responses":{"parley":[{"PK":{"S":"P#b"},"version":{"N":"1"}}]}}`)
		got, err := s.Persons(t.Context(), "a", "b", "a")
		if err != nil || len(got) != 2 || got[0].ID != "a" || got[1].ID != "b" {
			t.Errorf("got %+v, %v, want a and b", got, err)
		}
		if len(s.requests) != 3 {
			t.Errorf("got %d requests, want 3", len(s.requests))
		}
	})
	t.Run("a long list of persons is read for half the price, new ones consistently", func(t *testing.T) {
		for n, want := range map[int][]bool{20: {true}, 21: {false, true}} {
			s := script(t, now, `{"Responses":{"parley":[{"PK":{"S":"P#a0"},"version":{"N":"1"}}]}}`, `{"Responses":{"parley":[{"PK":{"S":"P#a1"},"version":{"N":"1"}}]}}`)
			var ids []chat.PersonID
			for i := range n {
				ids = append(ids, fmt.Sprint("a", i))
			}
			got, err := s.Persons(t.Context(), ids...)
			if err != nil || len(got) != len(want) {
				t.Errorf("%d persons: got %+v, %v, want %d of them", n, got, err, len(want))
			}
			var consistent []bool
			asked := 0
			for _, r := range s.requests {
				keys := r["RequestItems"].(map[string]any)["parley"].(map[string]any)
				consistent, asked = append(consistent, keys["ConsistentRead"].(bool)), asked+len(keys["Keys"].([]any))
			}
			if !reflect.DeepEqual(consistent, want) || asked != n+(n-1)*(len(want)-1) {
				t.Errorf("%d persons: got ConsistentRead %v for %d keys in all, want %v", n, consistent, asked, want)
			}
		}
	})
	t.Run("only counting is eventually consistent", func(t *testing.T) {
		for limit, want := range map[int]bool{0: false, 1: true} {
			s := script(t, now)
			s.Present(t.Context(), "room", limit)
			if got := s.requests[0]["ConsistentRead"]; got != want {
				t.Errorf("Present with limit %d: ConsistentRead %v, want %v", limit, got, want)
			}
		}
	})
}

// TestCreateTable wants what the stack's template has.
func TestCreateTable(t *testing.T) {
	s := script(t, dynamo.Options{}, `{}`, `{"Table":{"TableStatus":"CREATING"}}`, `{"Table":{"TableStatus":"ACTIVE"}}`)
	must(t, dynamo.CreateTable(t.Context(), client(s.url), "parley"))
	s.sent(t,
		`{"operation":"CreateTable","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"PK","AttributeType":"S"},{"AttributeName":"SK","AttributeType":"S"}],
			"KeySchema":[{"AttributeName":"PK","KeyType":"HASH"},{"AttributeName":"SK","KeyType":"RANGE"}]}`,
		`{"operation":"DescribeTable"}`, `{"operation":"DescribeTable"}`,
		`{"operation":"UpdateTimeToLive","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
}

// TestCreateTableTwice wants a table that is there to be used.
func TestCreateTableTwice(t *testing.T) {
	name := newTable(t)
	must(t, dynamo.CreateTable(t.Context(), client(e2e.DynamoDB(t)), name))
}
