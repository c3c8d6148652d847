package functions

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"parley/chat"
)

// batch is one Post or Close: the same calls for each of many connections.
type batch struct {
	poster *Poster
	calls  []call // without path
	bodies [][]byte
	of     []recipient
}

// recipient is how far one connection has got.
type recipient struct {
	id      chat.ConnectionID
	next    int // the first call that was not done
	outcome outcome
	detail  string // of refused and unreached: for the operator, one line
}

// send makes all calls for each recipient, and what failed for a reason that may
// pass once more at the end. A recipient holds up only itself.
func (p *Poster) send(ctx context.Context, calls []call, bodies [][]byte, to []chat.ConnectionID) *batch {
	p.thaw()
	b := &batch{poster: p, calls: calls, bodies: bodies, of: make([]recipient, len(to))}
	all := make([]*recipient, len(to))
	for i, id := range to {
		b.of[i] = recipient{id: id, outcome: waiting}
		all[i] = &b.of[i]
	}
	b.pass(ctx, all)
	var again []*recipient
	for _, r := range all {
		if r.outcome.mayPass() {
			again = append(again, r)
		}
	}
	if len(again) > 0 && b.pause(ctx) {
		b.pass(ctx, again)
	}
	return b
}

// Each connection to the endpoint costs about 0.5 ms of CPU for its handshake, as
// much as fifteen posts, and a quiet chat's function is mostly cold. So a pass
// begins with fewer than Width where there is not enough to post on each, and
// becomes wider while some recipients keep theirs waiting.
// See BenchmarkFirstBroadcast.
const (
	atLeast    = 25 // posts at once, where there are as many recipients
	perWorker  = 8  // recipients for each post at once
	widenEvery = 250 * time.Millisecond
)

// pass serves the recipients, and returns when each has been, or the context has
// ended.
func (b *batch) pass(ctx context.Context, all []*recipient) {
	var next, served atomic.Int64
	var workers sync.WaitGroup
	finished := make(chan struct{})
	worker := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(all) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case b.poster.slots <- struct{}{}:
			}
			b.serve(ctx, all[i])
			<-b.poster.slots
			if int(served.Add(1)) == len(all) {
				close(finished)
			}
		}
	}
	width := min(max(len(all)/perWorker, atLeast), len(all), cap(b.poster.slots))
	for range width {
		workers.Go(worker)
	}
	wider := time.NewTicker(widenEvery)
	defer wider.Stop()
	for ended := false; !ended; {
		select {
		case <-finished:
			ended = true
		case <-ctx.Done():
			ended = true
		case <-wider.C:
			more := min(atLeast, len(all)-int(next.Load()), cap(b.poster.slots)-width)
			for range max(more, 0) {
				workers.Go(worker)
				width++
			}
		}
	}
	workers.Wait()
}

// serve makes one recipient's calls, one after the other. It stops at the first
// that fails: what follows would arrive out of order.
func (b *batch) serve(ctx context.Context, r *recipient) {
	for r.next < len(b.calls) {
		r.outcome, r.detail = b.poster.one(ctx, b.calls[r.next], b.bodies[r.next], r.id)
		if r.outcome != done {
			return
		}
		r.next++
	}
}

// pause waits from half to one and a half times Pause, so that functions which
// were throttled together do not come again together. It tells whether there is
// time for more.
func (b *batch) pause(ctx context.Context) bool {
	pause := b.poster.options.Pause
	timer := time.NewTimer(pause/2 + rand.N(pause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (b *batch) gone() (ids []chat.ConnectionID) {
	for i := range b.of {
		if b.of[i].outcome == isGone {
			ids = append(ids, b.of[i].id)
		}
	}
	return ids
}

func (b *batch) counts() (n [outcomes]int) {
	for i := range b.of {
		n[b.of[i].outcome]++
	}
	return n
}

// refusal says once for the whole batch that the endpoint refuses us, or that
// nobody could be reached.
func (b *batch) refusal() error {
	n := b.counts()
	kind := refused
	if n[refused] == 0 {
		if n[unreached] < len(b.of) {
			return nil
		}
		kind = unreached
	}
	for i := range b.of {
		if b.of[i].outcome == kind {
			return fmt.Errorf("%d of %d calls of @connections: %s", n[kind], len(b.of), b.of[i].detail)
		}
	}
	return nil
}
