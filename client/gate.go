package client

import (
	"parley/protocol"
)

// gate is how one connection comes to be in one room: the welcome promises a
// joined, or join asks for it, again if need be.
type gate struct {
	id      string  // of the join; empty: promised by the welcome
	awaited bool    // a joined is
	open    bool    // joined on this connection
	early   []Entry // live ones that came before it; at most mostHeld
	newest  uint64  // the greatest sequence among all that came before it
	alarm   alarm
}

func (g *gate) stop() {
	g.alarm.stop()
	g.awaited, g.open, g.early = false, false, nil
}

// gate returns that of a room. Call this and what follows with mu held.
func (k *connection) gate(r *Room) *gate {
	g := k.gates[r.name]
	if g == nil {
		g = &gate{}
		k.gates[r.name] = g
	}
	return g
}

// open tells whether the connection is in a room.
func (k *connection) open(r *Room) bool {
	g := k.gates[r.name]
	return g != nil && g.open && !k.end.ended
}

// expect waits for a joined that was promised.
func (k *connection) expect(r *Room) {
	g := k.gate(r)
	g.awaited, g.open, g.id = true, false, ""
	g.alarm.set(k.c, answerWithin, func() { k.enter(r) })
}

// enter asks for a joined, until it comes.
func (k *connection) enter(r *Room) {
	if k.end.ended || r.stopped != nil || k.welcomed.IsZero() {
		return
	}
	g := k.gate(r)
	g.awaited, g.open, g.id = true, false, k.c.nextID()
	if k == k.c.conn {
		r.catchUp.stop()
	}
	join := r.position()
	join["type"], join["id"] = "join", g.id
	k.send(encode(join))
	g.alarm.set(k.c, answerWithin, func() { k.enter(r) })
}

// joined lets the room in.
func (k *connection) joined(r *Room, e *protocol.Joined) {
	g := k.gate(r)
	if !g.awaited {
		return // a repeat
	}
	g.alarm.stop()
	g.awaited, g.open = false, true
	r.entered(&e.Page)
	for _, early := range g.early {
		r.live(early)
	}
	r.log.head = max(r.log.head, g.newest)
	g.early, g.newest = nil, 0
	k.c.hint(e)
	k.c.tell()
	if k == k.c.conn {
		if e.More && r.log.behind() {
			r.catchUp.now()
		} else {
			r.catchUp.look()
		}
		r.outbox.pump()
	}
	k.checkComplete()
}

// entry takes what came by itself.
func (k *connection) entry(r *Room, e Entry) {
	if k.open(r) {
		r.live(e)
		return
	}
	g := k.gate(r)
	g.newest = max(g.newest, e.Seq)
	if len(g.early) < mostHeld {
		g.early = append(g.early, e)
	}
}

// refused tells whether an error answers a join of this connection, and obeys it.
func (k *connection) refused(e *protocol.Error) bool {
	for name, g := range k.gates {
		if g.id == "" || g.id != e.ID || !g.awaited {
			continue
		}
		r := k.c.rooms[name]
		switch {
		case r == nil:
		case e.Retry:
			g.alarm.set(k.c, after(e, againAfter), func() { k.enter(r) })
		default:
			r.stop(e)
			k.c.tell()
		}
		return true
	}
	return false
}

// checkComplete tells who waits for it that the connection is in all rooms.
func (k *connection) checkComplete() {
	if k.welcomed.IsZero() {
		return
	}
	for _, r := range k.c.rooms {
		if r.stopped == nil && !k.open(r) {
			return
		}
	}
	select {
	case <-k.complete:
	default:
		close(k.complete)
	}
}
