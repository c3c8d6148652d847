package chat

import (
	"context"
	"sync"
	"time"

	"parley/protocol"
)

// presence gathers who came into a room and who left it, so that a burst is
// told by one event. The zero value is ready.
type presence struct {
	mu      sync.Mutex
	room    map[string]*comings
	stopped bool
}

// comings are those of one room since its last event.
type comings struct {
	joined, left map[PersonID]protocol.Person
	timer        *time.Timer
}

func (p *presence) joined(c *Chat, room string, who Person) {
	p.note(c, room, func(g *comings) {
		if _, back := g.left[who.ID]; back {
			delete(g.left, who.ID)
		} else if len(g.joined) <= protocol.MaxPresencePeople { // more are never listed
			g.joined[who.ID] = asOthersSee(who)
		}
	})
}

// tellLeft tells a room that a person's last connection there is gone.
func (c *Chat) tellLeft(ctx context.Context, room string, id PersonID) {
	found, err := c.People.Persons(ctx, id)
	if err != nil || len(found) == 0 {
		c.logger.Warn("could not tell who left", "room", room, "error", err)
		return
	}
	c.presence.note(c, room, func(g *comings) {
		if _, brief := g.joined[id]; brief {
			delete(g.joined, id)
		} else if len(g.left) <= protocol.MaxPresencePeople {
			g.left[id] = asOthersSee(found[0])
		}
	})
}

func (p *presence) note(c *Chat, room string, change func(*comings)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if p.room == nil {
		p.room = map[string]*comings{}
	}
	g := p.room[room]
	if g == nil {
		g = &comings{joined: map[PersonID]protocol.Person{}, left: map[PersonID]protocol.Person{}}
		p.room[room] = g
		c.work.Add(1)
		g.timer = time.AfterFunc(c.options.PresenceDelay, func() {
			defer c.work.Done()
			c.tell(room)
		})
	}
	change(g)
}

// tell posts what was gathered for a room.
func (c *Chat) tell(room string) {
	p := &c.presence
	p.mu.Lock()
	g := p.room[room]
	delete(p.room, room)
	p.mu.Unlock()
	if g == nil {
		return
	}
	const patience = 10 * time.Second // nobody waits for this; it must only end
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, count, err := c.Members.Present(ctx, room, 0)
	if err == nil {
		event := &protocol.Presence{Type: "presence", Room: room, Count: count}
		if count <= protocol.MaxPresencePeople && len(g.joined)+len(g.left) <= protocol.MaxPresencePeople {
			for _, who := range g.joined {
				event.Joined = append(event.Joined, who)
			}
			for _, who := range g.left {
				event.Left = append(event.Left, who)
			}
		}
		err = c.deliver(ctx, room, &delivery{event: protocol.Encode(event), audience: WithProtocol})
	}
	if err != nil {
		c.logger.Warn("could not tell who came and went", "room", room, "error", err)
	}
}

// stop drops what was not told yet.
func (p *presence) stop(work *sync.WaitGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for room, g := range p.room {
		if g.timer.Stop() {
			delete(p.room, room)
			work.Done() // in place of the function that will not run
		}
	}
}
