package memory

import (
	"context"
	"iter"
	"slices"

	"parley/chat"
)

// Join puts a connection into a room, or changes what is known of it there.
func (t *Table) Join(ctx context.Context, name string, as chat.Member) (first bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rooms[name]
	if !ok {
		r = newRoom(name)
		t.rooms[name] = r
	}
	e := t.entry(as.Connection)
	p := e.place(r)
	switch {
	case p == nil:
		e.in = append(e.in, place{room: r, person: as.Person, plain: as.Plain})
		r.add(e, &e.in[len(e.in)-1])
	case p.plain != as.Plain:
		r.remove(p)
		r.countOut(p.person)
		p.person, p.plain = as.Person, as.Plain
		r.add(e, p)
	default:
		r.countOut(p.person)
		p.person = as.Person
	}
	return r.countIn(as.Person), nil
}

// Leave takes a connection out of a room.
func (t *Table) Leave(ctx context.Context, name string, id chat.ConnectionID) (last bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rooms[name]
	if !ok {
		return false, nil
	}
	e, ok := t.connections[id]
	if !ok {
		return false, nil
	}
	at := slices.IndexFunc(e.in, func(p place) bool { return p.room == r })
	if at < 0 {
		return false, nil
	}
	last = t.removeFromRoom(&e.in[at])
	if e.in = slices.Delete(e.in, at, at+1); len(e.in) == 0 && e.version == 0 {
		delete(t.connections, id)
	}
	return last, nil
}

// removeFromRoom needs t.mu, and leaves connection.in to the caller.
func (t *Table) removeFromRoom(p *place) (last bool) {
	r := p.room
	r.remove(p)
	if len(r.withProtocol.seats)+len(r.plain.seats) == 0 {
		delete(t.rooms, r.name)
	}
	return r.countOut(p.person)
}

// InRoom yields the room's connections in two pages: those with the sub-protocol,
// then the plain ones. They are the same memory at every call until somebody
// leaves. Nothing is locked while the caller reads them: whoever leaves meanwhile
// is still in them, whoever comes is in the next.
func (t *Table) InRoom(ctx context.Context, name string, to chat.Audience) iter.Seq2[[]chat.ConnectionID, error] {
	return func(yield func([]chat.ConnectionID, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		withProtocol, plain := t.pages(name)
		if len(withProtocol) > 0 && !yield(withProtocol, nil) {
			return
		}
		if to == chat.Everyone && len(plain) > 0 {
			yield(plain, nil)
		}
	}
}

func (t *Table) pages(name string) (withProtocol, plain []chat.ConnectionID) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r, ok := t.rooms[name]
	if !ok {
		return nil, nil
	}
	return r.withProtocol.lend(), r.plain.lend()
}

// Present returns how many persons are in a room, and up to limit of them, in
// no particular order, mostly the same ones while few come and go. Its cost grows with limit, not with the room.
func (t *Table) Present(ctx context.Context, name string, limit int) (people []chat.PersonID, count int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	r, ok := t.rooms[name]
	if !ok {
		return nil, 0, nil
	}
	return r.some(limit), len(r.here), nil
}
