package dynamo

import (
	"context"
	"fmt"
	"slices"

	"parley/chat"
)

// How an edit or delete of a message gets into the log, with no transaction:
//
//  1. the message's row notes "n may be a change of mine"    (one conditional write)
//  2. the change's own row at n, as any entry                (append.go; from here on it is done)
//  3. the edit before loses its text, if there was one       (one conditional write)
//  4. the message's row gets the new text, or none, and the note goes
//
// Whoever reads a message with a note looks at n: what stands there counts, so
// all see the change from step 2 on, wherever a function died. And whoever finds
// a note that is done does steps 3 and 4, as does the sender's next attempt. An
// edit's text counts only while its message says that it is the newest. A note
// for a sequence that went to somebody else is dropped.
//
// Each write of a row is conditional on the version that was read, so a note is
// never lost: a change can only be at n if the message's row had said so before.

// maxSettling bounds how often rows are read again because others changed them.
const maxSettling = 50

// change is an edit or delete on its way into the log.
type change struct {
	*Store
	room string
	row  *commit // the message's
	i    int     // where in it
}

// mayChange returns the message that an edit or delete is for, or what to answer
// instead of adding it.
func (a *appending) mayChange(ctx context.Context, e chat.Entry) (*change, *chat.Appended, error) {
	l := lookup{Store: a.Store, room: a.room}
	row, i, err := l.holding(ctx, e.Target)
	if err != nil {
		return nil, nil, err
	}
	var target state
	if row != nil {
		if target, err = l.now(ctx, row.entries[i]); err != nil {
			return nil, nil, err
		}
		if target.ahead {
			a.heal(ctx, a.room, e.Target)
		}
	}
	refusal := chat.CheckChange(e, target.Entry)
	if refusal == nil && target.Deleted == 0 {
		return &change{a.Store, a.room, row, i}, nil, nil
	}
	deleted := target.Deleted
	if refusal != nil {
		deleted = 0 // not this one's to hear of
	}
	first, err := a.first(ctx, &l, e, deleted)
	switch {
	case err != nil:
		return nil, nil, err
	case first != nil:
		return nil, &chat.Appended{Entry: *first, Repeat: true}, nil
	case refusal == nil:
		return nil, nil, fmt.Errorf("the delete at %d of the message at %d is missing", target.Deleted, e.Target)
	}
	return nil, &chat.Appended{Entry: e, Refused: refusal}, nil
}

// first returns the entry that a change repeats which cannot be made any more:
// that of its id, or the delete.
func (a *appending) first(ctx context.Context, l *lookup, e chat.Entry, deleted uint64) (*chat.Entry, error) {
	if e.ID != "" {
		claim, err := a.get(ctx, claimKey(e.Person, a.room, e.ID))
		if err != nil {
			return nil, err
		}
		row, _, err := l.holding(ctx, getUint(claim, "seq"))
		if err != nil {
			return nil, err
		}
		if row != nil && row.find(e.Person, e.ID) != nil {
			there, err := l.shown(ctx, *row.find(e.Person, e.ID))
			return &there, err
		}
	}
	row, i, err := l.holding(ctx, deleted)
	if err != nil || row == nil {
		return nil, err
	}
	return &row.entries[i].Entry, nil
}

// note does step 1. ok is false where others changed the row since it was read.
func (c *change) note(ctx context.Context, n uint64) (ok bool, err error) {
	pending := &c.row.entries[c.i].pending
	if slices.Contains(*pending, n) {
		return true, nil
	}
	*pending = append(*pending, n)
	err = c.rewrite(ctx, c.room, c.row)
	_, changed := refused(err)
	if changed {
		return false, nil
	}
	return err == nil, err
}

// foundUnder is the sequence of the row that has the message.
func (c *change) foundUnder() uint64 {
	if c == nil {
		return 0
	}
	return c.row.first
}

// finish does what is left after step 2. The change is done, whether or not its
// message's row can be told. If an earlier delete turns out to have come between,
// it is an edit without a text.
func (c *change) finish(ctx context.Context, own *commit) chat.Entry {
	e := own.entries[0].Entry
	now, err := c.settle(ctx, c.room, e.Target, own, c.row)
	if err != nil {
		c.unsettled(e.Target, err)
	} else if e.Kind == chat.KindEdit && now.Edited != e.Seq {
		e.Text = ""
	}
	return e
}

// rewrite puts a row that was read in place of itself, under its next version.
func (s *Store) rewrite(ctx context.Context, room string, c *commit) error {
	unchanged := is("version", number(c.version))
	if c.version == 0 {
		unchanged = condition{is: "attribute_exists(" + partitionKey + ") AND attribute_not_exists(#version)"}
	}
	c.version++
	return s.put(ctx, c.row(room), unchanged)
}

// settle does steps 3 and 4 for all changes of a message that are in the log,
// and returns the message as it then is. known are rows as they were just written.
func (s *Store) settle(ctx context.Context, room string, seq uint64, known ...*commit) (chat.Entry, error) {
	for range maxSettling {
		l := lookup{Store: s, room: room, rows: known}
		known = nil // from now on they may be others
		row, i, err := l.holding(ctx, seq)
		if err != nil || row == nil {
			return chat.Entry{}, err
		}
		target, err := l.now(ctx, row.entries[i])
		if err != nil || !target.ahead {
			return target.Entry, err
		}
		wiped := true
		for _, edit := range target.replaced {
			if wiped, err = s.wipe(ctx, &l, edit); err != nil || !wiped {
				break
			}
		}
		if err != nil {
			return target.Entry, err
		}
		if !wiped {
			continue
		}
		row.entries[i].Entry, row.entries[i].pending = target.Entry, target.rest
		err = s.rewrite(ctx, room, row)
		if _, changed := refused(err); !changed {
			return target.Entry, err
		}
	}
	return chat.Entry{}, fmt.Errorf("settle the message at %d of room %q: others changed it %d times", seq, room, maxSettling)
}

// wipe takes the text from an edit that was replaced. ok is false where its row
// was changed meanwhile.
func (s *Store) wipe(ctx context.Context, l *lookup, edit uint64) (ok bool, err error) {
	row, i, err := l.holding(ctx, edit)
	if err != nil || row == nil || row.entries[i].Text == "" {
		return true, err
	}
	row.entries[i].Text = ""
	err = s.rewrite(ctx, l.room, row)
	if _, changed := refused(err); changed {
		return false, nil
	}
	return err == nil, err
}

// heal is settle where nobody waits for it: what it could not do the next one
// does who comes by.
func (s *Store) heal(ctx context.Context, room string, seq uint64) {
	if _, err := s.settle(ctx, room, seq); err != nil {
		s.unsettled(seq, err)
	}
}

func (s *Store) unsettled(seq uint64, err error) {
	s.logger.Warn("a text that was replaced stays in the table until somebody reads it", "seq", seq, "error", err)
}
