package dynamo

import (
	"context"
	"fmt"
	"strings"

	"parley/chat"
)

// Put stores the connection, if it is the one stored now, and lets its row count
// for another TTL. One write, and one more where it becomes a person's. Where its answer was lost and it is tried again
// the row has changed, by ourselves: that too is chat.ErrChanged.
func (s *Store) Put(ctx context.Context, c chat.Connection) error {
	row := connectionKey(c.ID)
	row[ttlAttribute] = s.expiry()
	row["version"] = number(c.Version + 1)
	setText(row, "person", c.Person)
	if c.Plain {
		row["plain"] = flag()
	}
	if c.Since != 0 {
		row["since"] = number(uint64(c.Since))
	}
	if c.Session != [32]byte{} {
		row["session"] = bytes(c.Session[:])
	}
	if c.Stored {
		row["stored"] = flag()
	}
	setTexts(row, "rooms", c.Rooms)
	setText(row, "address", c.Address)
	var unchanged condition
	if c.Version != 0 {
		unchanged = is("version", number(c.Version))
	}
	if c.Person != "" && s.noted.person(c.ID) != c.Person {
		// Before the row: whoever looks for the person's connections must find it.
		open := openKey(c.Person, c.ID)
		open[ttlAttribute] = row[ttlAttribute]
		if err := s.put(ctx, open, condition{}); err != nil {
			return fmt.Errorf("note whose connection %q is: %w", c.ID, err)
		}
	}
	err := s.put(ctx, row, unchanged)
	if _, no := refused(err); no {
		return chat.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("store connection %q: %w", c.ID, err)
	}
	s.noted.put(c.ID, c.Person, c.Rooms)
	return nil
}

// Get returns the connection, or chat.ErrNoConnection. One consistent get: an
// action may follow the one before it, or $connect, within milliseconds.
func (s *Store) Get(ctx context.Context, id chat.ConnectionID) (chat.Connection, error) {
	row, err := s.get(ctx, connectionKey(id))
	if err != nil {
		return chat.Connection{}, fmt.Errorf("read connection %q: %w", id, err)
	}
	if row == nil || expired(row, s.now()) {
		return chat.Connection{}, chat.ErrNoConnection
	}
	c := connection(id, row)
	s.noted.read(id, c.Person)
	return c, nil
}

func connection(id chat.ConnectionID, row item) chat.Connection {
	return chat.Connection{
		ID: id, Plain: getFlag(row, "plain"), Person: getText(row, "person"), Session: getHash(row, "session"), Stored: getFlag(row, "stored"),
		Since: int64(getUint(row, "since")), Version: getUint(row, "version"),
		Rooms: getTexts(row, "rooms"), Address: getText(row, "address"),
	}
}

// Delete forgets the connection and its memberships: those that its row lists,
// those that Join noted beside it, less what was left in this process. The row
// itself goes last, so that a Delete which died half-way is not the last one:
// the next post to the connection finds it gone, and its row says where it was.
// One consistent query and a write for each row.
func (s *Store) Delete(ctx context.Context, id chat.ConnectionID) (chat.Connection, error) {
	var known item
	var in []string
	for p, err := range s.pages(ctx, query{partition: connectionPartition(id)}) {
		if err != nil {
			return chat.Connection{}, fmt.Errorf("read connection %q: %w", id, err)
		}
		for _, row := range p.rows {
			if room, ok := strings.CutPrefix(getText(row, sortKey), notePrefix); ok {
				in = append(in, room)
			} else {
				known = row
			}
		}
	}
	noted := len(in)
	if known != nil {
		in = append(in, connection(id, known).Rooms...)
	}
	for i, room := range in {
		if i < noted || !s.noted.hasLeft(id, room) {
			if _, err := s.remove(ctx, key(memberPartition(room), id), condition{}); err != nil {
				return chat.Connection{}, fmt.Errorf("end membership of connection %q: %w", id, err)
			}
		}
		if i < noted {
			if _, err := s.remove(ctx, noteKey(id, room), condition{}); err != nil {
				return chat.Connection{}, fmt.Errorf("end membership of connection %q: %w", id, err)
			}
		}
	}
	s.noted.forget(id)
	if known == nil {
		return chat.Connection{}, chat.ErrNoConnection
	}
	row, err := s.remove(ctx, connectionKey(id), condition{})
	if err != nil {
		return chat.Connection{}, fmt.Errorf("delete connection %q: %w", id, err)
	}
	if row == nil || expired(row, s.now()) { // nil: somebody was faster
		return chat.Connection{}, chat.ErrNoConnection
	}
	return connection(id, row), nil
}
