package client

import "parley/protocol"

// answersAction are the errors that answer an action. Any other, without an id,
// may be the reason for a close that follows.
var answersAction = map[protocol.Code]bool{
	protocol.Malformed: true, protocol.UnknownType: true, protocol.BadField: true, protocol.TooLarge: true,
	protocol.HelloFirst: true, protocol.HelloTwice: true, protocol.NotPlain: true, protocol.NameFirst: true,
	protocol.BadName: true, protocol.NameTaken: true, protocol.BadRoom: true, protocol.NotInRoom: true,
	protocol.NoSuchMessage: true, protocol.NotYours: true, protocol.TooManyRooms: true,
}

// receive takes an event of a connection.
func (c *Client) receive(k *connection, event any) {
	if w, ok := event.(*protocol.Welcome); ok && k.welcomed.IsZero() { // read by this goroutine, written by it
		if err := c.keepIdentity(Person{Session: w.Session, Name: w.You.Name}); err != nil {
			c.stop(err)
			k.drop(err)
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.end.ended {
		return
	}
	switch e := event.(type) {
	case *protocol.Welcome:
		if !k.welcomed.IsZero() {
			return // a repeat
		}
		c.welcome(k, e)
		for _, j := range k.early {
			c.joined(k, j)
		}
		k.early = nil
	case *protocol.Joined:
		if k.welcomed.IsZero() { // it overtook its welcome
			if len(k.early) < len(c.rooms) {
				k.early = append(k.early, e)
			}
			return
		}
		c.joined(k, e)
	case *protocol.Said:
		c.entry(k, ofSaid(e), e)
	case *protocol.Edited:
		c.entry(k, ofEdited(e), e)
	case *protocol.Deleted:
		c.entry(k, ofDeleted(e), e)
	case *protocol.History:
		k.answered(e.ID, e)
	case *protocol.Left:
		k.answered(e.ID, e)
	case *protocol.Rooms:
		k.answered(e.ID, e)
	case *protocol.Pong:
		k.answered(e.ID, e)
	case *protocol.Renamed:
		c.renamed(k, e)
	case *protocol.Error:
		c.refused(k, e)
	case failed:
		c.doubt(k)
	case *protocol.Presence, *protocol.SomebodyTypes, *protocol.Notice:
		c.hint(e)
	}
}

func (c *Client) joined(k *connection, e *protocol.Joined) {
	if r := c.rooms[e.Room]; r != nil && r.stopped == nil {
		k.joined(r, e)
	}
}

// entry takes what came by itself: for the one who sent it, it is the answer too.
func (c *Client) entry(k *connection, e Entry, event any) {
	r := c.rooms[e.Room]
	if r == nil || r.stopped != nil {
		return
	}
	if e.Person == c.you.ID {
		if e.Kind == KindMessage {
			r.outbox.came(e.ID, e.Seq)
		} else {
			k.answered(e.ID, event)
		}
	}
	k.entry(r, e)
}

func (c *Client) renamed(k *connection, e *protocol.Renamed) {
	if e.Person == c.you.ID {
		c.you.Name, c.wanted = e.To, e.To // also where a server that has forgotten everybody is told anew
		if c.options.Identity != nil {
			p := Person{Session: c.session, Name: e.To}
			c.courier.do(func() error { return c.keepIdentity(p) })
		}
		for _, r := range c.rooms {
			r.outbox.pump()
		}
		c.tell()
	}
	k.answered(e.ID, e)
	c.hint(e)
}

func (c *Client) refused(k *connection, e *protocol.Error) {
	if e.ID != "" && e.ID == k.hello.id && k.welcomed.IsZero() {
		c.turnedAway(k, e)
		return
	}
	if k.refused(e) || k.answered(e.ID, e) {
		return
	}
	for _, r := range c.rooms {
		if r.outbox.refused(k, e) {
			return
		}
	}
	if e.ID == "" && (!answersAction[e.Code] || e.After > 0 && !e.Retry) { // after without retry: come back, not: again
		k.foretell(e)
	}
	c.hint(e)
}

// doubt is called where an action failed and nobody knows which.
func (c *Client) doubt(k *connection) {
	if k.welcomed.IsZero() {
		c.running.Go(func() { k.drop(ErrUnanswered) })
		return
	}
	k.doubt()
	for _, r := range c.rooms {
		r.outbox.doubt()
	}
}
