package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/chat"
)

// filesWith returns the files of a directory in which a text stands.
func filesWith(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(content, []byte(text)); n > 0 {
			i := bytes.Index(content, []byte(text))
			found = append(found, fmt.Sprintf("%s (%d times, at %d: %.40q)", f.Name(), n, i, content[i:min(len(content), i+40)]))
		}
	}
	return found
}

// scrubNow has what scrubDelay puts off done now, and waits for it.
func scrubNow(t *testing.T, s *Store) {
	t.Helper()
	for range 2 { // the second one is answered after the scrubbing that the first one asked for
		err := s.writer.submit(t.Context(), 0, func(b *batch) error {
			if b.writer.scrubbing {
				b.writer.scrubAt.Reset(0)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestNoTextIsLeft edits and deletes texts of all sizes, in rows that share
// pages, were moved by others, or overflow, and looks for them in all files.
func TestNoTextIsLeft(t *testing.T) {
	const old = "OLD-TEXT-OF-SOMEBODY"
	s := openTest(t, Options{})
	dir := filepath.Dir(s.path)
	if err := os.WriteFile(copyPath(s.path, 1), []byte(old), 0o600); err != nil { // as a migration would have left it
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 10, 60, 200, 900, 2500, 5000, 9000}
	text := func(of string) string { return of + strings.Repeat("x", sizes[random.IntN(len(sizes))]) }
	rooms := []string{"a", "b", "c"}
	heads := map[string]uint64{}
	say := func(room string) uint64 {
		appended, err := s.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, Person: "p", Text: text(old)})
		if err != nil {
			t.Fatal(err)
		}
		heads[room] = appended[0].Seq
		return appended[0].Seq
	}
	change := func(room string, target uint64, kind chat.Kind, text string) {
		appended, err := s.Append(t.Context(), room, chat.Entry{Kind: kind, Person: "p", Target: target, Text: text})
		if err != nil || appended[0].Refused != nil {
			t.Fatal(appended, err)
		}
		heads[room] = appended[0].Seq
	}
	standing := map[string][]uint64{}
	for range 600 {
		room := rooms[random.IntN(len(rooms))]
		if mine := standing[room]; len(mine) == 0 || random.IntN(3) > 0 {
			standing[room] = append(mine, say(room))
			continue
		}
		i := random.IntN(len(standing[room]))
		change(room, standing[room][i], chat.KindEdit, text(old))
	}
	for _, room := range rooms {
		random.Shuffle(len(standing[room]), func(i, j int) { standing[room][i], standing[room][j] = standing[room][j], standing[room][i] })
		for i, target := range standing[room] {
			if i%2 == 0 {
				change(room, target, chat.KindEdit, "kept")
			} else {
				change(room, target, chat.KindDelete, "")
			}
		}
	}
	if found := filesWith(t, dir, old); len(found) < 2 {
		t.Fatalf("nothing to scrub: %v", found)
	}
	scrubNow(t, s)
	if found := filesWith(t, dir, old); len(found) > 0 {
		t.Errorf("after scrubbing, still in %v", found)
	}
	if info, err := os.Stat(s.path + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the write-ahead log: %v, %v, want it empty", info, err)
	}
	for _, room := range rooms {
		entries, err := s.Range(t.Context(), room, 1, heads[room], 1<<30)
		if err != nil || uint64(len(entries)) != heads[room] {
			t.Fatalf("%d entries of %d, %v", len(entries), heads[room], err)
		}
		for _, e := range entries {
			if e.Lost || e.Text != "" && e.Text != "kept" {
				t.Errorf("room %s: %+v", room, e)
			}
		}
	}
	// Closing does it too, without waiting.
	change("a", say("a"), chat.KindDelete, "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, dir, old); len(found) > 0 {
		t.Errorf("after closing, still in %v", found)
	}
}

// A reader that stays, as a backup does, is waited for.
func TestScrubWaitsForReaders(t *testing.T) {
	const old = "OLD-TEXT-OF-SOMEBODY"
	s := openTest(t, Options{})
	tx, err := s.read.pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM entry").Scan(&n); err != nil {
		t.Fatal(err)
	}
	for _, e := range []chat.Entry{{Kind: chat.KindMessage, Person: "p", Text: old}, {Kind: chat.KindDelete, Person: "p", Target: 1}} {
		if _, err := s.Append(t.Context(), "room", e); err != nil {
			t.Fatal(err)
		}
	}
	scrubNow(t, s)
	if found := filesWith(t, filepath.Dir(s.path), old); len(found) == 0 {
		t.Fatal("the reader was not in the way")
	}
	tx.Rollback()
	for end := time.Now().Add(10 * time.Second); len(filesWith(t, filepath.Dir(s.path), old)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the text stays although the reader has gone")
		}
	}
}

// A process that dies between a delete and the scrubbing: the next one opens
// with what the write-ahead log has, and empties it.
func TestNoTextIsLeftAfterACrash(t *testing.T) {
	const old = "OLD-TEXT-OF-SOMEBODY"
	s := openTest(t, Options{})
	for _, e := range []chat.Entry{{Kind: chat.KindMessage, Person: "p", Text: old}, {Kind: chat.KindDelete, Person: "p", Target: 1}} {
		if _, err := s.Append(t.Context(), "room", e); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir() // what a crash leaves
	for _, name := range []string{FileName, FileName + "-wal"} {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(s.path), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found := filesWith(t, dir, old); len(found) == 0 {
		t.Fatal("nothing was left by the crash")
	}
	if err := os.WriteFile(copyPath(filepath.Join(dir, FileName), 1), []byte(old), 0o600); err != nil { // by the start before it
		t.Fatal(err)
	}
	openTest(t, Options{Dir: dir})
	if found := filesWith(t, dir, old); len(found) > 0 {
		t.Errorf("still in %v", found)
	}
}

func TestScrubRemovesCopies(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(copyPath(path, 1), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also when there is none
		if err := removeCopies(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(copyPath(path, 1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}
