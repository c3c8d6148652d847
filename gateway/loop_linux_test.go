package gateway

import (
	"testing"
	"time"
	"unsafe"
)

// TestRound: a round waits for messages that are being handled, but only if it is long, and only for a part of it.
func TestRound(t *testing.T) {
	for _, test := range []struct {
		name   string
		acting int
		pace   time.Duration
		held   bool
	}{
		{"nobody acts", 0, time.Second, false},
		{"too short to be worth it", 1, leastHeld * heldShare / 2, false},
		{"long", 1, time.Hour, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := newLoop(&loops{server: New(Options{})})
			if err != nil {
				t.Fatal(err)
			}
			defer l.close()
			p := &polled{loop: l, dirty: true}
			l.acting, l.pace, l.round = test.acting, test.pace, []*polled{p}
			since := l.write(time.Time{})
			if since.IsZero() == test.held || p.dirty != test.held {
				t.Errorf("held since %v, written %t; want it held %t", since, !p.dirty, test.held)
			}
			if test.held {
				if l.write(since.Add(-test.pace)); p.dirty {
					t.Error("held for more than its part")
				}
			}
		})
	}
}

// TestIdleConnectionIsSmall: nothing else is held for each of ten thousand that say nothing. Go hands out memory in
// certain sizes, of which 224 is one; whoever needs a field for a moment only puts it into action, end or queue.
func TestIdleConnectionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(polled{}); size > 224 {
		t.Errorf("a connection takes %d bytes; want at most 224", size)
	}
}
