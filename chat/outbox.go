package chat

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// A delivery is something for one room: entries to append and then tell, or an
// event that is only told.
type delivery struct {
	entries  []Entry
	from     ConnectionID // who sends the entries
	plain    bool         // it came without the sub-protocol
	appended []Appended   // what became of the entries; nil where that failed

	event    []byte       // told as it is, where there are no entries
	audience Audience     // of event
	except   ConnectionID // not told the event; empty: nobody is left out

	done chan struct{} // closed when appended, posted, and err is set; nil: nobody waits for it
	err  error
}

// A fanOutError says that entries are durable but may not have reached everybody.
type fanOutError struct{ err error }

func (e *fanOutError) Error() string { return "fan-out: " + e.err.Error() }
func (e *fanOutError) Unwrap() error { return e.err }

// An outbox puts the deliveries of one room into one order. Whoever finds it
// idle works it off; others leave theirs and wait. So what comes while one
// append and post is under way goes into the next one together. It is bounded
// by the connections that wait in it, each with what one OnAction was given.
type outbox struct {
	mu      sync.Mutex
	waiting []*delivery
	busy    bool
	users   int // guarded by outboxes.mu
}

// outboxes are those of rooms in which something is under way.
type outboxes struct {
	mu   sync.Mutex
	room map[string]*outbox
}

func (o *outboxes) enter(room string) *outbox {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.room == nil {
		o.room = map[string]*outbox{}
	}
	b := o.room[room]
	if b == nil {
		b = &outbox{}
		o.room[room] = b
	}
	b.users++
	return b
}

func (o *outboxes) exit(room string, b *outbox) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b.users--; b.users == 0 {
		delete(o.room, room)
	}
}

// maxRound bounds the entries of one append, so that one commit, and one
// connection's share of a post, stay small.
const maxRound = 256

// deliver appends and tells one delivery, in order with all others of the room,
// and returns when that is done.
func (c *Chat) deliver(ctx context.Context, room string, d *delivery) error {
	b := c.outboxes.enter(room)
	b.mu.Lock()
	b.waiting = append(b.waiting, d)
	if b.busy {
		d.done = make(chan struct{})
		b.mu.Unlock()
		<-d.done // whoever is busy has it; there is no way out before it is known whether it was appended
		c.outboxes.exit(room, b)
		return d.err
	}
	b.busy = true
	b.mu.Unlock()

	idle, gone := c.round(ctx, room, b)
	if idle {
		c.outboxes.exit(room, b)
	} else { // others came meanwhile; their work must not hold up this connection
		c.work.Go(func() { c.workOff(context.WithoutCancel(ctx), room, b) })
	}
	c.forget(ctx, room, gone)
	return d.err
}

// workOff does rounds until the outbox is idle. Who is gone is forgotten beside
// it, one lot at a time: under load it may be long until it is idle.
func (c *Chat) workOff(ctx context.Context, room string, b *outbox) {
	var forgetting chan struct{} // closed when the present lot is forgotten; nil: none
	for idle := false; !idle; {
		var gone []ConnectionID
		idle, gone = c.round(ctx, room, b)
		if len(gone) == 0 {
			continue
		}
		if forgetting != nil {
			select {
			case <-forgetting:
			default: // those left out here turn up again with the next post
				continue
			}
		}
		done := make(chan struct{})
		forgetting = done
		c.work.Go(func() {
			defer close(done)
			c.forget(ctx, room, gone)
		})
	}
	c.outboxes.exit(room, b)
}

// round works off what waits, up to maxRound entries. It tells whether the
// outbox is idle now, and which connections are gone: whoever works here must
// not forget them before it is done, since that may tell the room they left.
func (c *Chat) round(ctx context.Context, room string, b *outbox) (idle bool, gone []ConnectionID) {
	b.mu.Lock()
	n, entries := 0, 0
	for n < len(b.waiting) && (n == 0 || entries+len(b.waiting[n].entries) <= maxRound) {
		entries += len(b.waiting[n].entries)
		n++
	}
	batch := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	if len(b.waiting) == 0 {
		b.waiting = nil
	}
	b.mu.Unlock()

	defer func() {
		if r := recover(); r != nil { // a bug costs this round its answers, not the room its life
			c.logger.Error("panic while telling a room", "room", room, "panic", r, "stack", string(debug.Stack()))
			for _, d := range batch {
				d.err = fmt.Errorf("panic: %v", r)
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.waiting) == 0 {
			b.busy = false
		}
		for _, d := range batch {
			if d.done != nil {
				close(d.done)
			}
		}
		idle = !b.busy
	}()
	return false, c.commit(ctx, room, batch, entries)
}

// commit appends a batch in one commit and posts it. It returns who is gone.
func (c *Chat) commit(ctx context.Context, room string, batch []*delivery, n int) (gone []ConnectionID) {
	entries := batch[0].entries
	if len(batch) > 1 {
		entries = make([]Entry, 0, n)
		for _, d := range batch {
			entries = append(entries, d.entries...)
		}
	}
	if n > 0 {
		appended, err := c.Log.Append(ctx, room, entries...)
		c.kept.drop(room) // even after an error: it may have been done
		for _, d := range batch {
			if len(d.entries) == 0 {
				continue
			}
			if d.err = err; err == nil {
				d.appended, appended = appended[:len(d.entries):len(d.entries)], appended[len(d.entries):]
			}
		}
	}
	p := posting{chat: c, room: room}
	for _, d := range batch {
		if len(d.entries) == 0 {
			p.post(ctx)
			var absent []ConnectionID
			absent, d.err = c.fanOut(ctx, room, d.audience, d.except, [][]byte{d.event})
			p.gone = append(p.gone, absent...)
			continue
		}
		for i, a := range d.appended {
			if refusal(d.entries[i], a) == nil { // else its sender is told, by its turn
				p.tell(ctx, d, d.entries[i], a)
			}
		}
	}
	p.post(ctx)
	for _, d := range batch {
		c.trimGrown(ctx, room, d.appended)
	}
	return p.gone
}

// fanOut posts frames to a room's connections, page by page, and returns those
// that are gone.
func (c *Chat) fanOut(ctx context.Context, room string, to Audience, except ConnectionID, frames [][]byte) (gone []ConnectionID, err error) {
	if p, ok := c.Poster.(RoomPoster); ok {
		if gone, err = p.PostRoom(ctx, room, to, except, frames); err != nil {
			err = fmt.Errorf("post to room %q: %w", room, err)
		}
		return gone, err
	}
	for page, err := range c.Members.InRoom(ctx, room, to) {
		if err != nil {
			return gone, fmt.Errorf("members of room %q: %w", room, err)
		}
		if except != "" {
			page = without(page, except)
		}
		absent, err := c.Poster.Post(ctx, frames, page)
		gone = append(gone, absent...)
		if err != nil {
			return gone, fmt.Errorf("post to room %q: %w", room, err)
		}
	}
	return gone, nil
}

// without copies a page, which belongs to the table, leaving one id out.
func without(page []ConnectionID, id ConnectionID) []ConnectionID {
	rest := make([]ConnectionID, 0, len(page))
	for _, p := range page {
		if p != id {
			rest = append(rest, p)
		}
	}
	return rest
}
