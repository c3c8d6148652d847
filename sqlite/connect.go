package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"

	"parley/planted"
)

// walLimit is how large the write-ahead log may stay, in bytes. SQLite empties
// it into the file after 4 MB; only readers that never pause let it grow.
const walLimit = 16 << 20

// busyTimeout is how long a statement waits for another process's lock, in ms:
// somebody may look into the file with the sqlite3 shell.
const busyTimeout = 5000

// bothPragmas are for connections that write and those that read.
var bothPragmas = []string{
	fmt.Sprintf("busy_timeout(%d)", busyTimeout),
	"trusted_schema(off)",
	"cell_size_check(on)", // notice damaged pages before reading past their cells
	"mmap_size(0)",        // a bad sector is an error then; mapped it would be a SIGBUS, the end of the process
	"temp_store(memory)",
}

var writerPragmas = []string{
	"synchronous(full)", // setSynchronous lowers it, if so wished, when the run's beginning is on the disk
	"fullfsync(on)",     // macOS: there, fsync alone leaves the drive's cache out
	"checkpoint_fullfsync(on)",
	"secure_delete(on)", // what is deleted is overwritten
	"cache_size(-8000)", // KB
	fmt.Sprintf("journal_size_limit(%d)", walLimit),
}

// connectWriter opens the connection that writes. It changes nothing yet.
func connectWriter(ctx context.Context, path string) (connection, error) {
	pool, err := openPool(path, "rw", writerPragmas)
	if err != nil {
		return connection{}, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close()
		return connection{}, err
	}
	return connection{conn, pool}, nil
}

func openPool(path, mode string, pragmas []string) (*sql.DB, error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/data becomes file:///C:/data
	}
	name := url.URL{Scheme: "file", Path: slashed, RawQuery: url.Values{
		"mode":       {mode},
		"_pragma":    append(pragmas[:len(pragmas):len(pragmas)], bothPragmas...),
		"_defensive": {"1"},
		"_dqs":       {"0"},
		"_error_rc":  {"1"},
	}.Encode()}
	connector, err := driver.NewConnector(name.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// setSynchronous says what a commit waits for.
// https://www.sqlite.org/pragma.html#pragma_synchronous
func setSynchronous(ctx context.Context, conn *sql.Conn, d Durability) error {
	if planted.Is(planted.NoSync) {
		d = "off"
	}
	_, err := conn.ExecContext(ctx, "PRAGMA synchronous = "+string(d))
	return err
}
