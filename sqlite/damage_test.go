package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/chat"
)

// damaged makes a closed store with the given texts in one room, changes its
// file and opens it again.
func damaged(t *testing.T, texts []string, change func(file []byte) []byte) (*Store, error) {
	t.Helper()
	dir := t.TempDir()
	s := openTest(t, Options{Dir: dir})
	var entries []chat.Entry
	for i, text := range texts {
		e := message("p", i)
		e.Text = text
		entries = append(entries, e)
	}
	if _, err := s.Append(t.Context(), "room", entries...); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(file), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Options{Dir: dir})
	if err == nil {
		t.Cleanup(func() { again.Close() })
	}
	return again, err
}

// replaceOnce changes the one place in the file where old stands.
func replaceOnce(t *testing.T, file []byte, old, new string) []byte {
	t.Helper()
	if n := bytes.Count(file, []byte(old)); n != 1 || len(old) != len(new) {
		t.Fatalf("%q stands %d times in the file, want 1", old, n)
	}
	return bytes.Replace(file, []byte(old), []byte(new), 1)
}

func TestDamageFlippedText(t *testing.T) {
	s, err := damaged(t, []string{"first text", "second text", "third text"}, func(file []byte) []byte {
		return replaceOnce(t, file, "second text", "sekond text")
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTexts := func(entries []chat.Entry, err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			text := fmt.Sprint(e.Seq, " ", e.Text)
			if e.Lost {
				text = fmt.Sprint(e.Seq, " lost")
				if (e != chat.Entry{Seq: e.Seq, Lost: true}) {
					t.Errorf("a lost entry says more than its sequence: %+v", e)
				}
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	entries, err := s.Range(t.Context(), "room", 1, 3, 1000)
	wantTexts(entries, err, "1 first text", "2 lost", "3 third text")
	entries, err = s.RangeBack(t.Context(), "room", 1, 3, 1000)
	wantTexts(entries, err, "3 third text", "2 lost", "1 first text")
	if appended, err := s.Append(t.Context(), "room", message("p", 1)); err != nil || !appended[0].Repeat || appended[0].Seq != 2 || !appended[0].Lost {
		t.Errorf("the lost entry sent again: got %+v, %v, want a repeat of 2, lost", appended, err)
	}
	if appended, err := s.Append(t.Context(), "room", message("p", 9)); err != nil || appended[0].Seq != 4 {
		t.Errorf("Append after damage: got %+v, %v", appended, err)
	}
}

// TestDamageRowsGone takes rows away behind SQLite's back, as a b-tree page
// that was never written does: the sequences are still told, as lost.
func TestDamageRowsGone(t *testing.T) {
	s := openTest(t, Options{})
	for i := range 6 {
		if _, err := s.Append(t.Context(), "room", message("p", i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), "DELETE FROM entry WHERE seq IN (1, 3, 4, 6)"); err != nil {
		t.Fatal(err)
	}
	for _, back := range []bool{false, true} {
		read, want := s.Range, "[1 true][2 false][3 true][4 true][5 false][6 true]"
		if back {
			read, want = s.RangeBack, "[6 true][5 false][4 true][3 true][2 false][1 true]"
		}
		entries, err := read(t.Context(), "room", 0, 100, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range entries {
			got += fmt.Sprintf("[%d %v]", e.Seq, e.Lost)
		}
		if got != want {
			t.Errorf("back %v:\n got %s\nwant %s", back, got, want)
		}
	}
}

func TestDamageOnOpening(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(file []byte) []byte
		want   error
	}{
		{"another kind of file", func([]byte) []byte { return []byte("This is a letter to my aunt, not a database.") }, ErrNotParley},
		{"shorter than a header", func([]byte) []byte { return []byte("SQLite") }, ErrNotParley},
		{"first bytes", func(f []byte) []byte { f[0] = 'X'; return f }, ErrNotParley},
		{"zeros", func(f []byte) []byte { return make([]byte, len(f)) }, ErrNotParley},
		{"page size", func(f []byte) []byte { f[16], f[17] = 0x12, 0x34; return f }, ErrCorrupt},
		{"header garbage", func(f []byte) []byte { copy(f[16:100], bytes.Repeat([]byte{0xa5}, 84)); return f }, ErrCorrupt},
		{"schema page", func(f []byte) []byte { copy(f[100:4096], bytes.Repeat([]byte{0xa5}, 3996)); return f }, ErrCorrupt},
		{"application id", func(f []byte) []byte { f[68] ^= 1; return f }, ErrNotParley},
		{"a column's name", func(f []byte) []byte { return bytes.Replace(f, []byte("skeleton TEXT"), []byte("skeletom TEXT"), 1) }, ErrCorrupt},
		{"truncated to a page", func(f []byte) []byte { return f[:4096] }, ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			var kept []byte
			s, err := damaged(t, []string{"text"}, func(f []byte) []byte {
				kept = bytes.Clone(c.change(f))
				return kept
			})
			if !errors.Is(err, c.want) {
				t.Fatalf("Open: got %v, %v, want %v", s, err, c.want)
			}
			if !strings.Contains(err.Error(), FileName) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

// TestDamageAnywhere flips bytes all over the file. Whatever comes of it, no
// text that was not written is served, and nothing panics.
func TestDamageAnywhere(t *testing.T) {
	written := make(map[uint64]string)
	var texts []string
	for i := range 120 {
		texts = append(texts, fmt.Sprint("text number ", i, strings.Repeat(" abcdefgh", i%40)))
		written[uint64(i)+1] = texts[i]
	}
	served, lost, refused, failed := 0, 0, 0, 0
	for seed := range 60 {
		s, err := damaged(t, texts, func(f []byte) []byte {
			for i := range 8 {
				at := 100 + (seed*7919+i*104729)%(len(f)-100)
				f[at] ^= byte(1 + (seed+i)%255)
			}
			return f
		})
		if err != nil {
			if refused++; !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotParley) {
				t.Errorf("seed %d: Open: got %v, want ErrCorrupt or ErrNotParley", seed, err)
			}
			continue
		}
		if _, err := s.Append(t.Context(), "room", message("q", seed)); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("seed %d: Append: got %v, want ErrCorrupt", seed, err)
		}
		for from := uint64(1); from <= 120; from += 10 {
			entries, err := s.Range(t.Context(), "room", from, from+9, 1<<20)
			if err != nil {
				if failed++; !errors.Is(err, ErrCorrupt) {
					t.Errorf("seed %d: Range: got %v, want ErrCorrupt", seed, err)
				}
				continue
			}
			for _, e := range entries {
				switch {
				case e.Lost:
					lost++
				case e.Seq > 120: // the one just appended
				case e.Text != written[e.Seq]:
					t.Errorf("seed %d: entry %d: got %q, want %q or lost", seed, e.Seq, e.Text, written[e.Seq])
				default:
					served++
				}
			}
		}
		s.Close()
	}
	t.Logf("entries served %d, lost %d; pages of ten that failed %d; openings refused %d of 60", served, lost, failed, refused)
	if served == 0 || lost == 0 {
		t.Error("the damage was not of the kind this test is for")
	}
}
