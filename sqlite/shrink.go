package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Shrink gives back the memory of pages that were read and written: up to 8 MB
// of the writer and 2 MB of each reader, which SQLite keeps for ever. They are
// read again, mostly from the system's cache, when somebody needs them. It waits
// for the calls that are under way.
func (s *Store) Shrink(ctx context.Context) error {
	err := s.writer.submit(ctx, 0, func(b *batch) error { return shrink(b.ctx, b.conn.Conn) })
	if all := s.read.shrink(ctx); err == nil {
		err = all
	}
	if err != nil {
		return fmt.Errorf("shrink what is held of the data file: %w", err)
	}
	return nil
}

// shrinkPatience is how long readers are waited for that are in use: those that
// are held meanwhile may be wanted, even by who has one of the others.
const shrinkPatience = 50 * time.Millisecond

// shrink has all connections of the pool at a time: another order might give the
// same one twice. Those that are in use keep what they have until the next time.
func (r *reader) shrink(ctx context.Context) (errs error) {
	r.shrinking.Lock()
	defer r.shrinking.Unlock()
	soon, cancel := context.WithTimeout(ctx, shrinkPatience)
	defer cancel()
	for range readers {
		conn, err := r.pool.Conn(soon)
		if err != nil && soon.Err() != nil && ctx.Err() == nil {
			return errs
		}
		if err != nil {
			return errors.Join(errs, err)
		}
		defer conn.Close()
		errs = errors.Join(errs, shrink(ctx, conn))
	}
	return errs
}

func shrink(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "PRAGMA shrink_memory")
	return err
}
