package chat

import (
	"context"
	"sync"
	"time"

	"parley/protocol"
)

// slowed is who is about to say something in a room in slow mode. Until it
// stands in the log, the log cannot keep the person's other tabs from the same.
type slowed struct {
	mu    sync.Mutex
	began time.Time
	of    accounts[bucket] // by room and person
}

// appending is how long an append may take in which no other tab speaks; after
// it the log knows. Where the append failed, it is for how long one has to wait.
const appending = 5 * time.Second

// nobodyElse takes a person's turn in a room in slow mode: of several tabs one
// gets it, over all processes where they have a Counter.
func (c *Chat) nobodyElse(ctx context.Context, room string, person PersonID, every int64) error {
	rate := protocol.Per(1, min(appending, time.Duration(every)*time.Millisecond), 1)
	key := "S#" + room + "#" + person
	wait := c.slowed.take(key, rate, c.now())
	if wait == 0 && c.Counter != nil {
		var err error
		if wait, err = c.Counter.Take(ctx, key, 1, rate); err != nil {
			c.logger.Warn("could not count what all processes let through", "error", err)
			return nil
		}
	}
	if wait == 0 {
		return nil
	}
	return waitFor(every)
}

// take takes the only one that a bucket has, or returns how long to wait for it.
func (s *slowed) take(key string, r protocol.Rate, at time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		s.began = at
	}
	now := at.Sub(s.began)
	b := s.of.get(key, now)
	wait := b.wait(r, 1, now)
	if wait == 0 {
		b.take(r, 1, now)
	}
	return wait
}
