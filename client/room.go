package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"parley/protocol"
)

// Start is where in a room's log a client begins. The zero value is Now.
type Start struct {
	recent bool
	known  bool
	at     Position
}

// Now begins with what is said from now on.
func Now() Start { return Start{} }

// Recent begins with the newest messages that are there, at most 40.
func Recent() Start { return Start{recent: true} }

// After begins behind a position that was kept. Where the log cannot be continued
// there, the first entry is of KindGap.
func After(p Position) Start { return Start{known: true, at: p} }

// Position is a place in a room's log: everything up to Seq.
type Position struct {
	Epoch string // empty: of whatever log there is
	Seq   uint64
}

// Room is one room as this Client sees it, until Leave or the Client's Close.
type Room struct {
	c    *Client
	name string

	// Everything below belongs to the Client's mu.
	start   Start
	log     log
	joining int // Joins that wait
	joined  bool
	stopped error // why it yields nothing more

	queue  []Entry // for Entries
	queued int     // bytes in queue
	full   bool    // something was left out of queue: it is asked for when there is space
	taken  Position
	ready  chan struct{} // has room for one: there is something in queue, or an end

	outbox  outbox
	catchUp catchUp
	typedAt time.Time
}

// Join enters a room, and enters it again after each reconnect. It returns when
// the room is entered; or the server's refusal, or what ctx ends with, and then
// the room is left alone. To join a room that was joined returns that.
func (c *Client) Join(ctx context.Context, name string, start Start) (*Room, error) {
	if bad := protocol.CheckRoom(name); bad != nil {
		return nil, bad
	}
	c.mu.Lock()
	if c.state == Stopped {
		defer c.mu.Unlock()
		return nil, c.reason
	}
	r := c.rooms[name]
	if r == nil || r.stopped != nil {
		r = &Room{c: c, name: name, start: start, ready: make(chan struct{}, 1)}
		r.outbox = outbox{r: r}
		r.catchUp = catchUp{r: r}
		if start.known {
			r.log = log{known: true, epoch: start.at.Epoch, to: start.at.Seq, head: start.at.Seq}
			r.taken = start.at
		}
		c.rooms[name] = r
		r.outbox.restore()
		if c.conn != nil {
			c.conn.enter(r)
		}
	}
	r.joining++
	c.mu.Unlock()
	err := c.until(ctx, func() (bool, error) { return r.joined, r.stopped })
	c.mu.Lock()
	defer c.mu.Unlock()
	r.joining--
	if err != nil {
		if !r.joined && r.joining == 0 && c.rooms[name] == r {
			delete(c.rooms, name)
			r.outbox.giveBack()
			r.stop(err)
		}
		return nil, fmt.Errorf("join %s: %w", name, err)
	}
	return r, nil
}

// Name is the room's name.
func (r *Room) Name() string { return r.name }

// Head is the sequence of the newest entry that was heard of.
func (r *Room) Head() uint64 {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return r.log.head
}

// Behind tells whether there are entries that Next has not yielded yet.
func (r *Room) Behind() bool {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return len(r.queue) > 0 || r.log.behind()
}

// Position is up to where Next has yielded everything. Kept together with what
// was done about it, After continues there in another process.
func (r *Room) Position() Position {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if len(r.queue) == 0 && !r.full {
		return Position{r.log.epoch, r.log.to}
	}
	return r.taken
}

// Next returns the next entry of the log. It waits until there is one, ctx ends,
// or the room does.
func (r *Room) Next(ctx context.Context) (Entry, error) {
	for {
		r.c.mu.Lock()
		e, there := r.pop()
		err := r.stopped
		more := len(r.queue) > 0 || err != nil
		r.c.mu.Unlock()
		if more {
			r.signal()
		}
		switch {
		case there:
			return e, nil
		case err != nil:
			return Entry{}, err
		}
		select {
		case <-r.ready:
		case <-ctx.Done():
			return Entry{}, context.Cause(ctx)
		}
	}
}

// Entries is Next for a range statement. The error is the last it yields.
func (r *Room) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			e, err := r.Next(ctx)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Send says something and returns its sequence when it is durable. The text may
// have 8,000 code points. The end of ctx ends the waiting, not the message: that
// stays in the outbox and goes when it can. A *protocol.Error says that it was
// not said; ErrBroke, ErrUnanswered and ErrClosed, that there is no telling.
func (r *Room) Send(ctx context.Context, text string) (seq uint64, err error) {
	p, err := r.Post(text)
	if err != nil {
		return 0, err
	}
	return p.Wait(ctx)
}

// Edit gives an own message another text, and returns the edit's sequence when
// it is durable.
func (r *Room) Edit(ctx context.Context, target uint64, text string) (seq uint64, err error) {
	text, err = r.check(text)
	if err != nil {
		return 0, err
	}
	answer, err := r.c.doWhere(ctx, r, nil, func() fields {
		return fields{"type": "edit", "room": r.name, "target": target, "text": text}
	})
	if e, ok := answer.(*protocol.Edited); ok {
		return e.Seq, nil
	}
	return 0, err
}

