package dynamo_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"parley/e2e"
)

// verdict is what a proxy does with one call.
type verdict int

const (
	pass      verdict = iota
	drop              // the call is not done, the connection breaks
	loseReply         // the call is done, the connection breaks before its answer
	refuse            // a condition "does not hold"
	throttle          // and the next three: the ways in which DynamoDB says "not now"
	limit
	slowDown
	broken
)

var answers = map[verdict]struct {
	status int
	body   string
}{
	refuse:   {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`},
	throttle: {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"too fast"}`},
	limit:    {400, `{"__type":"com.amazonaws.dynamodb.v20120810#RequestLimitExceeded","message":"too fast"}`},
	slowDown: {400, `{"__type":"com.amazon.coral.availability#ThrottlingException","message":"too fast"}`},
	broken:   {503, ``},
}

// call is one request as a proxy sees it.
type call struct {
	n         int // 1, 2, 3 …
	operation string
	body      []byte
}

func (c call) writes() bool { return c.operation == "PutItem" || c.operation == "DeleteItem" }

func (c call) conditional() bool { return bytes.Contains(c.body, []byte("ConditionExpression")) }

// proxy stands between a store and the emulator and decides on each call. lost
// are told when a call is done whose reply gets lost. It returns its URL.
func proxy(t testing.TB, decide func(call) verdict, lost ...func()) string {
	t.Helper()
	to := e2e.DynamoDB(t)
	var mu sync.Mutex
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		mu.Lock()
		calls++
		v := decide(call{calls, operation, body})
		mu.Unlock()
		if v == drop {
			panic(http.ErrAbortHandler)
		}
		if a, ok := answers[v]; ok {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(a.status)
			io.WriteString(w, a.body)
			return
		}
		// Not under r's context: what DynamoDB has received it does, even if nobody waits.
		forward, err := http.NewRequest(r.Method, to, bytes.NewReader(body))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		forward.Header = r.Header.Clone()
		answer, err := transport.RoundTrip(forward)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer answer.Body.Close()
		if v == loseReply {
			io.Copy(io.Discard, answer.Body)
			for _, tell := range lost {
				tell()
			}
			panic(http.ErrAbortHandler)
		}
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// each returns a decision that does to every k-th call what comes next in a list.
func each(k int, verdicts ...verdict) func(call) verdict {
	return func(c call) verdict {
		if c.n%k != 0 {
			return pass
		}
		v := verdicts[c.n/k%len(verdicts)]
		if v == refuse && !(c.writes() && c.conditional()) {
			return throttle // DynamoDB refuses nothing that has no condition
		}
		return v
	}
}
