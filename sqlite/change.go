package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"parley/chat"
)

// mayChange returns the message that an edit or delete is for, or what to
// answer instead of adding it: the first of its id, or why it is refused.
func (b *batch) mayChange(id int64, room string, e chat.Entry) (target chat.Entry, instead *chat.Appended, err error) {
	if e.ID != "" {
		first, found, err := b.entry(room, b.st.findEntry, id, e.Person, e.ID)
		if err != nil {
			return target, nil, fmt.Errorf("find the first entry with id %q: %w", e.ID, err)
		}
		if found {
			return target, &chat.Appended{Entry: first, Repeat: true}, nil
		}
	}
	if target, _, err = b.entry(room, b.st.entryAt, id, int64(e.Target)); err != nil {
		return target, nil, fmt.Errorf("find entry %d: %w", e.Target, err)
	}
	if refused := chat.CheckChange(e, target); refused != nil {
		return target, &chat.Appended{Entry: e, Refused: refused}, nil
	}
	if target.Deleted == 0 {
		return target, nil, nil
	}
	first, _, err := b.entry(room, b.st.entryAt, id, int64(target.Deleted))
	if err != nil {
		return target, nil, fmt.Errorf("find entry %d: %w", target.Deleted, err)
	}
	return target, &chat.Appended{Entry: first, Repeat: true}, nil
}

// change makes the message what the edit or delete makes of it, and overwrites
// the text that it had: in its own row, or in that of the edit before. What the
// write-ahead log still has of it, scrub takes from there.
func (b *batch) change(id int64, room string, target, by chat.Entry) error {
	b.wiped = true
	if err := b.wipe(id, room, target.Changed(by)); err != nil || target.Edited == 0 {
		return err
	}
	edit, found, err := b.entry(room, b.st.entryAt, id, int64(target.Edited))
	if err != nil || !found {
		return err
	}
	edit.Text, edit.Deleted = "", by.Seq // one that is damaged stays so, and loses its text as well
	return b.wipe(id, room, edit)
}

// wipe stores what an entry is now, and overwrites the text in its own row.
func (b *batch) wipe(id int64, room string, e chat.Entry) error {
	sum, scratch := checksum(b.scratch, room, &e)
	b.scratch = scratch
	_, err := b.st.wipeEntry.ExecContext(b.ctx, int64(e.Edited)+fixed, int64(e.Deleted)+fixed, int64(sum)+fixed, id, int64(e.Seq))
	return err
}

// entry reads the entry that a statement finds.
func (b *batch) entry(room string, find *sql.Stmt, args ...any) (e chat.Entry, found bool, err error) {
	e, scratch, err := scanEntry(find.QueryRowContext(b.ctx, args...).Scan, room, b.scratch)
	b.scratch = scratch
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Entry{}, false, nil
	}
	return e, err == nil, err
}
