package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// call is one operation of DynamoDB as a proxy sees it.
type call struct {
	operation string // PutItem, Query …
	body      []byte
}

// key returns the partition and sort key of the row that the call is about;
// empty for queries.
func (c call) key() (pk, sk string) {
	var input struct{ Key, Item map[string]map[string]any }
	json.Unmarshal(c.body, &input)
	row := input.Key
	if row == nil {
		row = input.Item
	}
	pk, _ = row["PK"]["S"].(string)
	sk, _ = row["SK"]["S"].(string)
	return pk, sk
}

// fate is what becomes of a call.
type fate int

const (
	done      fate = iota
	denied         // DynamoDB refuses it, for good
	notDone        // whoever calls is killed before it is done
	unnoticed      // whoever calls is killed after it is done, before the answer
)

// dynamodbProxy stands before dynalite, keeps account of the calls, and may
// have a call meet another fate.
type dynamodbProxy struct {
	url string

	mu     sync.Mutex
	calls  []call // since take
	last   time.Time
	decide func(call) fate // nil: all are done
	kill   func()          // ends whoever calls
}

func startProxy(t testing.TB) *dynamodbProxy {
	t.Helper()
	to := DynamoDB(t)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	d := &dynamodbProxy{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		f := d.meet(call{operation, body})
		switch f {
		case denied:
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not now"}`)
			return
		case notDone:
			d.kill()
			panic(http.ErrAbortHandler)
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
		if f == unnoticed {
			io.Copy(io.Discard, answer.Body)
			d.kill()
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	d.url = server.URL
	return d
}

func (d *dynamodbProxy) meet(c call) fate {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls, d.last = append(d.calls, c), time.Now()
	if d.decide == nil {
		return done
	}
	return d.decide(c)
}

// let has decide look at each call from now on; nil: all are done.
func (d *dynamodbProxy) let(decide func(call) fate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.decide = decide
}

// take waits until nothing has been called for a while, and returns what was
// called since the last take.
func (d *dynamodbProxy) take() []call {
	const quiet = 60 * time.Millisecond // many times what a function needs between two calls
	for {
		d.mu.Lock()
		if since := time.Since(d.last); since > quiet {
			calls := d.calls
			d.calls = nil
			d.mu.Unlock()
			return calls
		}
		d.mu.Unlock()
		time.Sleep(quiet / 4)
	}
}

// count returns how often an operation was called since the last take.
func (d *dynamodbProxy) count(operation string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if c.operation == operation {
			n++
		}
	}
	return n
}

// tell sums calls up: "2 GetItem, 2 PutItem".
func tell(calls []call) string {
	times := map[string]int{}
	for _, c := range calls {
		times[c.operation]++
	}
	var list []string
	for _, operation := range slices.Sorted(maps.Keys(times)) {
		list = append(list, fmt.Sprint(times[operation], " ", operation))
	}
	return cmp.Or(strings.Join(list, ", "), "nothing")
}
