package dynamo

import (
	"context"
	"slices"

	"parley/chat"
)

// lookup finds entries of a room's log, each row read once.
type lookup struct {
	*Store
	room string
	rows []*commit
}

// holding returns the row that has a sequence, and where in it; nil if there is
// none, or it was trimmed.
func (l *lookup) holding(ctx context.Context, seq uint64) (*commit, int, error) {
	c, err := l.around(ctx, seq)
	if err != nil || c == nil || seq <= c.floor {
		return nil, 0, err
	}
	return c, int(seq - c.first), nil
}

// around returns the row that has a sequence; nil if there is none.
func (l *lookup) around(ctx context.Context, seq uint64) (*commit, error) {
	if seq == 0 {
		return nil, nil
	}
	for _, c := range l.rows {
		if c.first <= seq && seq <= c.last() {
			return c, nil
		}
	}
	q := query{
		partition: logPartition(l.room), back: true, limit: 1,
		sort: sortKey + " BETWEEN :from AND :to", from: sequenceKey(seq - min(seq-1, maxCommitEntries-1)), to: sequenceKey(seq),
	}
	for p, err := range l.pages(ctx, q) {
		if err != nil {
			return nil, err
		}
		if len(p.rows) == 0 {
			continue
		}
		c := parseCommit(p.rows[0])
		if seq > c.last() {
			return nil, nil
		}
		l.rows = append(l.rows, &c)
		return &c, nil
	}
	return nil, nil
}

// state is a message as it is now, whatever its row says yet.
type state struct {
	chat.Entry
	replaced []uint64 // edits of it whose text has to go
	rest     []uint64 // pending sequences at which there is nothing yet
	ahead    bool     // the row does not say so yet
}

// now looks at what may have changed a message.
func (l *lookup) now(ctx context.Context, e stored) (state, error) {
	s := state{Entry: e.Entry}
	slices.Sort(e.pending)
	var edits []uint64
	if e.Edited != 0 {
		edits = append(edits, e.Edited)
	}
	for _, n := range e.pending {
		row, i, err := l.holding(ctx, n)
		if err != nil {
			return s, err
		}
		if row == nil {
			s.rest = append(s.rest, n)
			continue
		}
		change := row.entries[i]
		if change.Kind == chat.KindMessage || change.Target != e.Seq || change.Lost {
			continue // it went to something else
		}
		if change.Kind == chat.KindEdit {
			edits = append(edits, n)
		}
		s.Entry = s.Changed(change.Entry)
	}
	s.ahead = len(s.rest) < len(e.pending)
	for _, n := range edits {
		if n != s.Edited {
			s.replaced = append(s.replaced, n)
		}
	}
	return s, nil
}

// shown returns an entry as a reader is to see it: a message as it is now, an
// edit with its text only while that is its message's.
func (l *lookup) shown(ctx context.Context, e stored) (chat.Entry, error) {
	switch {
	case e.Kind == chat.KindMessage && len(e.pending) > 0:
		now, err := l.now(ctx, e)
		if now.ahead {
			l.heal(ctx, l.room, e.Seq)
		}
		return now.Entry, err
	case e.Kind == chat.KindEdit && e.Text != "":
		now, err := l.target(ctx, e)
		if err == nil && now.Deleted == 0 && now.Edited < e.Seq {
			// The message was read before it noted this edit, which is in the log since.
			l.rows = slices.DeleteFunc(l.rows, func(c *commit) bool { return c.first <= e.Target && e.Target <= c.last() })
			now, err = l.target(ctx, e)
		}
		if now.Edited != e.Seq {
			e.Text = ""
		}
		return e.Entry, err
	}
	return e.Entry, nil
}

// target returns the message of an edit, the zero state if it is not there.
func (l *lookup) target(ctx context.Context, e stored) (state, error) {
	row, i, err := l.holding(ctx, e.Target)
	if err != nil || row == nil {
		return state{}, err
	}
	now, err := l.now(ctx, row.entries[i])
	if now.ahead {
		l.heal(ctx, l.room, e.Target)
	}
	return now, err
}

// prefetch reads the rows of messages whose edits are about to be shown, up to
// 100 in one call.
func (l *lookup) prefetch(ctx context.Context, entries []stored) error {
	var keys []item
	asked := make(map[uint64]bool)
	for _, e := range entries {
		known := slices.ContainsFunc(l.rows, func(c *commit) bool { return c.first == e.row })
		if e.Kind != chat.KindEdit || e.Text == "" || e.row == 0 || known || asked[e.row] {
			continue
		}
		asked[e.row] = true
		keys = append(keys, key(logPartition(l.room), sequenceKey(e.row)))
	}
	for len(keys) > 0 {
		n := min(len(keys), batchKeys)
		rows, rest, err := l.getBatch(ctx, keys[:n], false)
		if err != nil {
			return err
		}
		for _, row := range rows {
			c := parseCommit(row)
			l.rows = append(l.rows, &c)
		}
		keys = append(rest, keys[n:]...)
	}
	return nil
}
