package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

const (
	leastWait   = 100 * time.Millisecond // so that a server which says 1 is not asked a thousand times a second
	longestWait = 24 * time.Hour         // whatever an error says

	pulseEvery  = 4 * time.Minute  // API Gateway closes after 10 minutes of silence
	enterWithin = 20 * time.Second // all rooms, before a next connection replaces the present one
	renewAgain  = time.Minute      // after a next connection could not be had
)

// finalCloses are those after which a client does not come back by itself.
var finalCloses = []websocket.StatusCode{protocol.ClosePolicy, protocol.CloseSignedOut, protocol.CloseBanned}

// blamedCloses are those that the message under way may have caused.
var blamedCloses = []websocket.StatusCode{protocol.ClosePolicy, protocol.CloseTooBig}

// live connects, stays connected and connects again, until the Client stops.
func (c *Client) live() {
	var tries backoff
	for {
		k, err := c.open(c.ctx)
		e := end{code: -1, err: err}
		if err == nil {
			e = c.stay(k)
			tries.ended(e.online)
		} else if k != nil {
			e = k.end
		}
		wait, final := verdict(e, &tries)
		c.mu.Lock()
		c.failure = e.why()
		if final == nil {
			c.be(Waiting)
		}
		c.tell()
		c.mu.Unlock()
		if final != nil {
			c.stop(final)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.wake:
			timer.Stop()
		case <-c.ctx.Done():
			timer.Stop()
			return
		}
		c.mu.Lock()
		stopped := c.state == Stopped
		if !stopped {
			c.be(Connecting)
		}
		c.mu.Unlock()
		if stopped {
			return
		}
	}
}

// verdict says how long to stay away, or why for ever. What the server has said
// counts, and the close code only where it said nothing.
func verdict(e end, tries *backoff) (wait time.Duration, final error) {
	switch p := e.parting; {
	case errors.Is(e.err, ErrNotParley):
		return 0, e.err
	case p != nil && p.After > 0:
		return min(max(after(p, 0), leastWait), longestWait), nil
	case p != nil && !p.Retry:
		return 0, p
	case p == nil && slices.Contains(finalCloses, e.code):
		return 0, e.err
	}
	return tries.next(), nil
}

// why is how it ended, for a person.
func (e end) why() error {
	if e.parting != nil {
		return e.parting
	}
	return e.err
}

// open makes a connection and waits for its welcome. With an error there may be
// a connection, which tells how it ended.
func (c *Client) open(ctx context.Context) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	address, err := socketOf(ctx, c.options.HTTP, c.options.URL)
	if err != nil {
		return nil, err
	}
	ws, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: c.options.HTTP, Subprotocols: []string{protocol.Subprotocol},
	})
	if err != nil {
		return nil, plainly(err)
	}
	if ws.Subprotocol() != protocol.Subprotocol {
		ws.CloseNow()
		return nil, ErrNotParley
	}
	ws.SetReadLimit(2 * protocol.MaxFrameBytes)
	k := &connection{
		c: c, ws: ws, done: make(chan struct{}), ready: make(chan struct{}, 1),
		greeted: make(chan struct{}), complete: make(chan struct{}),
		gates: map[string]*gate{}, asks: map[string]*question{},
	}
	c.mu.Lock()
	if reason := c.reason; c.state == Stopped {
		c.mu.Unlock()
		ws.CloseNow()
		return nil, reason
	}
	c.running.Go(k.run)
	c.greet(k, hello{name: true, rooms: true, link: true})
	c.mu.Unlock()
	timer := time.NewTimer(welcomeWithin)
	defer timer.Stop()
	select {
	case <-k.greeted:
		return k, nil
	case <-timer.C:
		k.drop(ErrUnanswered)
	case <-c.ctx.Done():
		k.drop(ErrClosed)
	case <-k.done:
	}
	return k, k.end.why()
}

// opened is what became of a next connection.
type opened struct {
	k   *connection
	err error
}

