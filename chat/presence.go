package chat

import (
	"context"
	"maps"
	"slices"
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

func newComings() *comings {
	return &comings{joined: map[PersonID]protocol.Person{}, left: map[PersonID]protocol.Person{}}
}

// unknown is the count of a room in which it has not been counted who is there.
const unknown = -1

// tellJoined tells a room that a person came, by its first connection there, and
// that so many are there now, or an unknown number.
func (c *Chat) tellJoined(ctx context.Context, room string, who Person, count int) {
	c.note(ctx, room, count, func(g *comings) {
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
	c.note(ctx, room, unknown, func(g *comings) {
		if _, brief := g.joined[id]; brief {
			delete(g.joined, id)
		} else if len(g.left) <= protocol.MaxPresencePeople {
			g.left[id] = asOthersSee(found[0])
		}
	})
}

// note gathers a change, to be told after PresenceDelay, or tells it at once
// where nothing runs after the call.
func (c *Chat) note(ctx context.Context, room string, count int, change func(*comings)) {
	if c.options.PresenceDelay < 0 {
		g := newComings()
		change(g)
		c.tell(ctx, room, g, count)
		return
	}
	p := &c.presence
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
		g = newComings()
		p.room[room] = g
		c.work.Add(1)
		g.timer = time.AfterFunc(c.options.PresenceDelay, func() {
			defer c.work.Done()
			c.tellGathered(room)
		})
	}
	change(g)
}

// tellGathered posts what was gathered for a room.
func (c *Chat) tellGathered(room string) {
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
	c.tell(ctx, room, g, unknown)
}

// tell posts one presence event, with the count or one of its own. That it fails is no reason for what caused it
// to fail: presence is a hint.
func (c *Chat) tell(ctx context.Context, room string, g *comings, count int) {
	var err error
	if count == unknown {
		_, count, err = c.Members.Present(ctx, room, 0)
	}
	small := count <= c.options.PresencePeople
	if err == nil && (small || c.options.PresenceDelay > 0) {
		event := &protocol.Presence{Type: "presence", Room: room, Count: count}
		if small && len(g.joined)+len(g.left) <= protocol.MaxPresencePeople {
			event.Joined = slices.Collect(maps.Values(g.joined))
			event.Left = slices.Collect(maps.Values(g.left))
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
