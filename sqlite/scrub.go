package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"parley/chat"
)

const (
	// scrubDelay is how long after a text was overwritten the write-ahead log,
	// which still has it, is emptied; all that is overwritten until then goes
	// with it.
	scrubDelay = 20 * time.Second
	// scrubRetry is how long it waits for a reader that is in the way: a page of
	// history takes milliseconds, a backup may take minutes.
	scrubRetry = time.Second
)

// scrubSoon has the writer scrub after a while, unless it is about to already.
func (w *writer) scrubSoon(after time.Duration) {
	if !w.scrubbing {
		w.scrubbing = true
		w.scrubAt.Reset(after)
	}
}

// scrub takes overwritten texts from where they still are: the write-ahead log,
// which is emptied into the file and cut to nothing, and copies that were made
// before a change of the schema.
func (w *writer) scrub() {
	w.scrubbing = false
	ctx := context.Background()
	wiped, remaking := w.remade(ctx)
	var busy, pages, moved int
	_, err := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 100")
	if err == nil {
		err = w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(truncate)").Scan(&busy, &pages, &moved)
	}
	if _, reset := w.conn.ExecContext(ctx, fmt.Sprint("PRAGMA busy_timeout = ", busyTimeout)); err == nil {
		err = reset
	}
	err = errors.Join(err, remaking, removeCopies(w.path))
	if err == nil && busy == 0 && wiped {
		err = unmarkWiped(ctx, w.conn.Conn)
	}
	if err != nil || busy != 0 {
		w.scrubSoon(scrubRetry)
	}
}

// remade makes tables anew where that was noted, and tells whether it was.
func (w *writer) remade(ctx context.Context) (wiped bool, err error) {
	if wiped, err = isWiped(ctx, w.conn.Conn); err != nil || !wiped {
		return wiped, err
	}
	return true, remake(ctx, w.conn.Conn)
}

// finishScrub removes copies of older schemas where a run that died before its
// scrub has replaced or deleted texts since the copy was made, after the entry
// that migrate noted. (The write-ahead log is emptied by beginRun.)
func finishScrub(ctx context.Context, conn *sql.Conn, path string) error {
	if wiped, err := isWiped(ctx, conn); err != nil {
		return err
	} else if wiped {
		if err := remake(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)"); err != nil { // nobody reads yet
			return err
		}
		return errors.Join(removeCopies(path), unmarkWiped(ctx, conn))
	}
	for version := 1; version < len(migrations); version++ {
		if _, err := os.Stat(copyPath(path, version)); err != nil {
			continue
		}
		var changed bool
		err := conn.QueryRowContext(ctx,
			"SELECT EXISTS (SELECT 1 FROM entry WHERE kind <> ? AND id > COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'copied'), 0))",
			int64(chat.KindMessage)).Scan(&changed)
		if err != nil || !changed {
			return err
		}
		return removeCopies(path)
	}
	return nil
}

// removeCopies removes what migrate kept of older schemas.
func removeCopies(path string) (err error) {
	for version := 1; version < len(migrations); version++ {
		removed := os.Remove(copyPath(path, version))
		if !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}
