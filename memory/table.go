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
	connections map[chat.ConnectionID]chat.Connection
	joined      map[chat.ConnectionID][]*member // the other side of room.members
	rooms       map[string]*room
}

var (
	_ chat.ConnectionTable   = (*Table)(nil)
	_ chat.Membership        = (*Table)(nil)
	_ chat.PersonConnections = (*Table)(nil)
)

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{
		connections: make(map[chat.ConnectionID]chat.Connection),
		joined:      make(map[chat.ConnectionID][]*member),
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
	if c.Version != 0 && c.Version != t.connections[c.ID].Version {
		return chat.ErrChanged
	}
	c.Version++
	t.connections[c.ID] = c
	return nil
}

// Get returns the connection, or chat.ErrNoConnection.
func (t *Table) Get(ctx context.Context, id chat.ConnectionID) (chat.Connection, error) {
	if err := ctx.Err(); err != nil {
		return chat.Connection{}, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c, ok := t.connections[id]
	if !ok {
		return chat.Connection{}, chat.ErrNoConnection
	}
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
	for _, m := range t.joined[id] {
		t.removeFromRoom(m)
	}
	delete(t.joined, id)
	c, ok := t.connections[id]
	if !ok {
		return chat.Connection{}, chat.ErrNoConnection
	}
	delete(t.connections, id)
	return c, nil
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
	for _, c := range t.connections {
		if c.Person == id && id != "" {
			c.Rooms = slices.Clone(c.Rooms)
			open = append(open, c)
		}
	}
	return open, nil
}