// stay keeps connections until there is none. Before the server ends one for its
// age, the next one is opened and enters all rooms; only then is it used, and the
// old one closed.
func (c *Client) stay(k *connection) end {
	renew := time.NewTimer(c.renewIn())
	defer renew.Stop()
	pulse := time.NewTicker(pulseEvery)
	defer pulse.Stop()
	var (
		opening  chan opened
		next     *connection
		complete chan struct{}
		patience <-chan time.Time
	)
	replace := func() {
		old := k
		c.promote(next)
		c.running.Go(old.goodbye)
		k, next, complete, patience = next, nil, nil, nil
		renew.Reset(c.renewIn())
	}
	for {
		select {
		case <-c.ctx.Done():
			if next != nil {
				next.goodbye()
			}
			k.goodbye()
			if opening != nil {
				if o := <-opening; o.err == nil {
					o.k.goodbye()
				}
			}
			return k.end
		case <-k.done:
			if opening != nil {
				if o := <-opening; o.err == nil {
					next = o.k
				}
				opening = nil
			}
			if next == nil {
				return k.end
			}
			replace()
		case <-renew.C:
			opening = make(chan opened, 1)
			c.running.Go(func() {
				n, err := c.open(c.ctx)
				opening <- opened{n, err}
			})
		case o := <-opening:
			opening = nil
			if o.err != nil {
				renew.Reset(renewAgain)
				break
			}
			next, complete, patience = o.k, o.k.complete, time.After(enterWithin)
		case <-complete:
			replace()
		case <-patience:
			next.goodbye()
			next, complete, patience = nil, nil, nil
			renew.Reset(renewAgain)
		case <-pulse.C:
			c.running.Go(func() { c.pulse(k) })
		case <-c.wake:
			c.running.Go(func() { c.pulse(k) })
		}
	}
}

// renewIn spreads what thousands of clients that came together do.
func (c *Client) renewIn() time.Duration {
	return c.options.Renew - rand.N(c.options.Renew/10+1)
}

// promote makes a connection the one that is spoken through. What was under way
// on another one is sent again, which does no harm.
func (c *Client) promote(k *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.end.ended {
		return // its done is next
	}
	c.conn = k
	c.be(Online)
	c.tell()
	for _, r := range c.rooms {
		r.outbox.lost(innocent, nil)
		r.catchUp.look()
	}
}

// ended notes that a connection is no more. Call it with mu held.
func (c *Client) ended(k *connection) {
	if c.conn != k {
		return
	}
	c.conn = nil
	c.be(Connecting)
	c.tell()
	blame, parting := suspect, k.end.parting
	switch {
	case slices.Contains(blamedCloses, k.end.code) || parting != nil && parting.Code == protocol.TooLarge:
		blame = guilty
	case c.state == Stopped || parting != nil && parting.After > 0:
		blame = innocent
	}
	for _, r := range c.rooms {
		r.log.forget()
		r.catchUp.stop()
		r.outbox.lost(blame, k.end.why())
	}
}

// pulse asks whether the connection lives, and whether a room's tail was lost.
func (c *Client) pulse(k *connection) {
	c.mu.Lock()
	positions := []fields{}
	for _, r := range c.rooms {
		if k.open(r) {
			positions = append(positions, r.position())
		}
	}
	c.mu.Unlock()
	id := c.nextID()
	ping := fields{"type": "ping", "id": id}
	if len(positions) > 0 {
		ping["rooms"] = positions
	}
	answer, err := k.ask(c.ctx, id, encode(ping), nil)
	if errors.Is(err, ErrUnanswered) {
		k.drop(fmt.Errorf("ping: %w", err))
	}
	pong, ok := answer.(*protocol.Pong)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, asked := range positions {
		r := c.rooms[asked["room"].(string)]
		if r == nil || !k.open(r) {
			continue
		}
		i := slices.IndexFunc(pong.Rooms, func(p protocol.RoomPosition) bool { return p.Room == r.name })
		if i < 0 || pong.Rooms[i].Epoch != r.log.epoch { // no member any more, or of another log
			k.enter(r)
			continue
		}
		r.log.head = max(r.log.head, pong.Rooms[i].Head)
		r.catchUp.look()
	}
}

// backoff is how long to wait before connecting again. Full jitter spreads the
// thousands that lost their server in the same moment.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
type backoff struct{ tries int }

const (
	leastBackoff = 500 * time.Millisecond
	mostBackoff  = 30 * time.Second
	stable       = time.Minute // online after which the tries are counted anew
)

// next is between 500 ms and a bound that doubles from 1 s to 30 s.
func (b *backoff) next() time.Duration {
	bound := min(mostBackoff, 2*leastBackoff<<min(b.tries, 10))
	b.tries++
	return leastBackoff + rand.N(bound-leastBackoff)
}

// ended notes how long a connection was online.
func (b *backoff) ended(online time.Duration) {
	if online >= stable {
		b.tries = 0
	}
}
