package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// applicationID marks a SQLite file as ours: "Prly".
// https://www.sqlite.org/fileformat.html#application_id
const applicationID = 0x50726c79

// migration brings a file from one schema to the next. migrations[0] makes the
// first from an empty file; a file's user_version is how many it has had.
type migration string

// identify refuses a file that is not ours or is of a time to come, before
// anything is written to it.
func identify(ctx context.Context, conn *sql.Conn, known int) error {
	var id, version, tables int
	err := errors.Join(
		conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id),
		conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
		conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables))
	if err != nil {
		return err
	}
	if id == 0 && version == 0 && tables == 0 {
		return nil // empty: the first migration has not been
	}
	if id != applicationID {
		return fmt.Errorf("%w: its application_id is %#x, not %#x", ErrNotParley, id, applicationID)
	}
	if version > known {
		return fmt.Errorf("%w: its schema is version %d, this parley knows up to %d", ErrNewerSchema, version, known)
	}
	return nil
}

// migrate runs the migrations that the file has not had, each in a transaction
// of its own: whatever interrupts it, the file is of one version or the next.
// A file that holds something is copied before, to parley.db.schema1 if it is
// of version 1; scrub removes that copy with the first text that has to go.
func migrate(ctx context.Context, conn *sql.Conn, path string, migrations []migration) error {
	// Here and not when connecting: it writes, and the file might not have been ours.
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = wal").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("this file system does not let SQLite keep a write-ahead log (journal mode %s)", mode)
	}
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version < 0 {
		return fmt.Errorf("%w: its schema version is %d", ErrCorrupt, version)
	}
	copies := version > 0 && version < len(migrations)
	if copies {
		copied := copyPath(path, version)
		if err := copyTo(ctx, conn, copied); err != nil {
			return fmt.Errorf("copy to %s before changing the schema: %w", copied, err)
		}
	}
	for ; version < len(migrations); version++ {
		if err := step(ctx, conn, migrations[version], version+1); err != nil {
			return fmt.Errorf("change the schema from version %d to %d: %w", version, version+1, err)
		}
	}
	if copies { // see finishScrub
		if _, err := conn.ExecContext(ctx, "INSERT OR REPLACE INTO meta SELECT 'copied', COALESCE(max(id), 0) FROM entry"); err != nil {
			return err
		}
	}
	return nil
}

// copyPath is where migrate keeps a file as it was before it had more than so
// many migrations.
func copyPath(path string, version int) string { return fmt.Sprintf("%s.schema%d", path, version) }

func step(ctx context.Context, conn *sql.Conn, m migration, version int) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, string(m)); err != nil {
		return err
	}
	// Both stand in the file's header and are part of the transaction.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", version, applicationID)); err != nil {
		return err
	}
	return tx.Commit()
}

// copyTo writes a compact copy of the whole file, complete or not at all.
func copyTo(ctx context.Context, conn *sql.Conn, path string) error {
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	// VACUUM fills an empty file; one that it made would be readable by others.
	if err := os.WriteFile(part, nil, 0o600); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return err
	}
	file, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}
