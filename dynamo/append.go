package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"

	"parley/chat"
	"parley/planted"
)

// How an entry gets into a room's log, with no transaction, no counter and
// therefore no hole:
//
//  1. n is the head's sequence + 1                      (one consistent query)
//  2. claim for (person, room, id): "it will be at n"   (one write, if there is no claim;
//     without an id one row that leads from the person to n, see saidby.go)
//  3. the entry at n                                    (one write, if nothing is at n)
//
// Another entry at n: the claim is moved to the new n, if it still says the old
// one, and 3 again. A claim that is there already, by an earlier attempt or one
// at the same time, is finished: its n is the next one, then 3; its n has the
// entry, then it is a repeat; its n has another's, then it is moved.
//
// So a claim leaves n only when another's entry is at n for ever. An entry can
// only be where its claim says; hence it is in the log at most once, however
// many functions try and whenever they die. And what is put at n was put by
// somebody who saw n-1 there; hence no hole.
//
// Three calls where nobody else speaks. Where several do at once, one of those
// who meet gets in, and the others have three more calls to make. The ceiling
// of one room, with calls of 5 ms (go test -run ^$ -bench Append; dynalite and
// 4 ms on two busy cores of an AMD EPYC):
//
//	functions speaking without a pause      1     4    16
//	messages a second                      63    62    70
//	calls a message                       3.0   7.3    19
//	slowest of 400, in ms                  22   840  1700
//
// Rooms do not slow each other down. A faster ceiling would need the claim to
// come after the entry, and then two attempts at one message would be in the
// log twice.

// Append adds the entries in their order; see chat.MessageLog. Up to 12 messages
// and 256 KB that follow each other are one row, one commit and stand together;
// what is more goes into further rows, as does each edit and delete (change.go),
// and others' entries may stand between those. (On AWS a call has one.) A room's
// first entry costs one write more. An entry made before the room's newest gets
// that one's At. Two deletes of one message at the same time are two entries.
func (s *Store) Append(ctx context.Context, room string, entries ...chat.Entry) ([]chat.Appended, error) {
	if len(entries) == 0 {
		return nil, ctx.Err()
	}
	appended := make([]chat.Appended, 0, len(entries))
	for len(entries) > 0 {
		n, size := 1, len(entries[0].Text)
		for n < len(entries) && n < maxCommitEntries && entries[n-1].Kind == chat.KindMessage && entries[n].Kind == chat.KindMessage && size+len(entries[n].Text) <= maxCommitBytes {
			size += len(entries[n].Text)
			n++
		}
		a := appending{Store: s, room: room, token: rand.Text()[:tokenLength], entries: entries[:n]}
		some, err := a.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("append to room %q: %w", room, err)
		}
		appended, entries = append(appended, some...), entries[n:]
	}
	return appended, nil // even if the context is over by now: they are durable
}

// tokenLength has 60 bits: a row is compared with one token, not with all.
const tokenLength = 12

// appending is one commit on its way into the log.
type appending struct {
	*Store
	room    string
	token   string
	entries []chat.Entry

	result  []chat.Appended
	done    []bool
	same    []int    // of entries with one id, the first one's index; else its own
	claimed []uint64 // what the entry's claim said last; 0: not known
	change  *change  // what the only entry changes; nil: it is no edit or delete
	passed  uint64   // this sequence has an entry of nobody here
}

func (a *appending) run(ctx context.Context) ([]chat.Appended, error) {
	a.result, a.done = make([]chat.Appended, len(a.entries)), make([]bool, len(a.entries))
	a.same, a.claimed = make([]int, len(a.entries)), make([]uint64, len(a.entries))
	for i, e := range a.entries {
		a.same[i] = i
		for j := range i {
			if e.ID != "" && a.entries[j].ID == e.ID && a.entries[j].Person == e.Person {
				a.same[i] = j
				break
			}
		}
	}
	end := a.end(ctx)
	for attempt := 0; ; attempt++ {
		all, err := a.attempt(ctx)
		if err != nil {
			return nil, err
		}
		if all {
			break
		}
		if err := pause(ctx, end, attempt, contention); err != nil {
			return nil, fmt.Errorf("others were faster %d times: %w", attempt+1, err)
		}
	}
	for i, first := range a.same {
		if first != i {
			a.result[i] = chat.Appended{Entry: a.result[first].Entry, Repeat: true}
		}
	}
	return a.result, nil
}

