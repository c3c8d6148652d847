package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"parley/protocol"
)

const (
	copyWithin   = 10 * time.Second // until it is sent again on the same connection
	mostSends    = 4                // without any answer on one connection
	mostDrops    = 2                // connections lost while it was under way
	mostPending  = 1000             // in one room
	longestRetry = time.Minute      // whatever an error says
)

// Item is a message that was not acknowledged, as an Outbox keeps it.
type Item struct {
	ID   string `json:"id"` // the client's id: sent again under it, it is no second message
	Room string `json:"room"`
	Text string `json:"text"`
}

// Outbox keeps what was not acknowledged. Add and Remove may be called at once.
type Outbox interface {
	// Load returns what was added and not removed, in that order.
	Load() ([]Item, error)

	// Add keeps an item. When it returns, the item outlives the process.
	Add(Item) error

	// Remove forgets an item, which may be gone already.
	Remove(id string) error
}

// Pending is a message on its way.
type Pending struct {
	Item

	r        *Room
	inFlight bool // sent on this connection, not come back
	sent     bool // on whichever; also by an earlier process, perhaps
	waits    bool // for the time that an error told
	sends    int  // on this connection
	drops    int
	done     chan struct{} // closed when seq or err is final
	seq      uint64
	err      error
}

// Wait returns the message's sequence when it is durable, why it failed, or what
// ctx ends with. A message that has failed is not sent again by itself.
func (p *Pending) Wait(ctx context.Context) (seq uint64, err error) {
	select {
	case <-p.done: // also where ctx has ended
		return p.seq, p.err
	default:
	}
	select {
	case <-p.done:
		return p.seq, p.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// Post puts a message into the outbox, from where it goes when it can. ErrBusy:
// 1,000 are waiting there. A text that is too long is refused at once.
func (r *Room) Post(text string) (*Pending, error) {
	text, err := r.check(text)
	if err != nil {
		return nil, err
	}
	c := r.c
	c.posting.Lock()
	defer c.posting.Unlock()
	p := &Pending{Item: Item{ID: c.nextID(), Room: r.name, Text: text}, r: r, done: make(chan struct{})}
	c.mu.Lock()
	err = r.stopped
	if err == nil && len(r.outbox.items) >= mostPending {
		err = ErrBusy
	}
	if err == nil && c.conn != nil && c.you.Name == "" {
		err = protocol.Errorf(protocol.NameFirst, "Take a name first.")
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if c.options.Outbox != nil {
		if err := c.options.Outbox.Add(p.Item); err != nil {
			return nil, fmt.Errorf("keep a message to send: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.stopped != nil { // since it was looked at
		if keep := c.options.Outbox; keep != nil {
			return nil, errors.Join(r.stopped, keep.Remove(p.ID))
		}
		return nil, r.stopped
	}
	r.outbox.items = append(r.outbox.items, p)
	r.outbox.pump()
	return p, nil
}

// Unsent are the messages that are on their way, in their order: also those of
// an earlier process that the Outbox has kept.
func (r *Room) Unsent() []*Pending {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return append([]*Pending(nil), r.outbox.items...)
}

// check returns a text as it is sent, or why it cannot be.
func (r *Room) check(text string) (string, error) {
	r.c.mu.Lock()
	limits := r.c.limits
	r.c.mu.Unlock()
	text = strings.ToValidUTF8(text, "\uFFFD")
	if n := utf8.RuneCountInString(text); n > limits.Text {
		return "", protocol.Errorf(protocol.TooLarge, "A message may have %d characters; this one has %d.", limits.Text, n)
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil || len(quoted) > limits.TextBytes {
		return "", protocol.Errorf(protocol.TooLarge, "A message may have %d bytes as JSON; this one has %d. Send it in parts.", limits.TextBytes, len(quoted))
	}
	return text, nil
}

// outbox sends what was posted in one room: one at a time, so that the log has
// them in their order, and again under the same id until its own copy has come.
// Its methods are called with mu held.
type outbox struct {
	r     *Room
	items []*Pending
	alarm alarm // for the first of items: it is sent again, or may go
}

// restore takes what an earlier process has left.
func (o *outbox) restore() {
	var others []Item
	for _, item := range o.r.c.restored {
		if item.Room == o.r.name {
			o.items = append(o.items, &Pending{Item: item, r: o.r, sent: true, done: make(chan struct{})})
		} else {
			others = append(others, item)
		}
	}
	o.r.c.restored = others
}

// pump sends the first one if it may go now.
func (o *outbox) pump() {
	c := o.r.c
	if len(o.items) == 0 || c.conn == nil || !c.conn.open(o.r) || c.you.Name == "" {
		return
	}
	p := o.items[0]
	if p.inFlight || p.waits {
		return
	}
	p.inFlight, p.sent = true, true
	p.sends++
	c.conn.send(encode(fields{"type": "message", "id": p.ID, "room": p.Room, "text": p.Text}))
	o.again(p, copyWithin)
}

// again sends the one under way once more after a while.
func (o *outbox) again(p *Pending, wait time.Duration) {
	o.alarm.set(o.r.c, wait, func() {
		p.inFlight = false
		if c := o.r.c; c.conn != nil { // a network that died without a word is found out
			k := c.conn
			c.running.Go(func() { c.pulse(k) })
		}
		if p.sends >= mostSends {
			o.settle(p, 0, ErrUnanswered)
		}
		o.pump()
	})
}

// came is told that a message's own copy came back: it is durable.
func (o *outbox) came(id string, seq uint64) {
	if p := o.find(id); p != nil {
		o.settle(p, seq, nil)
		o.pump()
	}
}

// refused tells whether an error is about one of these messages, and obeys it.
func (o *outbox) refused(k *connection, e *protocol.Error) bool {
	p := o.find(e.ID)
	switch {
	case p == nil:
		return false
	case !p.inFlight || k != o.r.c.conn:
	case e.Code == protocol.NotInRoom: // this connection's membership was lost
		p.inFlight = false
		o.alarm.stop()
		k.enter(o.r)
	case e.Retry:
		p.inFlight, p.waits, p.sends = false, true, 0
		o.alarm.set(o.r.c, min(after(e, againAfter), longestRetry), func() {
			p.waits = false
			o.pump()
		})
	default:
		o.settle(p, 0, e)
		o.pump()
	}
	return true
}

// doubt is called where some action failed, perhaps this one: it is sent again sooner.
func (o *outbox) doubt() {
	if len(o.items) > 0 && o.items[0].inFlight {
		o.again(o.items[0], againAfter)
	}
}

// blame is how far the message under way may be at fault for a connection's end.
type blame int

const (
	innocent blame = iota
	suspect
	guilty
)

// lost is called when the connection is gone, or another one takes its place.
func (o *outbox) lost(b blame, err error) {
	o.alarm.stop()
	if len(o.items) == 0 {
		return
	}
	p := o.items[0]
	flew := p.inFlight
	p.inFlight, p.waits, p.sends = false, false, 0
	if flew && b != innocent {
		p.drops++
		switch {
		case b == guilty:
			o.settle(p, 0, err)
		case p.drops >= mostDrops:
			o.settle(p, 0, ErrBroke)
		}
	}
	o.pump()
}

// giveBack keeps what an earlier process has left for the next Join of the room.
// Nobody has seen the room that has it, and nothing was sent.
func (o *outbox) giveBack() {
	for _, p := range o.items {
		o.r.c.restored = append(o.r.c.restored, p.Item)
	}
	o.items = nil
}

// giveUp takes everything out of the Outbox, if there is one.
func (o *outbox) giveUp() {
	if keep := o.r.c.options.Outbox; keep != nil {
		for _, p := range o.items {
			o.r.c.courier.do(func() error { return keep.Remove(p.ID) })
		}
	}
}

// stop ends the waiting for everything, which stays in the Outbox if there is
// one. Of what was sent nobody can tell whether it was said, whatever the reason.
func (o *outbox) stop(reason error) {
	o.alarm.stop()
	for _, p := range o.items {
		if p.err = reason; p.sent && !errors.Is(reason, ErrClosed) {
			p.err = fmt.Errorf("%w; then: %w", ErrUnanswered, reason)
		}
		close(p.done)
	}
	o.items = nil
}

// settle is the end of one: durable at seq, or failed.
func (o *outbox) settle(p *Pending, seq uint64, err error) {
	for i, other := range o.items {
		if other != p {
			continue
		}
		if i == 0 {
			o.alarm.stop()
		}
		o.items = append(o.items[:i:i], o.items[i+1:]...)
		p.seq, p.err = seq, err
		if keep := o.r.c.options.Outbox; keep != nil {
			o.r.c.courier.do(func() error { return keep.Remove(p.ID) })
		}
		close(p.done)
		return
	}
}

func (o *outbox) find(id string) *Pending {
	for _, p := range o.items {
		if p.ID == id && id != "" {
			return p
		}
	}
	return nil
}
