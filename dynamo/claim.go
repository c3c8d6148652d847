package dynamo

import (
	"context"

	"parley/planted"
)

// claim makes sure that the claim of an entry with an id says n, the sequence
// after the head. It returns the entry if it is in the log already; ok is false
// where n is no longer the next.
//
// Claims are kept for ever: as long as an entry is there, its id must not make
// another one. They are also the list of what a person said in a room.
func (a *appending) claim(ctx context.Context, i int, n uint64) (there *stored, ok bool, err error) {
	e := a.entries[i]
	row := claimKey(e.Person, a.room, e.ID)
	row["seq"] = number(n)
	says := a.claimed[i]
	fresh := says != 0 // known before the head was read, that is
	for {
		if says == 0 {
			err := a.put(ctx, row, absent)
			claim, exists := refused(err)
			if err != nil && !exists {
				return nil, false, err
			}
			if !exists {
				a.claimed[i] = n
				return nil, true, nil
			}
			if claim == nil {
				if claim, err = a.get(ctx, claimKey(e.Person, a.room, e.ID)); err != nil {
					return nil, false, err
				}
			}
			says = getUint(claim, "seq")
			if planted.Is(planted.LostClaim) {
				e.Seq = says
				return &stored{Entry: e}, true, nil
			}
		}
		a.claimed[i] = says
		switch {
		case says == n:
			return nil, true, nil
		case says > n && !fresh:
			return nil, false, nil
		case says < n && says != a.passed:
			row, err := a.get(ctx, key(logPartition(a.room), sequenceKey(says)))
			if err != nil {
				return nil, false, err
			}
			if c := parseCommit(row); c.find(e.Person, e.ID) != nil {
				return c.find(e.Person, e.ID), true, nil
			}
		}
		// At what it says is another's entry. Or none, or it is beyond the head:
		// then the table was restored, and what the claim was for is gone.
		err := a.put(ctx, row, is("seq", number(says)))
		claim, moved := refused(err)
		if err != nil && !moved {
			return nil, false, err
		}
		if !moved {
			a.claimed[i] = n
			return nil, true, nil
		}
		says, fresh = getUint(claim, "seq"), false // another attempt at the same message moved it
	}
}
