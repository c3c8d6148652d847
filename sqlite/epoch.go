package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"parley/planted"
)

// beginRun returns the log's epoch and notes that a run has begun. The epoch
// is random and one for all rooms. It changes when entries that clients have
// seen may be missing, so that their sequences are given out again:
//
//   - the last run had durability normal, was not closed, and the machine has
//     been started anew since: what was not synced is gone;
//
//   - the last run was not closed and its write-ahead log is gone: the file
//     was copied without it while in use, or restored from VACUUM INTO.
//
//   - the file does not agree with the mark beside it (see mark.go): it was put
//     back from a backup, or copied here.
//
// What no program here can notice: a copy of the whole directory of this very
// run, put back over itself after a crash, and a file system or a machine that
// was rolled back. Whoever does that deletes the mark.
func beginRun(ctx context.Context, conn *sql.Conn, path string, d Durability, hadLog bool, log *slog.Logger) (epoch string, err error) {
	last, err := readMeta(ctx, conn)
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(path)
	noted, err := readMark(dir)
	if err != nil {
		return "", err
	}
	file := identity(path)
	boot := bootID()
	epoch = last["epoch"]
	reason := ""
	if closed := last["closed"] == "yes"; epoch != "" && !closed {
		switch {
		case !hadLog:
			reason = "the last run was not closed, and its write-ahead log is missing"
		case last["durability"] == string(Normal) && (boot == "" || last["boot"] != boot):
			reason = "the last run had durability normal and ended with the machine"
		}
	}
	if strange := noted.strange(last["run"], file); epoch != "" && strange != "" {
		reason = strange
	}
	if planted.Is(planted.EpochKept) {
		reason = ""
	}
	if reason != "" {
		log.Warn("the newest messages may be missing: the log gets a new epoch", "reason", reason)
	}
	if epoch == "" || reason != "" {
		epoch = rand.Text()
	}
	// The mark has both runs while the file may have either.
	run := rand.Text()
	if err := (mark{runs: []string{run, last["run"]}, file: file}).write(dir); err != nil {
		return "", err
	}
	err = writeMeta(ctx, conn, map[string]string{"epoch": epoch, "durability": string(d), "boot": boot, "closed": "no", "run": run})
	if err != nil {
		return "", err
	}
	// Into the file itself: a copy of it alone must say that it was in use.
	if _, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)"); err != nil {
		return "", err
	}
	return epoch, mark{runs: []string{run}, file: file}.write(dir)
}

// endRun notes that nothing is missing, after making sure of it. The caller has
// ended all other writing and reading.
func endRun(ctx context.Context, conn *sql.Conn) error {
	if err := setSynchronous(ctx, conn, Full); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)"); err != nil {
		return err
	}
	return writeMeta(ctx, conn, map[string]string{"closed": "yes"})
}

func readMeta(ctx context.Context, conn *sql.Conn) (map[string]string, error) {
	rows, err := conn.QueryContext(ctx, "SELECT key, value FROM meta")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	meta := make(map[string]string)
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, err
		}
		meta[key] = value
	}
	return meta, rows.Err()
}

func writeMeta(ctx context.Context, conn *sql.Conn, meta map[string]string) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for key, value := range meta {
		_, err := tx.ExecContext(ctx, "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key, value)
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

// bootID tells one start of the machine from another. Empty where the system
// does not say; then every crash counts as a power cut.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}
