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
// guards it. It stands in one map, by its address: large values in maps cost
// the memory of those that are not there, too.
type connection struct {
	chat.Connection           // as stored; Version 0: it is not
	in              []*member // the other side of room.members
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
	c.Rooms = slices.Clone(c.Rooms)
	t.mu.Lock()
	defer t.mu.Unlock()
	if stored := t.connections[c.ID]; c.Version != 0 && (stored == nil || c.Version != stored.Version) {
		return chat.ErrChanged
	}
	c.Version++
	t.entry(c.ID).Connection = c
	return nil
}

// entry returns what is kept of a connection, from now on if nothing was. It needs t.mu.
func (t *Table) entry(id chat.ConnectionID) *connection {
	e, ok := t.connections[id]
	if !ok {
		e = new(connection)
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
	if !ok || e.Version == 0 {
		return chat.Connection{}, chat.ErrNoConnection
	}
	c := e.Connection
	c.Rooms = slices.Clone(c.Rooms)
	return c, nil
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
	for _, m := range e.in {
		t.removeFromRoom(m)
	}
	delete(t.connections, id)
	if e.Version == 0 {
		return chat.Connection{}, chat.ErrNoConnection
	}
	return e.Connection, nil
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
		if e.Person == id && id != "" {
			c := e.Connection
			c.Rooms = slices.Clone(c.Rooms)
			open = append(open, c)
		}
	}
	return open, nil
}
