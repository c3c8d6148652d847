package dynamo

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"parley/chat"
)

// What a person said is found by the person's claims, and by a row for each
// entry that was made without a client's id: the sample's clients send none, and
// what moderators delete has none. It is written before the entry, as a claim
// is, so an entry always has one; what the row says counts while the entry agrees.

// place is where a claim or such a row says that an entry is.
type place struct {
	chat.Place
	id string // of a claim: the entry with this id is in the row that begins at Seq
	by item   // the key of what says so
}

// places yields what a person may have said, some hundreds at a time.
func (s *Store) places(ctx context.Context, person chat.PersonID, room string) iter.Seq2[[]place, error] {
	return func(yield func([]place, error) bool) {
		for _, prefix := range []string{claimPrefix, placePrefix} {
			from := prefix
			if room != "" {
				from += sized(room)
			}
			q := query{partition: personPartition(person), sort: "begins_with(" + sortKey + ", :from)", from: from, limit: 500}
			for p, err := range s.pages(ctx, q) {
				if err != nil {
					yield(nil, err)
					return
				}
				var found []place
				for _, row := range p.rows {
					found = append(found, parsePlace(row, prefix))
				}
				if len(found) > 0 && !yield(found, nil) {
					return
				}
			}
		}
	}
}

func parsePlace(row item, prefix string) place {
	p := place{by: key(getText(row, partitionKey), getText(row, sortKey))}
	size, rest, _ := strings.Cut(strings.TrimPrefix(getText(row, sortKey), prefix), "#")
	n, _ := strconv.Atoi(size)
	n = min(n, len(rest))
	p.Room, p.Seq, p.id = rest[:n], getUint(row, "seq"), strings.TrimPrefix(rest[n:], "#")
	if prefix == placePrefix {
		p.Seq, _ = strconv.ParseUint(p.id, 10, 64)
		p.id = ""
	}
	return p
}

// SaidBy yields where a person's messages stand that have a text still. One
// query for each 500 of what it ever said, and a batch for each 100.
func (s *Store) SaidBy(ctx context.Context, person chat.PersonID, room string) iter.Seq2[chat.Place, error] {
	return func(yield func(chat.Place, error) bool) {
		for found, err := range s.places(ctx, person, room) {
			if err == nil {
				found, err = s.withText(ctx, person, found)
			}
			if err != nil {
				yield(chat.Place{}, fmt.Errorf("what person %q said: %w", person, err))
				return
			}
			for _, p := range found {
				if !yield(p.Place, nil) {
					return
				}
			}
		}
	}
}

// withText returns those of the places where a message of the person is that has
// a text still.
func (s *Store) withText(ctx context.Context, person chat.PersonID, found []place) (with []place, err error) {
	for len(found) > 0 {
		room := found[0].Room
		n := 1
		for n < len(found) && n < batchKeys && found[n].Room == room {
			n++
		}
		l := lookup{Store: s, room: room}
		if err := l.fetch(ctx, found[:n]); err != nil {
			return nil, err
		}
		for _, p := range found[:n] {
			row, err := l.around(ctx, p.Seq)
			if err != nil {
				return nil, err
			}
			there := row.of(person, p)
			if there == nil || there.Kind != chat.KindMessage {
				continue
			}
			e, err := l.shown(ctx, *there)
			if err != nil {
				return nil, err
			}
			if e.Text != "" {
				p.Seq = e.Seq
				with = append(with, p)
			}
		}
		found = found[n:]
	}
	return with, nil
}

// of returns the entry of a person that a place is of; nil if there is none.
func (c *commit) of(person chat.PersonID, p place) *stored {
	switch {
	case c == nil:
		return nil
	case p.id != "":
		return c.find(person, p.id)
	}
	if e := &c.entries[p.Seq-c.first]; e.Person == person && e.ID == "" {
		return e
	}
	return nil
}

// fetch reads the rows that begin with an entry at one of the places, at most 100.
func (l *lookup) fetch(ctx context.Context, at []place) error {
	var keys []item
	asked := make(map[uint64]bool) // the same key twice is refused
	for _, p := range at {
		if !asked[p.Seq] {
			asked[p.Seq] = true
			keys = append(keys, key(logPartition(l.room), sequenceKey(p.Seq)))
		}
	}
	for len(keys) > 0 {
		rows, rest, err := l.getBatch(ctx, keys, false)
		if err != nil {
			return err
		}
		for _, row := range rows {
			c := parseCommit(row)
			l.rows = append(l.rows, &c)
		}
		keys = rest
	}
	return nil
}

// ForgetSender takes the name, the client's ids and the texts of a person from
// all its entries. A get or two and two writes for each; each claim goes after
// its entry is done, so that calling again finds the rest.
func (s *Store) ForgetSender(ctx context.Context, person chat.PersonID) error {
	for found, err := range s.places(ctx, person, "") {
		if err != nil {
			return fmt.Errorf("forget person %q in the log: %w", person, err)
		}
		for _, p := range found {
			err := s.forgetEntry(ctx, person, p.Place)
			if err == nil {
				_, err = s.remove(ctx, p.by, condition{})
			}
			if err != nil {
				return fmt.Errorf("forget person %q in room %q: %w", person, p.Room, err)
			}
		}
	}
	return nil
}

// forgetEntry empties all that is the person's in the row of an entry.
func (s *Store) forgetEntry(ctx context.Context, person chat.PersonID, at chat.Place) error {
	for range maxSettling {
		l := lookup{Store: s, room: at.Room}
		row, err := l.around(ctx, at.Seq)
		if err != nil || row == nil {
			return err
		}
		for _, e := range row.entries {
			if e.Person == person && len(e.pending) > 0 { // or a change that is half done would bring a text back
				if _, err := s.settle(ctx, at.Room, e.Seq); err != nil {
					return err
				}
				l.rows = nil
			}
		}
		if row, err = l.around(ctx, at.Seq); err != nil || row == nil {
			return err
		}
		if !slices.ContainsFunc(row.entries, func(e stored) bool { return e.Person == person && (e.From != "" || e.ID != "" || e.Text != "") }) {
			return nil
		}
		for i := range row.entries {
			if e := &row.entries[i]; e.Person == person {
				e.From, e.ID, e.Text = "", "", ""
			}
		}
		err = s.rewrite(ctx, at.Room, row)
		if _, changed := refused(err); !changed {
			return err
		}
	}
	return fmt.Errorf("the row of the entry at %d was changed %d times", at.Seq, maxSettling)
}
