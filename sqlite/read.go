package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"parley/chat"
)

// readers is how many may read at once. Each holds up to 2 MB of pages.
const readers = 4

// reader is a pool of connections that cannot write. They see the file as of
// the last commit and never wait for the writer.
type reader struct {
	pool                                      *sql.DB
	extent, forward, back, rooms              *sql.Stmt
	personByID, personBySession, personByName *sql.Stmt
	personByFormer                            *sql.Stmt
	shrinking                                 sync.Mutex // held by who wants all connections
}

func newReader(ctx context.Context, path string) (_ *reader, err error) {
	r := new(reader)
	if r.pool, err = openPool(path, "ro", []string{"query_only(on)"}); err != nil {
		return nil, err
	}
	r.pool.SetMaxOpenConns(readers)
	r.pool.SetMaxIdleConns(readers)
	for into, query := range r.all() {
		if *into, err = r.pool.PrepareContext(ctx, query); err != nil {
			r.pool.Close()
			return nil, err
		}
	}
	return r, nil
}

func (r *reader) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&r.extent:          "SELECT id, floor, head FROM room WHERE name = ?",
		&r.forward:         selectEntry + "WHERE e.room = ? AND e.seq BETWEEN ? AND ? ORDER BY e.seq",
		&r.back:            selectEntry + "WHERE e.room = ? AND e.seq BETWEEN ? AND ? ORDER BY e.seq DESC",
		&r.rooms:           "SELECT name, head, at FROM room ORDER BY at DESC, id DESC LIMIT ?",
		&r.personByID:      "SELECT " + personColumns + " FROM person WHERE id = ?",
		&r.personBySession: "SELECT " + personColumns + " FROM person WHERE session = ?",
		&r.personByFormer:  "SELECT " + personColumns + " FROM former JOIN person ON id = person WHERE hash = ?",
		&r.personByName:    "SELECT " + personColumns + " FROM person WHERE skeleton = ?",
	}
}

func (r *reader) close() error { return r.pool.Close() }

// bounds returns a room's number and which sequences it has; zeros for a room
// that was never spoken in.
func (r *reader) bounds(ctx context.Context, room string) (id int64, floor, head uint64, err error) {
	err = r.extent.QueryRowContext(ctx, room).Scan(&id, &floor, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, 0, nil
	}
	return id, floor, head, err
}

// Extent returns the bounds of a room's log. The epoch is the file's, and the
// same for all rooms.
func (s *Store) Extent(ctx context.Context, room string) (chat.Extent, error) {
	_, floor, head, err := s.read.bounds(ctx, room)
	if err != nil {
		return chat.Extent{}, s.failed(err, "read the extent of room %q", room)
	}
	return chat.Extent{Epoch: s.epoch, Floor: floor, Head: head}, nil
}

// Range returns entries oldest first; see chat.MessageLog. An entry whose
// checksum does not match, or that has disappeared, is Lost. Where the file is
// so damaged that SQLite cannot find its way, the error is ErrCorrupt.
func (s *Store) Range(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	entries, err := s.entries(ctx, room, from, to, maxBytes, false)
	if err != nil {
		return nil, s.failed(err, "read room %q from %d to %d", room, from, to)
	}
	return entries, nil
}

// RangeBack returns the same entries newest first.
func (s *Store) RangeBack(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	entries, err := s.entries(ctx, room, from, to, maxBytes, true)
	if err != nil {
		return nil, s.failed(err, "read room %q from %d back to %d", room, to, from)
	}
	return entries, nil
}

func (s *Store) entries(ctx context.Context, room string, from, to uint64, maxBytes int, back bool) ([]chat.Entry, error) {
	id, floor, head, err := s.read.bounds(ctx, room)
	if err != nil {
		return nil, err
	}
	from, to = max(from, floor+1), min(to, head)
	if from > to {
		return nil, nil
	}
	query := s.read.forward
	if back {
		query = s.read.back
	}
	rows, err := query.QueryContext(ctx, id, int64(from), int64(to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	p := page{from: from, to: to, back: back, maxBytes: maxBytes}
	var scratch []byte
	for rows.Next() && !p.full {
		var e chat.Entry
		if e, scratch, err = scanEntry(rows.Scan, room, scratch); err != nil {
			continue // not even the types are right: it is lost, and page notices that it is missing
		}
		p.add(e)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	p.finish()
	return p.entries, nil
}

// Rooms returns the rooms with a log, the most recently spoken in first. It
// reads as many rooms as it returns.
func (s *Store) Rooms(ctx context.Context, limit int) ([]chat.RoomHead, error) {
	rows, err := s.read.rooms.QueryContext(ctx, max(limit, 0)) // negative would be no limit to SQLite
	if err != nil {
		return nil, s.failed(err, "list rooms")
	}
	defer rows.Close()
	var heads []chat.RoomHead
	for rows.Next() {
		var h chat.RoomHead
		if err := rows.Scan(&h.Room, &h.Head, &h.At); err != nil {
			return nil, s.failed(err, "list rooms")
		}
		heads = append(heads, h)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err, "list rooms")
	}
	return heads, nil
}

// failed says what was tried, and why it failed in the words of this package.
func (s *Store) failed(err error, tried string, args ...any) error {
	if s.writer.isClosed() {
		err = ErrClosed // the pool's own words for it are a driver's
	}
	return fmt.Errorf(tried+": %w", append(args, classify(err))...)
}
