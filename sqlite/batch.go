package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"parley/chat"
	"parley/planted"
)

// cachedRooms is how many rooms' heads the writer remembers at least: about
// 100 bytes each. Others it looks up.
const cachedRooms = 4096

// roomHead is the end of a room's log.
type roomHead struct {
	id   int64 // 0: the room has no row yet
	head uint64
	at   int64
}

// batch is one transaction of the writer. What it changes is seen by the calls
// in it at once, and by others only after publish.
type batch struct {
	*writer
	ctx       context.Context
	heads     map[string]roomHead // of the rooms this batch adds to
	wiped     bool                // a text or a name was overwritten
	published []func()
}

// head returns a room's head as this batch has made it so far.
func (b *batch) head(room string) (roomHead, error) {
	if h, ok := b.heads[room]; ok {
		return h, nil
	}
	if h, ok := b.writer.heads.get(room); ok {
		return h, nil
	}
	var h roomHead
	err := b.st.findRoom.QueryRowContext(b.ctx, room).Scan(&h.id, &h.head, &h.at)
	if errors.Is(err, sql.ErrNoRows) {
		return roomHead{}, nil
	}
	return h, err
}

// addRoom makes the row of a room that is spoken in for the first time.
func (b *batch) addRoom(room string) (roomHead, error) {
	result, err := b.st.addRoom.ExecContext(b.ctx, room)
	if err != nil {
		return roomHead{}, err
	}
	id, err := result.LastInsertId()
	return roomHead{id: id}, err
}

// storeHeads writes each room's head once, however many calls added to it.
func (b *batch) storeHeads() error {
	for _, h := range b.heads {
		if _, err := b.st.setHead.ExecContext(b.ctx, h.head, h.at, h.id); err != nil {
			return err
		}
	}
	return nil
}

// publish makes the caches say what is now in the file.
func (b *batch) publish() {
	for room, h := range b.heads {
		b.writer.heads.put(room, h)
	}
	if b.wiped {
		b.writer.scrubSoon(scrubDelay)
	}
	for _, publish := range b.published {
		publish()
	}
}

// writerStatements are prepared once, for the one connection that writes.
type writerStatements struct {
	begin, commit, rollback                                    *sql.Stmt
	findRoom, addRoom, setHead                                 *sql.Stmt
	addEntry, findEntry                                        *sql.Stmt
	entryAt, wipeEntry                                         *sql.Stmt
	personAt, nameHolder, putPerson, noteSeen, releaseSkeleton *sql.Stmt
	formerOf, putFormer, dropFormer                            *sql.Stmt
	putRule, takeRule, useRule, putAct                         *sql.Stmt
}

