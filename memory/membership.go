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
	m, ok := r.members[as.Connection]
	if ok && m.Plain == as.Plain {
		r.countOut(m.Person)
		m.Person = as.Person
		return r.countIn(as.Person), nil
	}
	if ok {
		r.remove(m)
		m.Member = as
	} else {
		m = &member{Member: as, room: r}
		e := t.entry(as.Connection)
		e.in = append(e.in, m)
	}
	return r.add(m), nil
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
	m, ok := r.members[id]
	if !ok {
		return false, nil
	}
	e := t.connections[id]
	at := slices.Index(e.in, m) // as many as the connection's rooms, which the protocol bounds
	if e.in = slices.Delete(e.in, at, at+1); len(e.in) == 0 && e.Version == 0 {
		delete(t.connections, id)
	}
	return t.removeFromRoom(m), nil
}

// removeFromRoom needs t.mu, and leaves connection.in to the caller.
func (t *Table) removeFromRoom(m *member) (last bool) {
	last = m.room.remove(m)
	if len(m.room.members) == 0 {
		delete(t.rooms, m.room.name)
	}
	return last
}

// InRoom yields the room's connections as one page, the same slice at every
// call until the membership changes. Nothing is locked while the caller reads
// it: whoever leaves meanwhile is still in it, whoever comes is in the next.
func (t *Table) InRoom(ctx context.Context, name string, to chat.Audience) iter.Seq2[[]chat.ConnectionID, error] {
	return func(yield func([]chat.ConnectionID, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		if page := t.page(name, to); len(page) > 0 {
			yield(page, nil)
		}
	}
}

func (t *Table) page(name string, to chat.Audience) []chat.ConnectionID {
	t.mu.RLock()
	r, ok := t.rooms[name]
	if !ok {
		t.mu.RUnlock()
		return nil
	}
	snapshot := r.snapshot
	t.mu.RUnlock()
	if snapshot == nil {
		t.mu.Lock()
		if r.snapshot == nil {
			r.snapshot = r.takeSnapshot()
		}
		snapshot = r.snapshot
		t.mu.Unlock()
	}
	if to == chat.WithProtocol {
		return snapshot.withProtocol
	}
	return snapshot.everyone
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
	return r.some(limit), len(r.persons), nil
}
