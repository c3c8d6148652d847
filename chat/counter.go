package chat

import (
	"context"
	"sync"
	"time"

	"parley/protocol"
)

// Counter is a token bucket that several processes share, in a home that has
// several: each one's own limiter sees only what comes by it.
type Counter interface {
	// Take takes n from the bucket of a key, or returns how long to wait until
	// there are so many. More than the bucket holds may be taken when it is full.
	Take(ctx context.Context, key string, n float64, r protocol.Rate) (wait time.Duration, err error)
}

// sharing keeps what a process let through by itself. A fifth of each rate it
// need not ask for: who talks as people do costs no call. What was let through so
// is counted with the first that is asked for.
type sharing struct {
	began time.Time
	mu    sync.Mutex
	of    accounts[unasked]
}

type unasked struct {
	own  bucket
	owed float64 // let through since the Counter was asked last
}

func (u unasked) full(now time.Duration) bool { return u.own.full(now) }

// unaskedPart is the part of a rate that each process lets through by itself.
const unaskedPart = 0.2

// takeShared takes one of what a key has in all processes together. Where the
// Counter fails, this process's own limits are what holds.
func (c *Chat) takeShared(ctx context.Context, key string, r protocol.Rate) (wait time.Duration) {
	if c.Counter == nil || c.limiter == nil || r.PerSecond < 0 {
		return 0
	}
	n, ask := c.sharing.owes(key, r, c.now())
	if !ask {
		return 0
	}
	wait, err := c.Counter.Take(ctx, key, n, r)
	if err != nil {
		c.logger.Warn("could not count what all processes let through", "error", err)
		return 0
	}
	if wait == 0 {
		c.sharing.paid(key, n-1, c.now())
	}
	return wait
}

// owes tells whether the Counter has to be asked, and for how many.
func (s *sharing) owes(key string, r protocol.Rate, at time.Time) (n float64, ask bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		s.began = at
	}
	now := at.Sub(s.began)
	u := s.of.get(key, now)
	if u.full(now) {
		u.owed = 0 // so slowly that the shared bucket has as much again
	}
	part := protocol.Rate{PerSecond: r.PerSecond * unaskedPart, Burst: max(1, r.Burst*unaskedPart)}
	if u.own.wait(part, 1, now) == 0 {
		u.own.take(part, 1, now)
		u.owed++
		return 0, false
	}
	return 1 + u.owed, true
}

func (s *sharing) paid(key string, owed float64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.of.get(key, at.Sub(s.began))
	u.owed = max(0, u.owed-owed)
}

// allProcesses tells whether all processes together let a person say something
// in a room, or when to come again.
func (t *turn) allProcesses(ctx context.Context, room string) (what string, wait time.Duration) {
	c := t.chat
	if c.Counter == nil || c.limiter == nil {
		return "", 0
	}
	if wait := c.takeShared(ctx, "P#"+who(t.conn), c.limiter.rates.Messages); wait > 0 {
		return "That was quick.", wait
	}
	return "Many are talking in this room.", c.takeShared(ctx, "R#"+room, c.limiter.rates.Room)
}

// mayConnectAgain is how often an address may connect to all processes together.
func (c *Chat) mayConnectAgain(ctx context.Context, key string) error {
	if key == "" || c.limiter == nil {
		return nil
	}
	if wait := c.takeShared(ctx, "A#"+key, c.limiter.rates.AddressConnects); wait > 0 {
		return &ErrRefused{429, "Too many connections came from this address. Try again in a minute."}
	}
	return nil
}