// attempt does steps 1 to 3 for the entries that are not done, and tells
// whether all are.
func (a *appending) attempt(ctx context.Context) (all bool, err error) {
	h, err := a.head(ctx, a.room)
	if err != nil {
		return false, err
	}
	c := commit{first: h.seq + 1, token: a.token}
	var of []int // which entry each of the commit's is
	for i, e := range a.entries {
		if a.done[i] || a.same[i] != i {
			continue
		}
		var change *change
		if e.Kind != chat.KindMessage {
			var instead *chat.Appended
			if change, instead, err = a.mayChange(ctx, e); err != nil {
				return false, err
			}
			if instead != nil {
				a.finish(i, *instead)
				continue
			}
		}
		if e.ID != "" && !planted.Is(planted.NoDedupe) {
			there, ok, err := a.claim(ctx, i, c.first)
			if err != nil {
				return false, err
			}
			if there != nil {
				if err := a.repeat(ctx, i, *there); err != nil {
					return false, err
				}
				continue
			}
			if !ok {
				return false, nil // the head has moved on
			}
		}
		e.Seq, e.Lost, e.Edited, e.Deleted = c.first+uint64(len(c.entries)), false, 0, 0
		if e.ID == "" && e.Person != "" {
			if err := a.put(ctx, placeKey(e.Person, a.room, e.Seq), condition{}); err != nil {
				return false, err
			}
		}
		if e.Seq > 1 {
			e.At = max(e.At, h.at)
		}
		h.at = e.At
		if a.change = change; change != nil {
			if ok, err := change.note(ctx, e.Seq); err != nil || !ok {
				return false, err
			}
		}
		c.entries, of = append(c.entries, stored{Entry: e, row: change.foundUnder()}), append(of, i)
	}
	if len(c.entries) == 0 {
		return true, nil
	}
	if c.first == 1 {
		// Before the entry, so that no room with a log can be missing in the list.
		if err := a.put(ctx, key(roomsPartition, a.room), condition{}); err != nil {
			return false, err
		}
	}
	free := absent
	if planted.Is(planted.OverwrittenEntry) {
		free = condition{}
	}
	err = a.put(ctx, c.row(a.room), free)
	there, taken := refused(err)
	if err != nil && !taken {
		return false, err
	}
	if taken {
		if there == nil {
			if there, err = a.get(ctx, key(logPartition(a.room), sequenceKey(c.first))); err != nil {
				return false, err
			}
		}
		if c = parseCommit(there); c.token != a.token {
			return a.tookPlace(ctx, c)
		}
		// The write was done, only its answer was lost.
	}
	for n, i := range of {
		e := c.entries[n].Entry
		if a.change != nil {
			e = a.change.finish(ctx, &c)
		}
		a.finish(i, chat.Appended{Entry: e})
	}
	return true, nil
}

func (a *appending) finish(i int, r chat.Appended) { a.result[i], a.done[i] = r, true }

// repeat answers with an entry that is in the log already, as it is now.
func (a *appending) repeat(ctx context.Context, i int, there stored) error {
	l := lookup{Store: a.Store, room: a.room}
	e, err := l.shown(ctx, there)
	if err != nil {
		return err
	}
	a.finish(i, chat.Appended{Entry: e, Repeat: true})
	return nil
}

// tookPlace looks through a commit that stands where ours should have: another
// attempt at the same message may have made it.
func (a *appending) tookPlace(ctx context.Context, c commit) (all bool, err error) {
	all = true
	for i, e := range a.entries {
		if a.done[i] || a.same[i] != i {
			continue
		}
		if there := c.find(e.Person, e.ID); there != nil {
			if err := a.repeat(ctx, i, *there); err != nil {
				return false, err
			}
			continue
		}
		all = false
	}
	a.passed = c.first
	return all, nil
}
