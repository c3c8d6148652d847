package chat

import (
	"fmt"
	"testing"
	"time"

	"parley/protocol"
)

// TestLimiterIsBounded: connections whose end nobody tells of do not stay, and
// no number of them makes a flood forgotten, or memory grow without end.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := newLimiter(protocol.Rates{}, now)
	say := func(id string) *protocol.Error {
		e, _ := l.take(Connection{ID: id}, &protocol.Message{}, 20, now)
		return e
	}
	for i := range 20 * leastToPrune {
		now = now.Add(10 * time.Millisecond) // each is full again after 0.2 s: 20 connections
		if e := say(fmt.Sprint("c", i)); e != nil {
			t.Fatal(e)
		}
		if n := len(l.speakers.of); n > leastToPrune {
			t.Fatalf("%d connections are kept", n)
		}
	}
	for range 30 { // one that is over its limit is not forgotten by the crowd
		say("flood")
	}
	for i := range 2 * leastToPrune {
		say(fmt.Sprint("d", i))
	}
	if e := say("flood"); e == nil {
		t.Error("a crowd made the limiter forget a flood")
	}
	for i := range 3 * mostAccounts { // all at the same instant: none is full again
		say(fmt.Sprint("e", i))
	}
	if n := len(l.speakers.of); n > mostAccounts {
		t.Errorf("%d connections are kept, more than %d", n, mostAccounts)
	}
}

func TestBucket(t *testing.T) {
	rate := protocol.Rate{PerSecond: 5, Burst: 10}
	var b bucket
	const start = 7 * time.Second
	for i := range 10 {
		if wait := b.wait(rate, 1, start); wait != 0 {
			t.Fatalf("%d of a burst of 10 wait %s", i, wait)
		}
		b.take(rate, 1, start)
	}
	if wait := b.wait(rate, 1, start); wait != 200*time.Millisecond {
		t.Errorf("the eleventh waits %s, want 200 ms", wait)
	}
	if wait := b.wait(rate, 3, start); wait != 600*time.Millisecond {
		t.Errorf("three wait %s, want 600 ms", wait)
	}
	if taken := b.taken(rate, start+time.Second); taken != 5 {
		t.Errorf("%g are missing after a second, want 5", taken)
	}
	if wait := b.wait(rate, 99, start+2*time.Second); wait != 0 || !b.full(start+2*time.Second) {
		t.Errorf("more than the bucket holds waits %s for a full one", wait)
	}
	b.take(rate, 99, start+2*time.Second)
	if wait := b.wait(rate, 10, start+2*time.Second); wait != 2*time.Second {
		t.Errorf("taking all there is was not all: the next 10 wait %s", wait)
	}
	if wait := b.wait(protocol.Unlimited, 1e9, 0); wait != 0 {
		t.Errorf("unlimited waits %s", wait)
	}
}
