package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"parley/chat"
)

// withFile runs statements on a data file as somebody with the shell would.
func withFile(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func askFile(t *testing.T, path, query string) (answer string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// older makes a closed store of today's schema; tests then take it for the
// older one, and inject what comes next.
func older(t *testing.T) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	s := openTest(t, Options{Dir: dir})
	if _, err := s.Append(t.Context(), "room", message("p", 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, FileName)
}

var next = append(migrations[:len(migrations):len(migrations)],
	"CREATE TABLE pinned (room INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT; INSERT INTO pinned SELECT room, seq FROM entry",
	"ALTER TABLE room ADD COLUMN locked INTEGER NOT NULL DEFAULT 0")

func TestMigrateOlderSchema(t *testing.T) {
	dir, path := older(t)
	s, err := open(t.Context(), Options{Dir: dir}, next)
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := s.Range(t.Context(), "room", 1, 9, 100); err != nil || len(entries) != 1 || entries[0].Lost {
		t.Errorf("after the migration: got %+v, %v", entries, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := askFile(t, path, "SELECT count(*) + sum(locked) FROM pinned, room"); n != "1" {
		t.Errorf("the migrations' tables: got %s, want 1", n)
	}
	if v := askFile(t, path, "PRAGMA user_version"); v != fmt.Sprint(len(next)) {
		t.Errorf("user_version: got %s, want %d", v, len(next))
	}

	kept := fmt.Sprintf("%s.schema%d", path, len(migrations))
	if v := askFile(t, kept, "PRAGMA user_version"); v != fmt.Sprint(len(migrations)) {
		t.Errorf("the copy's user_version: got %s, want %d", v, len(migrations))
	}
	if id := askFile(t, kept, "PRAGMA application_id"); id != fmt.Sprint(applicationID) {
		t.Errorf("the copy's application_id: got %s, want %d", id, applicationID)
	}
	if n := askFile(t, kept, "SELECT count(*) FROM entry"); n != "1" {
		t.Errorf("the copy's entries: got %s, want 1", n)
	}
	wantMode(t, kept, 0o600)
}

func TestMigrateInterrupted(t *testing.T) {
	dir, path := older(t)
	broken := append(next[:len(next):len(next)], "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)")
	for range 2 { // also with the first attempt's copy in the way
		s, err := open(t.Context(), Options{Dir: dir}, broken)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("from version %d to %d", len(next), len(next)+1)) {
			t.Fatalf("Open with a migration that fails: got %v, %v, want which one", s, err)
		}
		// Those before it are done, it has left nothing.
		if v := askFile(t, path, "PRAGMA user_version"); v != fmt.Sprint(len(next)) {
			t.Errorf("user_version: got %s, want %d", v, len(next))
		}
		if n := askFile(t, path, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"); n != "0" {
			t.Error("half of a migration is in the file")
		}
	}
	if n := askFile(t, path, "SELECT count(*) FROM entry"); n != "1" {
		t.Errorf("entries: got %s, want 1", n)
	}
	s, err := open(t.Context(), Options{Dir: dir}, next)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestRefuseNewerSchema(t *testing.T) {
	dir, path := older(t)
	withFile(t, path, "PRAGMA user_version = 99")
	if s, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrNewerSchema) || !strings.Contains(err.Error(), "99") {
		t.Fatalf("Open: got %v, %v, want ErrNewerSchema and the version", s, err)
	}
	if n := askFile(t, path, "SELECT count(*) FROM entry"); n != "1" {
		t.Errorf("the refused file's entries: got %s, want 1", n)
	}
}

func TestRefuseAnothersFile(t *testing.T) {
	for _, statements := range [][]string{
		{"CREATE TABLE bookmarks (x)"},
		{"PRAGMA application_id = 7", "CREATE TABLE t (x)"},
		{"PRAGMA user_version = 1", "VACUUM"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, FileName)
		withFile(t, path, statements...)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrNotParley) {
			t.Errorf("Open after %q: got %v, %v, want ErrNotParley", statements, s, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || string(before) != string(after) {
			t.Errorf("another's file was changed (%v)", err)
		}
	}
}

// TestFirstStartDied finds what a first start leaves that ended early.
func TestFirstStartDied(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	openTest(t, Options{Dir: dir}).Close()
	wantMode(t, path, 0o600)

	dir = t.TempDir()
	withFile(t, filepath.Join(dir, FileName), "PRAGMA journal_mode = wal")
	openTest(t, Options{Dir: dir})
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there yet")
	s := openTest(t, Options{Dir: dir})
	if _, err := s.Append(t.Context(), "room", message("p", 1)); err != nil {
		t.Fatal(err)
	}
	wantMode(t, dir, 0o700)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 5 {
		t.Fatalf("files: got %q, %v, want the data file, its two companions, the lock and the mark", files, err)
	}
	for _, file := range files {
		wantMode(t, file, 0o600)
	}
}

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
		t.Errorf("%s: permissions %o, want %o", path, got, want)
	}
}

// A file of the first schema, in which rows with texts had moved between pages:
// all is there afterwards, and what is then deleted is nowhere any more.
func TestMigrateFromSchema1(t *testing.T) {
	const old = "OLD-TEXT-OF-SOMEBODY"
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if _, err := prepareFile(path); err != nil {
		t.Fatal(err)
	}
	conn, err := connectWriter(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), conn.Conn, path, migrations[:1]); err != nil {
		t.Fatal(err)
	}
	rooms := []string{"a", "b", "c"}
	const each = 100
	for seq := uint64(1); seq <= each; seq++ {
		for i, room := range rooms {
			e := chat.Entry{Seq: seq, Kind: chat.KindMessage, At: int64(seq), Person: "p", From: "Ann", ID: fmt.Sprint(seq), Text: old + strings.Repeat("x", 10*(int(seq)%50))}
			sum, _ := checksum(nil, room, &e)
			if _, err := conn.ExecContext(t.Context(), "INSERT INTO entry VALUES (?, ?, 1, ?, ?, ?, ?, ?, 0, ?)", i+1, seq, e.At, e.Person, e.From, e.ID, e.Text, sum); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, room := range rooms {
		if _, err := conn.ExecContext(t.Context(), "INSERT INTO room VALUES (?, ?, 0, ?, ?)", i+1, room, each, each); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.close(); err != nil {
		t.Fatal(err)
	}

	s := openTest(t, Options{Dir: dir})
	if found := filesWith(t, dir, old); len(found) < 2 {
		t.Errorf("the copy of the file as it was is missing: the texts are in %v", found)
	}
	for _, room := range rooms {
		entries, err := s.Range(t.Context(), room, 1, each, 1<<20)
		if err != nil || len(entries) != each {
			t.Fatalf("room %s: %d entries, %v", room, len(entries), err)
		}
		for _, e := range entries {
			if e.Lost || !strings.HasPrefix(e.Text, old) {
				t.Fatalf("room %s after the migration: %+v", room, e)
			}
			if got, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindDelete, Person: "p", Target: e.Seq}); err != nil || got[0].Refused != nil {
				t.Fatal(got, err)
			}
		}
		if got, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "7", Text: "again"}); err != nil || !got[0].Repeat || got[0].Deleted == 0 {
			t.Errorf("an id of before the migration: %+v, %v", got, err)
		}
	}
	scrubNow(t, s)
	if found := filesWith(t, dir, old); len(found) > 0 {
		t.Errorf("still in %v", found)
	}
}
