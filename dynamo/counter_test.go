package dynamo_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
	"parley/protocol"
)

// TestTakeAtOnce has 8 functions take from one bucket at the same time, by a
// clock that stands: as many get through as it holds, and a refusal is free.
func TestTakeAtOnce(t *testing.T) {
	table := newTable(t)
	rate := protocol.Rate{PerSecond: 5, Burst: 10}
	now := time.UnixMilli(1_700_000_000_000)
	var all sync.WaitGroup
	var taken atomic.Int64
	for range 8 {
		all.Go(func() {
			s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table, Now: func() time.Time { return now }})
			for range 20 {
				wait, err := s.Take(t.Context(), "P#ann", 1, rate)
				if err != nil || wait < 0 {
					t.Errorf("%v, %v", wait, err)
				}
				if wait == 0 {
					taken.Add(1)
				}
			}
		})
	}
	all.Wait()
	if taken.Load() != 10 {
		t.Errorf("%d got through, want 10", taken.Load())
	}
	counter := &counting{Client: client(e2e.DynamoDB(t))}
	at := now
	s := dynamo.New(counter, dynamo.Options{Table: table, Now: func() time.Time { return at }})
	s.Take(t.Context(), "P#ann", 1, rate)
	counter.take()
	if wait, err := s.Take(t.Context(), "P#ann", 3, rate); err != nil || wait != 600*time.Millisecond {
		t.Errorf("3 of an empty bucket: %v, %v, want 600ms", wait, err)
	}
	if calls := counter.take(); calls != "nothing" {
		t.Errorf("a refusal cost %s", calls)
	}
	at = now.Add(600 * time.Millisecond)
	if wait, err := s.Take(t.Context(), "P#ann", 3, rate); err != nil || wait != 0 {
		t.Errorf("600ms later: %v, %v", wait, err)
	}
	if calls := counter.take(); calls != "1 put" {
		t.Errorf("taking cost %s, want 1 put", calls)
	}
}

// TestFloodOfManyFunctions has 400 messages of one connection come to 8
// functions in turn, within one moment. It states what a message costs.
func TestFloodOfManyFunctions(t *testing.T) {
	table := newTable(t)
	counter := &counting{Client: client(e2e.DynamoDB(t))}
	now := time.UnixMilli(1_700_000_000_000)
	var functions []*chat.Chat
	for range 8 {
		s := dynamo.New(counter, dynamo.Options{Table: table, Now: func() time.Time { return now }})
		c := chat.New(chat.Ports{Connections: s, Members: s, Log: s, People: s, Poster: new(posted), Counter: s},
			chat.Options{Rates: &protocol.Rates{Refusals: 1000}, Now: func() time.Time { return now }, PresenceDelay: -1})
		defer c.Close()
		functions = append(functions, c)
	}
	if _, err := functions[0].OnConnect(t.Context(), "c", chat.Handshake{Subprotocols: []string{protocol.Subprotocol}, Address: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	must(t, functions[0].OnAction(t.Context(), "c", []byte(`{"type":"hello","name":"Ann","rooms":[{"room":"r"}]}`)))
	counter.take()
	const sent = 400
	for i := range sent {
		must(t, functions[i%8].OnAction(t.Context(), "c", fmt.Appendf(nil, `{"type":"message","room":"r","id":"%d","text":"x"}`, i)))
	}
	calls := counter.take()
	x, err := dynamo.New(counter, dynamo.Options{Table: table}).Extent(t.Context(), "r")
	must(t, err)
	t.Logf("of %d messages %d were said, with %s", sent, x.Head, calls)
	rates := protocol.DefaultRates()
	if x.Head < uint64(rates.Messages.Burst) || x.Head > uint64(rates.Messages.Burst+8*rates.Messages.Burst/5) {
		t.Errorf("%d of %d messages were said", x.Head, sent)
	}
}

// TestConnectsOverManyFunctions has one address connect 60 times to each of 8 functions
// in one moment, where 20 may; another address is not kept out by it.
func TestConnectsOverManyFunctions(t *testing.T) {
	table := newTable(t)
	now := time.UnixMilli(1_700_000_000_000)
	rates := protocol.Rates{AddressConnects: protocol.Rate{PerSecond: 1, Burst: 20}}
	open, refused := 0, 0
	for f := range 8 {
		s := dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table, Now: func() time.Time { return now }})
		c := chat.New(chat.Ports{Connections: s, Members: s, Log: s, People: s, Poster: new(posted), Counter: s},
			chat.Options{Rates: &rates, Now: func() time.Time { return now }})
		defer c.Close()
		connect := func(id, address string) error {
			_, err := c.OnConnect(t.Context(), id, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}, Address: address})
			return err
		}
		for i := range 60 {
			err := connect(fmt.Sprintf("c%d-%d", f, i), fmt.Sprintf("2001:db8::%x", i)) // one network of 64 bits
			var status interface{ HTTPStatus() int }
			switch {
			case err == nil:
				open++
			case errors.As(err, &status) && status.HTTPStatus() == 429:
				refused++
			default:
				t.Fatal(err)
			}
		}
		must(t, connect(fmt.Sprint("other", f), "192.0.2.1"))
	}
	if most := 20 + 8*20/5; open < 20 || open > most || open+refused != 480 {
		t.Errorf("%d connected and %d were refused, want at most %d", open, refused, most)
	}
}
