package dynamo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parley/chat"
	"parley/chat/chattest"
	"parley/dynamo"
	"parley/e2e"
)

// through returns a store over a table of its own, whose calls go by a proxy.
func through(t testing.TB, decide func(call) verdict) *dynamo.Store {
	t.Helper()
	table := newTable(t)
	return dynamo.New(client(proxy(t, decide)), dynamo.Options{Table: table})
}

// TestContractUnderFaults holds the store to the same suites while calls fail.
// A reply may be lost only where the port has no answer that tells who was
// first: a connection's second Delete, of which only the reply was lost, says
// that it is gone already.
func TestContractUnderFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 10 s")
	}
	e2e.DynamoDB(t)
	t.Run("connections", func(t *testing.T) {
		t.Parallel()
		chattest.ConnectionTable(t, func(t testing.TB) chattest.Table {
			return through(t, each(17, throttle, broken, limit, drop, slowDown))
		})
	})
	t.Run("log", func(t *testing.T) {
		t.Parallel()
		chattest.MessageLog(t, func(t testing.TB) chat.MessageLog {
			return through(t, each(17, throttle, loseReply, refuse, limit, drop, loseReply, broken, slowDown))
		})
	})
	t.Run("people", func(t *testing.T) {
		t.Parallel()
		chattest.People(t, func(t testing.TB) chat.People {
			return through(t, each(7, throttle, loseReply, limit, loseReply, drop, broken, slowDown))
		})
	})
}

// TestInTime wants an error while the caller can still answer, whether the
// table throttles all or says nothing.
func TestInTime(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"throttled": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answers[throttle].status)
			w.Write([]byte(answers[throttle].body))
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // or the server does not notice that the client has gone
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			s := dynamo.New(client(server.URL), dynamo.Options{Table: "t", Reserve: 400 * time.Millisecond})
			ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
			defer cancel()
			_, err := s.Append(ctx, "room", chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "1"})
			if !errors.Is(err, dynamo.ErrBusy) {
				t.Errorf("got %v, want ErrBusy", err)
			}
			if ctx.Err() != nil {
				t.Error("the context was over before the store gave up")
			}
		})
	}
}

// TestOwnRetry wants a silent call to be tried again within the same action.
func TestOwnRetry(t *testing.T) {
	first := true
	table := newTable(t)
	url := proxy(t, func(c call) verdict {
		if first {
			first = false
			time.Sleep(300 * time.Millisecond)
		}
		return pass
	})
	s := dynamo.New(client(url), dynamo.Options{Table: table, CallTimeout: 100 * time.Millisecond})
	must(t, s.Put(t.Context(), chat.Connection{ID: "c"}))
	if _, err := s.Get(t.Context(), "c"); err != nil {
		t.Error(err)
	}
}

// TestWrongTable wants what no retry mends to be told at once.
func TestWrongTable(t *testing.T) {
	s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: "no-such-table"})
	began := time.Now()
	if err := s.Put(t.Context(), chat.Connection{ID: "c"}); err == nil || errors.Is(err, dynamo.ErrBusy) {
		t.Errorf("got %v, want the table's absence", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
