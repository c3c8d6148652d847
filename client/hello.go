package client

import (
	"time"

	"parley/protocol"
)

// hello is what the first action of a connection carries. What is refused is
// given up: a name that is taken must not keep anybody from reading, nor one bad
// room from the others, which are joined one by one then.
type hello struct {
	id                string
	name, rooms, link bool
	variants          int // of the name that were tried
}

const mostVariants = 4

// greet says hello. Call it with mu held.
func (c *Client) greet(k *connection, h hello) {
	h.id = c.nextID()
	k.hello = h
	a := fields{"type": "hello", "id": h.id}
	if h.name && c.wanted != "" {
		a["name"] = c.wanted
	}
	if c.session != "" {
		a["session"] = c.session
	}
	if h.link && c.options.Link != "" {
		a["link"] = c.options.Link
	}
	if h.rooms {
		positions := []fields{}
		for _, r := range c.rooms {
			if len(positions) < c.limits.Rooms && r.stopped == nil {
				positions = append(positions, r.position())
			}
		}
		if len(positions) > 0 {
			a["rooms"] = positions
		}
	}
	k.send(encode(a))
}

// turnedAway says hello again without what was refused, or gives up. Call it
// with mu held.
func (c *Client) turnedAway(k *connection, e *protocol.Error) {
	h := k.hello
	switch e.Code {
	case protocol.NameTaken, protocol.BadName:
		switch {
		case !h.name:
			c.part(k, e)
		case c.options.AnyName && e.Suggestion != "" && h.variants < mostVariants:
			c.wanted = e.Suggestion
			h.variants++
			c.greet(k, h)
		case c.you.ID == "": // nobody relies on being here yet: better told than nameless
			c.part(k, e)
		default:
			h.name = false
			c.hint(e)
			c.greet(k, h)
		}
	case protocol.BadRoom, protocol.TooManyRooms:
		if !h.rooms {
			c.part(k, e)
			return
		}
		h.rooms = false
		c.greet(k, h)
	case protocol.BadField:
		if !h.name && !h.rooms && !h.link {
			c.part(k, e)
			return
		}
		h.name, h.rooms, h.link = false, false, false
		c.greet(k, h)
	default:
		c.part(k, e)
	}
}

// part gives a connection up for a reason. Call it with mu held.
func (c *Client) part(k *connection, e *protocol.Error) {
	k.foretell(e)
	c.running.Go(func() { k.drop(e) }) // it takes mu
}

// keepIdentity remembers who one is, before anything is said in that person's
// name: what is sent again by another process must come from the same one. It
// may touch a disk, so call it without mu.
func (c *Client) keepIdentity(p Person) error {
	if c.options.Identity == nil || p.Name == "" { // who has no name is not remembered by the server either
		return nil
	}
	c.mu.Lock()
	same := c.kept == p
	c.mu.Unlock()
	if same {
		return nil
	}
	if err := c.options.Identity.Save(p); err != nil {
		return err
	}
	c.mu.Lock()
	c.kept = p
	c.mu.Unlock()
	return nil
}

// welcome takes a connection into use. Call it with mu held.
func (c *Client) welcome(k *connection, w *protocol.Welcome) {
	k.welcomed = time.Now()
	c.you, c.server = w.You, w.Server
	if w.Limits.Frame > 0 && w.Limits.Text > 0 && w.Limits.TextBytes > 0 && w.Limits.Rooms > 0 {
		c.limits = w.Limits
	}
	if w.Session != "" {
		c.session = w.Session
	}
	c.options.Link = "" // it has done what it is for
	promised := map[string]bool{}
	for _, name := range w.Rooms {
		promised[name] = true
	}
	for _, r := range c.rooms {
		switch {
		case r.stopped != nil:
		case k.hello.rooms && promised[r.name]:
			k.expect(r)
		default:
			k.enter(r)
		}
	}
	if c.conn == nil {
		c.conn = k
		c.be(Online)
	}
	c.tell()
	k.checkComplete()
	close(k.greeted)
}
