package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/libc"
	driver "modernc.org/sqlite"
)

// Shrink gives back the memory of pages that were read and written, up to 8 MB
// of the writer and 2 MB of each reader, which SQLite keeps for ever, and of the
// persons seen last. They are read again, mostly from the system's cache, when
// somebody needs them. It waits for the calls that are under way.
func (s *Store) Shrink(ctx context.Context) error {
	var freed int
	err := s.writer.submit(ctx, 0, func(b *batch) (err error) {
		freed, err = shrink(b.ctx, b.conn.Conn)
		return err
	})
	more, all := s.read.shrink(ctx)
	if err == nil {
		err = all
	}
	s.people.clear()
	if freed+more >= leastHoard {
		giveBackHoard()
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
func (r *reader) shrink(ctx context.Context) (freed int, errs error) {
	r.shrinking.Lock()
	defer r.shrinking.Unlock()
	soon, cancel := context.WithTimeout(ctx, shrinkPatience)
	defer cancel()
	for range readers {
		conn, err := r.pool.Conn(soon)
		if err != nil && soon.Err() != nil && ctx.Err() == nil {
			return freed, errs
		}
		if err != nil {
			return freed, errors.Join(errs, err)
		}
		defer conn.Close()
		n, err := shrink(ctx, conn)
		freed, errs = freed+n, errors.Join(errs, err)
	}
	return freed, errs
}

// shrink returns how many bytes a connection held, and does not any more.
func shrink(ctx context.Context, conn *sql.Conn) (freed int, err error) {
	held := cached(conn)
	_, err = conn.ExecContext(ctx, "PRAGMA shrink_memory")
	return held - cached(conn), err
}

// cached is how many bytes of the file a connection holds in memory.
func cached(conn *sql.Conn) (bytes int) {
	conn.Raw(func(c any) (err error) {
		bytes, _, err = c.(driver.DBStatus).Status(driver.DBStatusCacheUsed, false)
		return err
	}) // where that fails, it is nothing that could be given back
	return bytes
}

const (
	leastHoard = 1 << 20 // bytes that are worth the trouble
	hoard      = 4 << 20 // bytes that the allocator holds ready
	region     = 64 << 10
)

// giveBackHoard gives memory back to the system that SQLite has freed and its
// allocator holds ready: the last 4 MB, in regions of 64 KB, of which those freed
// before are given back. So it takes what is ready and as much again, which is
// never touched, and frees it in that order. Where the allocator does otherwise,
// this is without effect.
// https://pkg.go.dev/modernc.org/memory
func giveBackHoard() {
	tls := libc.NewTLS()
	defer tls.Close()
	var regions [2 * hoard / region]uintptr
	for i := range regions {
		regions[i] = libc.Xmalloc(tls, region-region/16) // what is larger than half a region has one of its own
	}
	for _, r := range regions {
		libc.Xfree(tls, r) // the null pointer as well
	}
}