func (st *writerStatements) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&st.begin:    "BEGIN IMMEDIATE",
		&st.commit:   "COMMIT",
		&st.rollback: "ROLLBACK",
		&st.findRoom: "SELECT id, head, at FROM room WHERE name = ?",
		&st.addRoom:  "INSERT INTO room (name, head, at) VALUES (?, 0, 0)",
		&st.setHead:  "UPDATE room SET head = ?, at = ? WHERE id = ?",
		&st.addEntry: `INSERT INTO entry (room, seq, kind, at, person, sender, client, text, target, edited, deleted, checksum)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1 << 60, 1 << 60, ?)
			ON CONFLICT (room, person, client) WHERE client <> '' DO NOTHING`,
		// client <> '' says nothing new, but without it SQLite may not use entry_once.
		&st.findEntry: selectEntry + "WHERE e.room = ? AND e.person = ? AND e.client = ? AND e.client <> ''",

		&st.entryAt: selectEntry + "WHERE e.room = ? AND e.seq = ?",
		&st.wipeEntry: `UPDATE entry SET text = CAST(zeroblob(octet_length(text)) AS TEXT), edited = ?, deleted = ?, checksum = ?
			WHERE room = ? AND seq = ?`,

		&st.personAt:   "SELECT " + personColumns + " FROM person WHERE id = ?",
		&st.nameHolder: "SELECT id FROM person WHERE skeleton = ?",
		&st.putPerson: `INSERT INTO person (` + personColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, skeleton = excluded.skeleton, session = excluded.session,
				holder = excluded.holder, created = excluded.created, seen = excluded.seen,
				admitted = excluded.admitted, role = excluded.role, former = excluded.former`,
		&st.formerOf:   "SELECT former FROM person WHERE id = ?",
		&st.putFormer:  "INSERT INTO former (hash, person) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET person = excluded.person",
		&st.dropFormer: "DELETE FROM former WHERE hash = ?",
		&st.putRule: `INSERT INTO rule (` + ruleColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (kind, room, subject) DO UPDATE SET value = excluded.value, text = excluded.text, reason = excluded.reason,
				name = excluded.name, person = excluded.person, sender = excluded.sender, at = excluded.at, until = excluded.until`,
		&st.takeRule: "DELETE FROM rule WHERE kind = ? AND room = ? AND subject = ? RETURNING " + ruleColumns,
		&st.useRule: `UPDATE rule SET value = max(value - 1, 0) WHERE kind = ? AND room = ? AND subject = ?
			RETURNING ` + ruleColumns,
		&st.putAct:          "INSERT INTO act (at, person, sender, do, room, whom, name, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq",
		&st.noteSeen:        "UPDATE person SET seen = max(seen, ?), holder = '' WHERE id = ? RETURNING " + personColumns,
		&st.releaseSkeleton: "UPDATE person SET skeleton = NULL, holder = '' WHERE id = ? AND holder = ? AND skeleton IS NOT NULL",
	}
}

func prepareWriter(ctx context.Context, conn *sql.Conn) (*writerStatements, error) {
	st := new(writerStatements)
	for into, query := range st.all() {
		var err error
		if *into, err = conn.PrepareContext(ctx, query); err != nil {
			st.close()
			return nil, err
		}
	}
	return st, nil
}

func (st *writerStatements) close() (err error) {
	for prepared := range st.all() {
		if *prepared != nil {
			err = errors.Join(err, (*prepared).Close())
		}
	}
	return err
}

// selectEntry reads what scanEntry scans; a condition on e follows.
const selectEntry = `SELECT e.seq, e.kind, e.at, e.person, e.sender, e.client, e.text, coalesce(n.text, ''), e.target, e.edited, e.deleted, e.checksum
	FROM entry AS e LEFT JOIN entry AS n ON n.room = e.room AND n.seq = e.edited - (1 << 60) `

// scanEntry reads an entry of a room and compares its checksum. One that does
// not match has nothing but the sequence that the row claims.
func scanEntry(scan func(...any) error, room string, scratch []byte) (chat.Entry, []byte, error) {
	var e chat.Entry
	var newest string                                  // what an edit has made of a message
	var seq, kind, target, edited, deleted, want int64 // as the driver has them; database/sql would convert by way of strings
	err := scan(&seq, &kind, &e.At, &e.Person, &e.From, &e.ID, &e.Text, &newest, &target, &edited, &deleted, &want)
	if err != nil {
		return e, scratch, err
	}
	e.Seq, e.Kind, e.Target = uint64(seq), chat.Kind(kind), uint64(target)
	e.Edited, e.Deleted = uint64(edited-fixed), uint64(deleted-fixed)
	switch {
	case e.Deleted != 0:
		e.Text = ""
	case e.Edited != 0:
		e.Text = newest
	}
	got, scratch := checksum(scratch, room, &e)
	if int64(got) != want-fixed && forgotten(e.From) {
		e.From = ""
		got, scratch = checksum(scratch, room, &e)
	}
	if (int64(got) != want-fixed || int64(e.Kind) != kind) && !planted.Is(planted.NoChecksum) {
		return chat.Entry{Seq: e.Seq, Lost: true}, scratch, nil
	}
	if e.Kind != chat.KindMessage {
		e.Deleted = 0 // an edit that was replaced has no text, and that is all
	}
	return e, scratch, nil
}
