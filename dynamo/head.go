package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"

	"parley/chat"
)

// head is the end of a room's log.
type head struct {
	seq uint64 // 0: nothing was ever said
	at  int64
}

// head reads it from the log itself. Consistent: who has joined reads it to
// know from where on messages are posted to it, and Append puts after it.
func (s *Store) head(ctx context.Context, room string) (head, error) {
	return s.readHead(ctx, room, false)
}

func (s *Store) readHead(ctx context.Context, room string, eventual bool) (head, error) {
	q := query{partition: logPartition(room), back: true, limit: 1, projection: []string{"last", "at"}, eventual: eventual}
	for p, err := range s.pages(ctx, q) {
		if err != nil {
			return head{}, err
		}
		for _, row := range p.rows {
			return head{seq: getUint(row, "last"), at: getInt(row, "at")}, nil
		}
	}
	return head{}, nil
}

// Extent returns the bounds of a room's log. One consistent query and one get;
// the epoch is read once in a process.
func (s *Store) Extent(ctx context.Context, room string) (chat.Extent, error) {
	epoch, err := s.readEpoch(ctx)
	if err != nil {
		return chat.Extent{}, fmt.Errorf("read the log's epoch: %w", err)
	}
	h, err := s.head(ctx, room)
	if err != nil {
		return chat.Extent{}, fmt.Errorf("read the head of room %q: %w", room, err)
	}
	floor, err := s.floor(ctx, room)
	if err != nil {
		return chat.Extent{}, fmt.Errorf("read the floor of room %q: %w", room, err)
	}
	return chat.Extent{Epoch: epoch, Floor: floor, Head: max(h.seq, floor)}, nil
}

// readEpoch returns the table's epoch, and makes it where there is none.
//
// A table restored from a backup has the row of the one it was made from, though
// its newest sequences will be given out again. DynamoDB restores into a table of
// another name; the row has the name, so the first function that reads it there
// makes a new epoch. Whoever brings a table back under its old name (by deleting
// that one first, or by an import) deletes the row EPOCH before functions use it,
// or calls RotateEpoch.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Restore.Tutorial.html
func (s *Store) readEpoch(ctx context.Context) (string, error) {
	if known := s.epoch.Load(); known != nil {
		return *known, ctx.Err()
	}
	for {
		row, err := s.get(ctx, epochKey())
		if err != nil {
			return "", err
		}
		epoch := getText(row, "epoch")
		if of := getText(row, "table"); epoch == "" || of != s.table {
			if of != "" { // a row of before it had the name keeps its epoch
				epoch = ""
			}
			if epoch, err = s.makeEpoch(ctx, row, epoch); err != nil {
				return "", err
			}
		}
		if epoch != "" {
			s.epoch.Store(&epoch)
			return epoch, nil
		}
	}
}

// makeEpoch puts the row in place of the one that was read, with a new epoch
// unless one is to be kept. It returns the empty string where another process
// was faster, or an earlier attempt of this one.
func (s *Store) makeEpoch(ctx context.Context, old item, keep string) (string, error) {
	epoch := keep
	if epoch == "" {
		epoch = rand.Text()
	}
	unchanged := absent
	if was := getText(old, "epoch"); was != "" {
		unchanged = is("epoch", text(was))
	}
	err := s.put(ctx, s.epochRow(epoch), unchanged)
	if _, exists := refused(err); exists {
		return "", nil
	}
	return epoch, err
}

// RotateEpoch gives the log a new epoch: clients then load rooms anew instead of
// resuming. For after a restore. Other processes that use the table already go
// on with the old one until they end.
func (s *Store) RotateEpoch(ctx context.Context) error {
	epoch := rand.Text()
	if err := s.put(ctx, s.epochRow(epoch), condition{}); err != nil {
		return fmt.Errorf("rotate the log's epoch: %w", err)
	}
	s.epoch.Store(&epoch)
	return nil
}

func (s *Store) epochRow(epoch string) item {
	row := epochKey()
	row["epoch"], row["table"] = text(epoch), text(s.table)
	return row
}