// Delete takes an own message's text away for good, and returns the delete's
// sequence when it is durable.
func (r *Room) Delete(ctx context.Context, target uint64) (seq uint64, err error) {
	match := func(event any) bool { // the first delete of a message answers the second, whatever its id
		d, ok := event.(*protocol.Deleted)
		return ok && d.Room == r.name && d.Target == target
	}
	answer, err := r.c.doWhere(ctx, r, match, func() fields {
		return fields{"type": "delete", "room": r.name, "target": target}
	})
	if d, ok := answer.(*protocol.Deleted); ok {
		return d.Seq, nil
	}
	return 0, err
}

// History reads the newest entries below a sequence, oldest first, as they are
// now: at most limit, 1 to 100, and as many as fit into a frame. More tells
// whether there are older ones.
func (r *Room) History(ctx context.Context, before uint64, limit int) (entries []Entry, more bool, err error) {
	answer, err := r.c.doWhere(ctx, r, nil, func() fields {
		return fields{"type": "history", "room": r.name, "before": before, "limit": limit}
	})
	if h, ok := answer.(*protocol.History); ok {
		return ofPage(&h.Page), h.More, nil
	}
	return nil, false, err
}

// Typing tells the room that one is writing, at most every 3 seconds; the others
// forget it after 6.
func (r *Room) Typing() {
	const every = 3 * time.Second
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if k := r.c.conn; k != nil && k.open(r) && time.Since(r.typedAt) >= every {
		r.typedAt = time.Now()
		k.send(encode(fields{"type": "typing", "room": r.name}))
	}
}

// Leave leaves the room for good. What was not acknowledged is given up, also by
// the Outbox. A connection that is lost meanwhile has left it, too: the next one
// does not enter it.
func (r *Room) Leave(ctx context.Context) error {
	c := r.c
	c.mu.Lock()
	k := c.conn
	if c.rooms[r.name] != r {
		k = nil
	} else {
		delete(c.rooms, r.name)
	}
	r.outbox.giveUp()
	r.stop(fmt.Errorf("room %s was left", r.name))
	c.mu.Unlock()
	if k == nil {
		return nil
	}
	id := c.nextID()
	answer, err := k.ask(ctx, id, encode(fields{"type": "leave", "id": id, "room": r.name}), nil)
	if refusal, refused := answer.(*protocol.Error); refused {
		return refusal
	}
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// What follows is called with mu held.

// position is where this client is, as fields of an action.
func (r *Room) position() fields {
	p := fields{"room": r.name}
	if r.log.known {
		p["after"] = r.log.to
		if r.log.epoch != "" {
			p["epoch"] = r.log.epoch
		}
	}
	return p
}

// entered takes the page of a joined.
func (r *Room) entered(p *protocol.Page) {
	if !r.joined && !r.start.known && !r.start.recent { // Now: what is there was there before
		r.acknowledge(p)
		r.log = log{known: true, epoch: p.Epoch, to: p.To, head: max(p.Head, p.To)}
		r.taken = Position{p.Epoch, p.To}
	} else {
		r.take(p)
	}
	r.joined = true
}

// take hands on what is new in a page.
func (r *Room) take(p *protocol.Page) {
	if r.log.epoch == "" && r.log.known { // a position of whatever log there is
		r.log.epoch = p.Epoch
	}
	if !r.log.known {
		r.taken = Position{p.Epoch, p.From - 1}
	}
	r.acknowledge(p)
	r.log.take(p, r.put)
	r.catchUp.look()
}

// acknowledge finds own messages in a page.
func (r *Room) acknowledge(p *protocol.Page) {
	for _, m := range p.Messages {
		if m.Person == r.c.you.ID {
			r.outbox.came(m.ID, m.Seq)
		}
	}
}

// live takes an entry that came by itself.
func (r *Room) live(e Entry) {
	r.log.hold(e)
	r.log.drain(r.put)
	r.catchUp.look()
}

// put adds to the queue, if there is space.
func (r *Room) put(e Entry) bool {
	if r.full || len(r.queue) > 0 && r.queued+e.size() > r.c.options.Buffer {
		r.full = true
		return false
	}
	r.queue = append(r.queue, e)
	r.queued += e.size()
	r.signal()
	return true
}

// pop takes from the queue. Once half of it is free, what was left out is asked for.
func (r *Room) pop() (Entry, bool) {
	if len(r.queue) == 0 {
		return Entry{}, false
	}
	e := r.queue[0]
	r.queue[0] = Entry{} // it is not kept alive by the array behind
	r.queue = r.queue[1:]
	r.queued -= e.size()
	r.taken = Position{e.Epoch, e.Seq}
	if r.full && r.queued <= r.c.options.Buffer/2 {
		r.full = false
		r.log.drain(r.put)
		r.catchUp.now()
	}
	return e, true
}

func (r *Room) signal() {
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// stop ends the room for a reason.
func (r *Room) stop(reason error) {
	if r.stopped != nil {
		return
	}
	r.stopped = reason
	r.catchUp.stop()
	r.outbox.stop(reason)
	r.signal()
}
