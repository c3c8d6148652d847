package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"parley/chat"
)

// slice is how many entries one transaction overwrites, so that nobody's message
// waits long behind it.
const slice = 100

// SaidBy yields where a person's messages stand that have a text still. It reads
// the log through, in pieces, beside the writer: an index for it would cost each
// message more than this is ever worth.
func (s *Store) SaidBy(ctx context.Context, person chat.PersonID, room string) iter.Seq2[chat.Place, error] {
	const query = `SELECT e.id, r.name, e.seq FROM entry AS e JOIN room AS r ON r.id = e.room
		WHERE e.id > ? AND e.person = ? AND e.kind = 1 AND e.deleted = 1 << 60 AND e.seq > r.floor AND (? = '' OR r.name = ?)
		ORDER BY e.id LIMIT ?`
	return func(yield func(chat.Place, error) bool) {
		for after := int64(0); ; {
			places, last, err := s.places(ctx, query, after, person, room, room, slice)
			if err != nil {
				yield(chat.Place{}, s.failed(err, "look for what a person said"))
				return
			}
			for _, p := range places {
				if !yield(p, nil) {
					return
				}
			}
			if len(places) < slice {
				return
			}
			after = last
		}
	}
}

func (s *Store) places(ctx context.Context, query string, args ...any) (places []chat.Place, last int64, err error) {
	rows, err := s.read.pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var p chat.Place
		if err := rows.Scan(&last, &p.Room, &p.Seq); err != nil {
			return nil, 0, err
		}
		places = append(places, p)
	}
	return places, last, rows.Err()
}

// forgotten tells whether a name was overwritten.
func forgotten(name string) bool { return name != "" && strings.Trim(name, "\x00") == "" }

// ForgetSender overwrites the name of a person in all entries; see chat.Eraser.
func (s *Store) ForgetSender(ctx context.Context, person chat.PersonID) error {
	const query = `SELECT e.id, r.name, e.seq FROM entry AS e JOIN room AS r ON r.id = e.room
		WHERE e.id > ? AND e.person = ? AND trim(e.sender, char(0)) <> '' ORDER BY e.id LIMIT ?`
	for after := int64(0); ; {
		places, last, err := s.places(ctx, query, after, person, slice)
		if err != nil {
			return s.failed(err, "look for entries of a person")
		}
		if len(places) == 0 {
			return nil
		}
		err = s.overwrite(ctx, places, func(e chat.Entry) chat.Entry { return e })
		if err != nil {
			return fmt.Errorf("forget who said it: %w", err)
		}
		after = last
	}
}

// Trim overwrites what lies below a room's new floor; see chat.Eraser. The places
// are kept: were rows deleted, others would move, and leave copies behind.
func (s *Store) Trim(ctx context.Context, room string, floor uint64) error {
	id, present, head, err := s.read.bounds(ctx, room)
	if err != nil {
		return s.failed(err, "read the extent of room %q", room)
	}
	if floor <= present || floor > head {
		return nil
	}
	for from := present + 1; from <= floor; from += slice {
		to := min(floor, from+slice-1)
		var places []chat.Place
		for seq := from; seq <= to; seq++ {
			places = append(places, chat.Place{Room: room, Seq: seq})
		}
		err := s.overwrite(ctx, places, func(e chat.Entry) chat.Entry {
			e.Text = ""
			if e.Deleted == 0 {
				e.Deleted = e.Seq
			}
			return e
		}, func(b *batch) error { // what has gone and what is not shown change together
			_, err := b.conn.ExecContext(b.ctx, "UPDATE room SET floor = max(floor, ?) WHERE id = ?", int64(to), id)
			return err
		})
		if err != nil {
			return fmt.Errorf("trim room %q: %w", room, err)
		}
	}
	return nil
}

