package dynamo

import (
	"context"
	"fmt"
	"slices"

	"parley/chat"
)

// firstRows is how many rows the first call of a range looks at: more than fit
// a page of history, and few where texts are long, as what is read is billed.
const firstRows = 128

// Range returns entries oldest first; see chat.MessageLog. A sequence without a
// row, which only a hand in the table can make, is Lost.
//
// Consistent, although it costs double: a range that ends at the head which was
// just read must have the newest entry.
func (s *Store) Range(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	r := reading{from: max(from, 1), to: to, maxBytes: maxBytes}
	entries, err := r.run(ctx, s, room)
	if err != nil {
		return nil, fmt.Errorf("read room %q from %d to %d: %w", room, from, to, err)
	}
	return entries, nil
}

// RangeBack returns the same entries newest first.
func (s *Store) RangeBack(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	r := reading{from: max(from, 1), to: to, maxBytes: maxBytes, back: true}
	entries, err := r.run(ctx, s, room)
	if err != nil {
		return nil, fmt.Errorf("read room %q from %d back to %d: %w", room, to, from, err)
	}
	return entries, nil
}

// reading is a range on its way out of the log.
type reading struct {
	from, to uint64 // not read yet
	back     bool
	maxBytes int

	entries []stored
	rows    []*commit // that they are of
	bytes   int
	full    bool
}

// run reads the rows, and then shows the entries as they are now.
func (r *reading) run(ctx context.Context, s *Store, room string) ([]chat.Entry, error) {
	if err := r.read(ctx, s, room); err != nil {
		return nil, err
	}
	l := lookup{Store: s, room: room, rows: r.rows}
	if err := l.prefetch(ctx, r.entries); err != nil {
		return nil, err
	}
	var shown []chat.Entry
	for _, e := range r.entries {
		now, err := l.shown(ctx, e)
		if err != nil {
			return nil, err
		}
		shown = append(shown, now)
	}
	return shown, nil
}

func (r *reading) read(ctx context.Context, s *Store, room string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.from > r.to {
		return nil
	}
	// The row that has from may begin before it.
	first := r.from - min(r.from-1, maxCommitEntries-1)
	from, to := first, r.to
	for limit := firstRows; ; limit = 0 {
		q := query{
			partition: logPartition(room), back: r.back, limit: limit,
			sort: sortKey + " BETWEEN :from AND :to", from: sequenceKey(from), to: sequenceKey(to),
		}
		for p, err := range s.pages(ctx, q) {
			if err != nil {
				return err
			}
			for _, row := range p.rows {
				c := parseCommit(row)
				r.rows = append(r.rows, &c)
				if err := r.skipTrimmed(ctx, s, room, &c); err != nil {
					return err
				}
				r.add(c.entries)
				if r.back {
					to = c.first - 1
				} else {
					from = c.first + 1
				}
			}
			if r.full || !p.more {
				return nil
			}
			if limit > 0 {
				break // what follows is read without a limit, 1 MB at a time
			}
		}
		if from > to {
			return nil
		}
	}
}

// skipTrimmed goes on above the floor: what is missing below it is not lost.
func (r *reading) skipTrimmed(ctx context.Context, s *Store, room string, c *commit) error {
	floor := c.floor
	if !r.back && len(r.entries) == 0 && c.first > r.from {
		var err error
		if floor, err = s.floor(ctx, room); err != nil {
			return err
		}
	}
	r.from = max(r.from, floor+1)
	return nil
}

func (r *reading) add(entries []stored) {
	if r.back {
		entries = slices.Clone(entries)
		slices.Reverse(entries)
	}
	for _, e := range entries {
		if e.Seq < r.from || e.Seq > r.to {
			continue
		}
		// Back from beyond the head, the first row is the head and nothing is missing.
		for !r.full && r.next() != e.Seq && (!r.back || len(r.entries) > 0) {
			r.take(stored{Entry: chat.Entry{Seq: r.next(), Lost: true}})
		}
		if !r.full {
			r.take(e)
		}
	}
}

func (r *reading) next() uint64 {
	if r.back {
		return r.to
	}
	return r.from
}

// lostBytes is what a lost entry counts for, so that a wild sequence in the
// table cannot make a page without end.
const lostBytes = 1 << 10

func (r *reading) take(e stored) {
	if r.bytes += len(e.Text); e.Lost {
		r.bytes += lostBytes
	}
	if r.bytes > r.maxBytes && len(r.entries) > 0 {
		r.full = true
		return
	}
	r.entries = append(r.entries, e)
	if r.back {
		r.to = e.Seq - 1
	} else {
		r.from = e.Seq + 1
	}
}
