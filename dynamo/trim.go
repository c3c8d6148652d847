package dynamo

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"

	"parley/chat"
)

// How a log's oldest entries go, with no transaction:
//
//  1. the floor is raised to one less than it is to be       (one conditional write)
//  2. the row that has the floor-to-be is emptied up to it   (one conditional write)
//  3. claims and rows below go, some at a time from the oldest on
//  4. the floor is raised to what it is to be                (one conditional write)
//
// Whoever dies in between leaves rows below the floor, which nobody is shown, and
// a floor for which Trim is called again. The row that has the floor stays until
// it is raised anew, empty: it may be the head, after which the next entry comes.

// floor returns a room's floor. One consistent get.
func (s *Store) floor(ctx context.Context, room string) (uint64, error) {
	row, err := s.get(ctx, floorKey(room))
	return getUint(row, "floor"), err
}

// Trim raises the floor of a room's log, and takes what lies below for good. Two
// writes and a query for each row of the log, and a write for each entry.
func (s *Store) Trim(ctx context.Context, room string, floor uint64) error {
	if err := s.trim(ctx, room, floor); err != nil {
		return fmt.Errorf("trim room %q to %d: %w", room, floor, err)
	}
	return nil
}

func (s *Store) trim(ctx context.Context, room string, floor uint64) error {
	h, err := s.head(ctx, room)
	if err != nil || floor > h.seq {
		return err
	}
	now, err := s.floor(ctx, room)
	if err != nil || floor <= now {
		return err
	}
	if err := s.raise(ctx, room, floor-1); err != nil {
		return err
	}
	if err := s.empty(ctx, room, floor); err != nil {
		return err
	}
	q := query{partition: logPartition(room), sort: sortKey + " <= :to", to: sequenceKey(floor)}
	for p, err := range s.pages(ctx, q) {
		if err != nil {
			return err
		}
		if err := s.takeAwayAll(ctx, room, p.rows, floor); err != nil {
			return err
		}
	}
	return s.raise(ctx, room, floor)
}

// trimWidth is how many rows go at the same time. DynamoDB takes 1,000 writes a
// second in one partition; where each call takes 5 ms, this makes 400 and leaves
// the others to those who speak in the room.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
const trimWidth = 4

// takeAwayAll is takeAway for many rows. It stops at the first error.
func (s *Store) takeAwayAll(ctx context.Context, room string, rows []item, floor uint64) error {
	var (
		all    sync.WaitGroup
		failed atomic.Bool
		first  error // of those that failed; read when all have ended
	)
	slots := make(chan struct{}, trimWidth)
	for _, row := range rows {
		slots <- struct{}{}
		if failed.Load() {
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			if err := s.takeAway(ctx, room, parseCommit(row), floor); err != nil && failed.CompareAndSwap(false, true) {
				first = err
			}
		})
	}
	all.Wait()
	return first
}

// takeAway removes a row below the floor, and the claims of what is in it up to
// the floor.
func (s *Store) takeAway(ctx context.Context, room string, c commit, floor uint64) error {
	for _, e := range c.entries {
		if e.Seq > floor || e.Person == "" {
			continue
		}
		by, unchanged := placeKey(e.Person, room, e.Seq), condition{}
		if e.ID != "" {
			by, unchanged = claimKey(e.Person, room, e.ID), is("seq", number(c.first))
		}
		if _, err := s.remove(ctx, by, unchanged); err != nil {
			return err
		}
	}
	if c.last() >= floor {
		return nil
	}
	_, err := s.remove(ctx, key(logPartition(room), sequenceKey(c.first)), condition{})
	return err
}

// empty does step 2, and takes the claims of what it empties away before.
func (s *Store) empty(ctx context.Context, room string, floor uint64) error {
	for range maxSettling {
		l := lookup{Store: s, room: room}
		row, _, err := l.holding(ctx, floor)
		if err != nil || row == nil {
			return err
		}
		if err := s.takeAway(ctx, room, *row, floor); err != nil {
			return err
		}
		row.floor = floor
		for i := range row.entries {
			if e := &row.entries[i]; e.Seq <= floor {
				*e = stored{Entry: chat.Entry{Seq: e.Seq, Kind: e.Kind, At: e.At}}
			}
		}
		err = s.rewrite(ctx, room, row)
		if _, changed := refused(err); !changed {
			return err
		}
	}
	return fmt.Errorf("the row of the entry at %d was changed %d times", floor, maxSettling)
}

// raise makes the floor at least so high.
func (s *Store) raise(ctx context.Context, room string, floor uint64) error {
	if floor == 0 {
		return nil
	}
	row := floorKey(room)
	row["floor"] = number(floor)
	err := s.put(ctx, row, condition{is: absent.is + " OR #floor < :floor", values: item{":floor": number(floor)}})
	if _, higher := refused(err); higher {
		return nil
	}
	return err
}

// Aged returns the sequence of the newest entry that was made before at. A get
// and two queries where there is none that old, else as many as halving takes.
func (s *Store) Aged(ctx context.Context, room string, at int64) (uint64, error) {
	newest, err := s.aged(ctx, room, at)
	if err != nil {
		return 0, fmt.Errorf("what is old in room %q: %w", room, err)
	}
	return newest, nil
}

func (s *Store) aged(ctx context.Context, room string, at int64) (uint64, error) {
	floor, err := s.floor(ctx, room)
	if err != nil {
		return 0, err
	}
	h, err := s.head(ctx, room)
	if err != nil || h.seq <= floor {
		return 0, err
	}
	l := lookup{Store: s, room: room}
	old := func(seq uint64) bool {
		if err != nil {
			return false
		}
		var row *commit
		var i int
		row, i, err = l.holding(ctx, seq)
		return row == nil || row.entries[i].At < at // nil: a Trim that was cut left it
	}
	if !old(floor + 1) {
		return 0, err
	}
	n := sort.Search(int(h.seq-floor), func(i int) bool { return !old(floor + 1 + uint64(i)) })
	return floor + uint64(n), err
}
