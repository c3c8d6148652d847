package chat

import (
	"sync"
	"time"

	"parley/protocol"
)

// Rate bounds what one connection may do. Times are measured by the monotonic
// clock where Options.Now has one.
type Rate struct {
	Messages      float64 // messages, edits, deletes and renames a second, in the long run; default 5
	MessageBurst  float64 // at once; default 10
	Actions       float64 // other actions a second; default 10
	ActionBurst   float64 // at once; default 40: a page that joins its rooms
	RefusalsToEnd int     // refusals after which the connection is closed; default 50
}

func (r Rate) withDefaults() Rate {
	if r.Messages == 0 {
		r.Messages = 5
	}
	if r.MessageBurst == 0 {
		r.MessageBurst = 10
	}
	if r.Actions == 0 {
		r.Actions = 10
	}
	if r.ActionBurst == 0 {
		r.ActionBurst = 40
	}
	if r.RefusalsToEnd == 0 {
		r.RefusalsToEnd = 50
	}
	return r
}

// limiter has a pair of token buckets for each connection that has acted of
// late: one is forgotten when it ends, and where nobody tells that it did (on
// AWS another process hears of it) once its buckets have filled up again.
type limiter struct {
	rate  Rate
	mu    sync.Mutex
	of    map[ConnectionID]*buckets
	prune int // size of the map at which those that are full are looked for
}

type buckets struct {
	messages, actions bucket
	refusals          int // less one for each action that was allowed
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(r Rate) *limiter {
	return &limiter{rate: r.withDefaults(), of: map[ConnectionID]*buckets{}, prune: leastToPrune}
}

// leastToPrune is how many connections a limiter knows before it looks whom it
// could forget. The bound doubles with those it could not, so that the cost of
// looking stays a constant for each connection.
const leastToPrune = 1024

// forgetFull forgets connections that would be allowed what a new one is.
func (l *limiter) forgetFull(now time.Time) {
	for id, b := range l.of {
		if b.messages.full(l.rate.Messages, l.rate.MessageBurst, now) && b.actions.full(l.rate.Actions, l.rate.ActionBurst, now) {
			delete(l.of, id)
		}
	}
	l.prune = max(leastToPrune, 2*len(l.of))
}

// take allows an action, or says when to come again. A nil action is a frame
// that could not be read; it counts like any other.
func (l *limiter) take(id ConnectionID, action protocol.Action, now time.Time) *protocol.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of[id]
	if b == nil {
		if len(l.of) >= l.prune {
			l.forgetFull(now)
		}
		b = &buckets{messages: bucket{l.rate.MessageBurst, now}, actions: bucket{l.rate.ActionBurst, now}}
		l.of[id] = b
	}
	var wait time.Duration
	switch action.(type) {
	case *protocol.Message, *protocol.Edit, *protocol.Delete, *protocol.Rename: // all are told to whole rooms
		wait = b.messages.take(l.rate.Messages, l.rate.MessageBurst, now)
	default:
		wait = b.actions.take(l.rate.Actions, l.rate.ActionBurst, now)
	}
	if wait == 0 {
		b.refusals = max(0, b.refusals-1)
		return nil
	}
	if b.refusals++; b.refusals >= l.rate.RefusalsToEnd {
		return protocol.Errorf(protocol.TooFast, "This connection was told to slow down and did not. It is closed.")
	}
	seconds := int64((wait + time.Second - 1) / time.Second)
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	return protocol.Errorf(protocol.TooFast, "That was quick. Try again in %d %s.", seconds, unit).Retriable(wait.Milliseconds() + 1)
}

// take takes one token, or returns how long it is until there is one.
func (b *bucket) take(rate, burst float64, now time.Time) time.Duration {
	b.tokens = min(burst, b.tokens+rate*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / rate * float64(time.Second))
}

// full tells whether the bucket holds what it can.
func (b *bucket) full(rate, burst float64, now time.Time) bool {
	return b.tokens+rate*now.Sub(b.at).Seconds() >= burst
}

func (l *limiter) forget(id ConnectionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, id)
}
