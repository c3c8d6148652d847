// Package memory keeps what dies with the process: which connections are open
// and who is in which room. It also holds a message log and a store of people
// that keep the same contracts as the durable ones, so that tests need no mocks.
package memory

import (
	"context"
	"slices"
	"sync"

	"parley/chat"
)

// Table is a chat.ConnectionTable and a chat.Membership. It never blocks on
// anything but its own lock, and holds no more than the connections and
// memberships that exist: a room nobody is in leaves no trace.
type Table struct {
	mu          sync.RWMutex
	connections map[chat.ConnectionID]*connection
	rooms       map[string]*room
}

// connection is what is kept of one that is open, or still in a room. Table.mu
// guards it. Ten thousand of them are idle at a time, so it is what chat.Connection
// says in fewer bytes, and stands in one map, by its address: large values in maps
// cost the memory of those that are not there, too.
type connection struct {
	id      chat.ConnectionID
	person  chat.PersonID
	session [32]byte
	address string
	rooms   []string // never changed once stored: connections share it
	since   int64
	in      []place
	version uint32 // 0: it is in rooms, and not stored
	plain   bool
	stored  bool
}

// asStored is the connection as the table's caller knows it.
func (c *connection) asStored() chat.Connection {
	return chat.Connection{
		ID: c.id, Plain: c.plain, Person: c.person, Session: c.session, Stored: c.stored,
		Rooms: slices.Clone(c.rooms), Since: c.since, Address: c.address, Version: uint64(c.version),
	}
}

var (
	_ chat.ConnectionTable = (*Table)(nil)
	_ chat.Membership      = (*Table)(nil)
)

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{
		connections: make(map[chat.ConnectionID]*connection),
		rooms:       make(map[string]*room),
	}
}

// Put stores the connection, if it is the one stored now, or ErrChanged.
func (t *Table) Put(ctx context.Context, c chat.Connection) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if stored := t.connections[c.ID]; c.Version != 0 && (stored == nil || c.Version != uint64(stored.version)) {
		return chat.ErrChanged
	}
	e := t.entry(c.ID)
	e.person, e.session, e.address, e.since = c.Person, c.Session, c.Address, c.Since
	e.plain, e.stored, e.version = c.Plain, c.Stored, uint32(c.Version)+1
	if !slices.Equal(e.rooms, c.Rooms) {
		e.rooms = t.names(c.Rooms)
	}
	return nil
}

// names returns a copy of names of rooms, which is one for all who are in a
// single room that has members. It needs t.mu.
func (t *Table) names(of []string) []string {
	if len(of) == 1 {
		if r, ok := t.rooms[of[0]]; ok {
			return r.alone
		}
	}
	names := slices.Clone(of)
	for i, name := range names {
		if r, ok := t.rooms[name]; ok {
			names[i] = r.name // or each of its members would keep the name of its own action
		}
	}
	return names
}

// entry returns what is kept of a connection, from now on if nothing was. It needs t.mu.
func (t *Table) entry(id chat.ConnectionID) *connection {
	e, ok := t.connections[id]
	if !ok {
		e = &connection{id: id}
		t.connections[id] = e
	}
	return e
}

// Get returns the connection, or chat.ErrNoConnection.
func (t *Table) Get(ctx context.Context, id chat.ConnectionID) (chat.Connection, error) {
	if err := ctx.Err(); err != nil {
		return chat.Connection{}, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.connections[id]
	if !ok || e.version == 0 {
		return chat.Connection{}, chat.ErrNoConnection
	}
	return e.asStored(), nil
}

// Delete forgets the connection and takes it out of every room it is in. Its
// cost grows with the number of these rooms, not with their size.
func (t *Table) Delete(ctx context.Context, id chat.ConnectionID) (chat.Connection, error) {
	if err := ctx.Err(); err != nil {
		return chat.Connection{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.connections[id]
	if !ok {
		return chat.Connection{}, chat.ErrNoConnection
	}
	for i := range e.in {
		t.removeFromRoom(&e.in[i])
	}
	delete(t.connections, id)
	if e.version == 0 {
		return chat.Connection{}, chat.ErrNoConnection
	}
	return e.asStored(), nil
}

// OfPerson returns the open connections of a person. It looks at all that are
// open: an index would cost each of them memory for what is asked when somebody
// is put out.
func (t *Table) OfPerson(ctx context.Context, id chat.PersonID) ([]chat.Connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var open []chat.Connection
	for _, e := range t.connections {
		if e.person == id && id != "" {
			open = append(open, e.asStored())
		}
	}
	return open, nil
}