// overwrite makes entries what become says, without the name of who said them.
func (s *Store) overwrite(ctx context.Context, places []chat.Place, become func(chat.Entry) chat.Entry, also ...func(*batch) error) error {
	return s.writer.submit(ctx, 0, func(b *batch) error {
		if err := b.mustScrub(); err != nil {
			return err
		}
		for _, p := range places {
			h, err := b.head(p.Room)
			if err != nil {
				return err
			}
			e, found, err := b.stored(p.Room, h.id, p.Seq)
			if err != nil {
				return err
			}
			if !found { // damaged: its checksum stays wrong
				const query = `UPDATE entry SET sender = CAST(zeroblob(octet_length(sender)) AS TEXT),
					text = CAST(zeroblob(octet_length(text)) AS TEXT) WHERE room = ? AND seq = ?`
				if _, err := b.conn.ExecContext(b.ctx, query, h.id, int64(p.Seq)); err != nil {
					return err
				}
				continue
			}
			text := e.Text
			e = become(e)
			e.From = ""
			sum, scratch := checksum(b.scratch, p.Room, &e)
			b.scratch = scratch
			const query = `UPDATE entry SET sender = CAST(zeroblob(octet_length(sender)) AS TEXT), deleted = ?, checksum = ?,
				text = CASE WHEN ? THEN text ELSE CAST(zeroblob(octet_length(text)) AS TEXT) END WHERE room = ? AND seq = ?`
			if _, err := b.conn.ExecContext(b.ctx, query, int64(e.Deleted)+fixed, int64(sum)+fixed, text == e.Text, h.id, int64(p.Seq)); err != nil {
				return err
			}
		}
		for _, do := range also {
			if err := do(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// stored reads an entry with all that its checksum is of. What is damaged is not
// made whole by it.
func (b *batch) stored(room string, id int64, seq uint64) (e chat.Entry, found bool, err error) {
	e, found, err = b.entry(room, b.st.entryAt, id, int64(seq))
	if err != nil || !found || e.Lost {
		return e, found && !e.Lost, err
	}
	if e.Kind != chat.KindMessage { // entry does not tell of an edit that it was replaced
		var deleted int64
		err = b.conn.QueryRowContext(b.ctx, "SELECT deleted FROM entry WHERE room = ? AND seq = ?", id, int64(seq)).Scan(&deleted)
		e.Deleted = uint64(deleted - fixed)
	}
	return e, true, err
}

// Aged returns the sequence of the newest entry that was made before at. Entries
// are made in the order of time, so it is found by halving.
func (s *Store) Aged(ctx context.Context, room string, at int64) (uint64, error) {
	id, floor, head, err := s.read.bounds(ctx, room)
	if err != nil {
		return 0, s.failed(err, "read the extent of room %q", room)
	}
	low, high := floor, head // low was made before at or is the floor, what is above high was not
	for low < high {
		middle := low + (high-low+1)/2
		var made int64
		// The next one, where a damaged file has lost it.
		const query = "SELECT at FROM entry WHERE room = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1"
		err := s.read.pool.QueryRowContext(ctx, query, id, int64(middle), int64(high)).Scan(&made)
		if errors.Is(err, sql.ErrNoRows) {
			high = middle - 1
			continue
		}
		if err != nil {
			return 0, s.failed(err, "look for the age of entry %d", middle)
		}
		if made < at {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if low == floor {
		return 0, nil
	}
	return low, nil
}

// ErasePerson removes a person; see chat.PeopleEraser.
func (s *Store) ErasePerson(ctx context.Context, id chat.PersonID) error {
	err := s.writer.submit(ctx, 0, func(b *batch) error {
		b.published = append(b.published, func() { b.people.forget(id) })
		if err := b.putFormer(chat.Person{ID: id}); err != nil {
			return err
		}
		return b.erase("DELETE FROM person WHERE id = ?", id)
	})
	if err != nil {
		return fmt.Errorf("erase a person: %w", err)
	}
	return nil
}

// ForgetActs empties the names of a person in the audit log, and those that rules
// have, with the reasons beside them; see chat.Rules.
func (s *Store) ForgetActs(ctx context.Context, person chat.PersonID) error {
	err := s.writer.submit(ctx, 0, func(b *batch) error {
		err := b.erase(`UPDATE act SET sender = CASE person WHEN ?1 THEN '' ELSE sender END,
			name = CASE whom WHEN ?1 THEN '' ELSE name END, detail = CASE whom WHEN ?1 THEN '' ELSE detail END WHERE ?1 IN (person, whom)`, person)
		if err != nil {
			return err
		}
		return b.erase(`UPDATE rule SET name = CASE subject WHEN ?1 THEN '' ELSE name END, reason = CASE subject WHEN ?1 THEN '' ELSE reason END,
			sender = CASE person WHEN ?1 THEN '' ELSE sender END WHERE ?1 IN (person, subject)`, person)
	})
	if err != nil {
		return fmt.Errorf("forget a name in the audit log: %w", err)
	}
	return nil
}

// erase changes a table with names in it, and has the copies go that are left.
func (b *batch) erase(change string, args ...any) error {
	result, err := b.conn.ExecContext(b.ctx, change, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return b.mustScrub()
}

// mustScrub notes, with what was wiped, that copies of it may be left: until scrub
// has been here, whatever happens to this process.
func (b *batch) mustScrub() error {
	b.wiped = true
	_, err := b.conn.ExecContext(b.ctx, "INSERT INTO meta (key, value) VALUES ('wiped', '') ON CONFLICT DO NOTHING")
	return err
}

// remake makes the tables anew that have names in rows which move: SQLite zeroes
// the pages of the old ones (secure_delete), with all copies in them.
func remake(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for table, schema := range map[string]string{"person": personTable, "rule": ruleTable, "act": actTable} {
		anew := fmt.Sprintf("%[2]s INSERT INTO %[1]s_new SELECT * FROM %[1]s; DROP TABLE %[1]s; ALTER TABLE %[1]s_new RENAME TO %[1]s", table, schema) // #nosec G201 -- all three are constants
		if _, err := tx.ExecContext(ctx, anew); err != nil {
			return fmt.Errorf("make table %s anew: %w", table, err)
		}
	}
	return tx.Commit()
}

// isWiped tells whether mustScrub has noted something.
func isWiped(ctx context.Context, conn *sql.Conn) (wiped bool, err error) {
	err = conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'wiped')").Scan(&wiped)
	return wiped, err
}

func unmarkWiped(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "DELETE FROM meta WHERE key = 'wiped'")
	return err
}
