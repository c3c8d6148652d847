package memory

import (
	"slices"
	"sync/atomic"

	"parley/chat"
)

// room is who is in one room. Table.mu guards it.
type room struct {
	name  string
	alone []string                   // the name: what is noted of those who are in no other room
	here  map[chat.PersonID]struct{} // by at least one connection
	more  map[chat.PersonID]int      // by how many more, of those who have several here; nil: nobody has

	withProtocol, plain list
}

// place is a connection's place in one room.
type place struct {
	room     *room
	person   chat.PersonID // empty: listens without a name and is not counted
	position int32         // in the list
	plain    bool          // which list
}

// place returns the connection's in a room, or nil. It looks at all rooms of the
// connection, which the protocol bounds.
func (c *connection) place(r *room) *place {
	for i := range c.in {
		if c.in[i].room == r {
			return &c.in[i]
		}
	}
	return nil
}

// list is connections of a room. Taking one out moves the last into its place, so
// neither way costs more in a large room, once nobody reads it.
type list struct {
	seats []*connection
	ids   []chat.ConnectionID // theirs
	lent  atomic.Bool         // somebody may be reading ids: they grow, and are not changed
}

// lend returns the ids as they are now, never to be changed.
func (l *list) lend() []chat.ConnectionID {
	if len(l.ids) > 0 {
		l.lent.Store(true)
	}
	return l.ids
}

func newRoom(name string) *room {
	return &room{name: name, alone: []string{name}, here: make(map[chat.PersonID]struct{})}
}

func (r *room) list(p *place) *list {
	if p.plain {
		return &r.plain
	}
	return &r.withProtocol
}

// add gives a connection a seat; p is its place here.
func (r *room) add(c *connection, p *place) {
	l := r.list(p)
	p.position = int32(len(l.seats))
	l.seats = append(l.seats, c)
	l.ids = append(l.ids, c.id)
}

// remove takes away the seat. Where the list was read since the last time it is
// linear in the room's size, so a storm of departures between two messages costs
// that once.
func (r *room) remove(p *place) {
	l := r.list(p)
	if l.lent.Load() {
		l.ids = slices.Clone(l.ids)
		l.lent.Store(false)
	}
	end := len(l.seats) - 1
	moved := l.seats[end]
	l.seats[p.position], l.ids[p.position] = moved, moved.id
	moved.place(r).position = p.position
	l.seats[end], l.ids[end] = nil, "" // or the arrays would keep the departed alive
	l.seats, l.ids = l.seats[:end], l.ids[:end]
	if end < cap(l.seats)/4 { // after a crowd has gone, give its memory back
		l.seats, l.ids = slices.Clip(slices.Clone(l.seats)), slices.Clip(slices.Clone(l.ids))
	}
}

func (r *room) countIn(id chat.PersonID) (first bool) {
	if id == "" {
		return false
	}
	if _, is := r.here[id]; !is {
		r.here[id] = struct{}{}
		return true
	}
	if r.more == nil {
		r.more = map[chat.PersonID]int{}
	}
	r.more[id]++
	return false
}

func (r *room) countOut(id chat.PersonID) (last bool) {
	if id == "" {
		return false
	}
	if n := r.more[id]; n > 1 {
		r.more[id] = n - 1
		return false
	} else if n == 1 {
		delete(r.more, id)
		return false
	}
	delete(r.here, id)
	return true
}

// some returns up to limit of the persons. All who come to a large room are told
// the same ones, as far as the first members are different people: those the
// store has at hand, where any others would be read from the disk.
func (r *room) some(limit int) []chat.PersonID {
	n := min(limit, len(r.here))
	if n == 0 {
		return nil
	}
	people, known := make([]chat.PersonID, 0, n), make(map[chat.PersonID]bool, n)
	add := func(id chat.PersonID) (more bool) {
		if id != "" && !known[id] {
			known[id] = true
			people = append(people, id)
		}
		return len(people) < n
	}
	seats := r.withProtocol.seats
	for _, c := range seats[:min(2*limit, len(seats))] { // no more: they may all be one person's
		if !add(c.place(r).person) {
			return people
		}
	}
	for id := range r.here {
		if !add(id) {
			return people
		}
	}
	return people
}
