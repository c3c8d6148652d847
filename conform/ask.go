package conform

import (
	"context"
	"time"

	"parley/protocol"
)

// ask sends an action, with a fresh id unless it has one, and returns its
// answer. It does as it is told by limits: too_fast and unavailable are waited
// out, as often as they come, and the same is sent again.
func ask[T any](ctx context.Context, c *conn, x expectation, a action) (*T, error) {
	e, err := c.answer(ctx, x, a)
	if err != nil {
		return nil, err
	}
	if b, ok := e.body.(*T); ok {
		return b, nil
	}
	return nil, x.but(e)
}

// refused sends an action that has to be refused with a code.
func refused(ctx context.Context, c *conn, x expectation, code protocol.Code, a action) (*protocol.Error, error) {
	x.what += ", so an error " + string(code)
	e, err := ask[protocol.Error](ctx, c, x, a)
	if err == nil && e.Code != code {
		err = x.but(e)
	}
	return e, err
}

// answer sends an action and returns what carries its id back.
func (c *conn) answer(ctx context.Context, x expectation, a action) (event, error) {
	if a["id"] == nil {
		a["id"] = word(12)
	}
	for {
		mark := c.mark()
		if err := c.send(ctx, a); err != nil {
			return event{}, err
		}
		e, err := c.find(ctx, x, mark, func(e event) bool {
			return e.id == a["id"] && !c.foreign(e, a)
		})
		if err != nil {
			return e, err
		}
		again, err := waitOut(ctx, e)
		if !again || err != nil {
			return e, err
		}
	}
}

// foreign tells whether an entry is not the copy of what was just sent although
// it has its id: others may use the same one, and so may this person elsewhere.
func (c *conn) foreign(e event, a action) bool {
	var person string
	switch b := e.body.(type) {
	case *protocol.Said:
		person = b.Person
	case *protocol.Edited:
		person = b.Person
	case *protocol.Deleted:
		person = b.Person
	default:
		return false
	}
	room := a["room"]
	if room == nil {
		room = protocol.GeneralRoom
	}
	return roomOf(e) != room || c.me.ID != "" && person != c.me.ID
}

// waitOut waits where an event tells to come again later because of how much is
// asked, not of what; and returns whether it did.
func waitOut(ctx context.Context, e event) (again bool, err error) {
	b, ok := e.body.(*protocol.Error)
	if !ok || !b.Retry || b.Code != protocol.TooFast && b.Code != protocol.Unavailable {
		return false, nil
	}
	const least = 20 * time.Millisecond
	return true, sleep(ctx, max(least, time.Duration(b.After)*time.Millisecond))
}

// hello says who one is, waits for the welcome and for each room's joined.
func (c *conn) hello(ctx context.Context, a action, rooms ...string) (*protocol.Welcome, error) {
	if rooms != nil {
		var all []action
		for _, r := range rooms {
			all = append(all, action{"room": r})
		}
		a["rooms"] = all
		c.intend(rooms...)
	}
	a["type"] = "hello"
	mark := c.mark()
	w, err := ask[protocol.Welcome](ctx, c, want(ruleWelcome, "hello to be answered by welcome"), a)
	if err != nil {
		return nil, err
	}
	c.me, c.session = w.You.Person, w.Session
	c.s.mu.Lock()
	c.s.owner[w.Session] = w.You.ID
	c.s.mu.Unlock()
	for _, r := range rooms {
		if _, err := await(ctx, c, want(ruleHelloRooms, "joined for room %q, which hello asked for", r), mark, func(j *protocol.Joined) bool { return j.Room == r }); err != nil {
			return w, err
		}
	}
	return w, nil
}

// join enters a room, at a position or none.
func (c *conn) join(ctx context.Context, room string, position action) (*protocol.Joined, error) {
	a := action{"type": "join", "room": room}
	for k, v := range position {
		a[k] = v
	}
	c.intend(room)
	j, err := ask[protocol.Joined](ctx, c, want(ruleJoined, "join of room %q to be answered by joined", room), a)
	if err == nil && j.Room != room {
		err = want(ruleJoined, "joined to be about room %q", room).but(j)
	}
	return j, err
}

// say says something and waits for the own copy.
func (c *conn) say(ctx context.Context, room, text string) (*protocol.Said, error) {
	return c.sayAs(ctx, action{"room": room, "text": text})
}

// sayAs is say with further fields. The own copy must be what was sent.
func (c *conn) sayAs(ctx context.Context, a action) (*protocol.Said, error) {
	a["type"] = "message"
	x := want(ruleOwnCopy, "the own copy of a message, unchanged, with its id")
	m, err := ask[protocol.Said](ctx, c, x, a)
	if err != nil {
		return nil, err
	}
	if m.Text != a["text"] {
		return m, x.but(m)
	}
	return m, nil
}

// hears waits until a connection has the copy of a message that somebody got.
func (c *conn) hears(ctx context.Context, m *protocol.Said) error {
	x := want(ruleMessage, "message %d of room %q to reach all who are there", m.Seq, m.Room)
	copied, err := await(ctx, c, x, 0, func(o *protocol.Said) bool { return o.Room == m.Room && o.Seq == m.Seq })
	if err == nil && *copied != *m {
		err = want(ruleMessage, "the same copy for everybody: %s", show(m)).but(copied)
	}
	return err
}

// history reads a page.
func (c *conn) history(ctx context.Context, room string, a action) (*protocol.Page, error) {
	a["type"], a["room"] = "history", room
	h, err := ask[protocol.History](ctx, c, want(ruleAnswerID, "history of room %q to be answered by history", room), a)
	if err != nil {
		return nil, err
	}
	if h.Room != room {
		return nil, want(ruleAnswerID, "history of room %q", room).but(h)
	}
	return &h.Page, nil
}

// log reads all that was ever said in a room.
func (c *conn) log(ctx context.Context, room string) ([]protocol.Item, error) {
	var all []protocol.Item
	for after := uint64(0); ; {
		p, err := c.history(ctx, room, action{"after": after, "limit": protocol.MaxHistory})
		if err != nil {
			return nil, err
		}
		if p.From != after+1 || p.More != (p.To < p.Head) || p.More && p.To < p.From {
			return nil, want(ruleAfter, "the page after %d to begin there, and to tell whether there is more", after).but(p)
		}
		all = append(all, p.Messages...)
		if !p.More {
			return all, nil
		}
		after = p.To
	}
}

// settle is how long a connection is watched for what must not come. A leak
// travels with the copies that the room gets, which have come by then.
const settle = 250 * time.Millisecond

// quiet waits until whatever is on its way to this connection has most likely come.
func (c *conn) quiet(ctx context.Context) error {
	if _, err := ask[protocol.Pong](ctx, c, want(rulePong, "ping to be answered by pong"), action{"type": "ping"}); err != nil {
		return err
	}
	return sleep(ctx, settle)
}

// never returns a breach if an event behind the mark is one that must not come.
func (c *conn) never(x expectation, mark int, wrong func(event) bool) error {
	for _, e := range c.since(mark) {
		if wrong(e) {
			return x.but(e)
		}
	}
	return nil
}
