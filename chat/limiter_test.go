package chat

import (
	"fmt"
	"testing"
	"time"

	"parley/protocol"
)

// TestLimiterIsBounded: connections whose end nobody tells of do not stay.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := newLimiter(Rate{})
	for i := range 20 * leastToPrune {
		now = now.Add(10 * time.Millisecond) // each is full again after at most 2 s: 200 connections
		if e := l.take(fmt.Sprint("c", i), &protocol.Message{}, now); e != nil {
			t.Fatal(e)
		}
		if len(l.of) > leastToPrune {
			t.Fatalf("%d connections are kept", len(l.of))
		}
	}
	for range 30 { // one that is over its limit is not forgotten by the crowd
		l.take("flood", &protocol.Message{}, now)
	}
	for i := range 2 * leastToPrune {
		l.take(fmt.Sprint("d", i), &protocol.Message{}, now)
	}
	if e := l.take("flood", &protocol.Message{}, now); e == nil {
		t.Error("a crowd made the limiter forget a flood")
	}
}
