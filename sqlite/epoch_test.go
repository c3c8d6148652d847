package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestEpoch leaves a data directory in the state that each event does and
// looks whether the log says the same about itself afterwards.
func TestEpoch(t *testing.T) {
	crash := func(durability Durability) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			lines, kill := startChild(t, "hold "+dir, "PARLEY_SQLITE_TEST_DURABILITY="+string(durability))
			lines.Scan()
			kill()
			lines.Scan()
		}
	}
	restartMachine := func(t *testing.T, dir string) {
		withFile(t, filepath.Join(dir, FileName), "UPDATE meta SET value = 'another' WHERE key = 'boot'")
		// withFile has emptied the write-ahead log and removed it, as the shell does.
		if err := os.WriteFile(filepath.Join(dir, FileName+"-wal"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(dir string) string { return filepath.Join(dir, FileName) }
	saved := ""
	save := func(t *testing.T, dir string) {
		saved = t.TempDir()
		if err := os.CopyFS(saved, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	use := func(t *testing.T, dir string) { epochOf(t, dir) }
	remove := func(names ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	restore := func(t *testing.T, dir string) { // the data file alone, into the one that is there
		content, err := os.ReadFile(file(saved))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file(dir), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	restoreAll := func(t *testing.T, dir string) {
		if err := os.CopyFS(dir, os.DirFS(saved)); err != nil {
			t.Fatal(err)
		}
	}
	over := func(t *testing.T, dir string) { // as cp -a does: the files stay, their content goes
		for _, name := range []string{FileName, FileName + "-wal", markName} {
			content, err := os.ReadFile(filepath.Join(saved, name))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	saveInUse := func(t *testing.T, dir string) {
		s, err := Open(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		save(t, dir)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		events []func(t *testing.T, dir string)
		kept   bool
	}{
		{"closed", nil, true},
		{"killed, full", []func(*testing.T, string){crash(Full)}, true},
		{"killed, normal", []func(*testing.T, string){crash(Normal)}, true},
		{"closed, then another machine start", []func(*testing.T, string){restartMachine}, true},
		{"power cut, full", []func(*testing.T, string){crash(Full), restartMachine}, true},
		{"power cut, normal", []func(*testing.T, string){crash(Normal), restartMachine}, false},
		{"killed, then only the file was copied", []func(*testing.T, string){crash(Full), func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, FileName+"-wal")); err != nil {
				t.Fatal(err)
			}
		}}, false},
		{"used again and again", []func(*testing.T, string){use, use, use}, true},
		{"a closed file put back after another run", []func(*testing.T, string){save, use, restore}, false},
		{"a closed file put back, of before a crash", []func(*testing.T, string){save, crash(Full), remove(FileName + "-wal"), restore}, false},
		{"put back though nothing came since", []func(*testing.T, string){save, restore}, true},
		{"the whole directory put back", []func(*testing.T, string){save, use, remove(FileName, lockName, markName), restoreAll}, runtime.GOOS == "windows"},
		{"the whole directory put back over itself", []func(*testing.T, string){save, use, over}, runtime.GOOS == "windows"},
		{"a copy of it in use put back over itself", []func(*testing.T, string){saveInUse, over}, runtime.GOOS == "windows"},
		{"the mark is gone", []func(*testing.T, string){remove(markName)}, false},
		{"of a parley that had no mark yet", []func(*testing.T, string){remove(markName), func(t *testing.T, dir string) {
			withFile(t, file(dir), "DELETE FROM meta WHERE key = 'run'")
		}}, true},
		{"died while a run began, before the file had it", []func(*testing.T, string){func(t *testing.T, dir string) {
			m, err := readMark(dir)
			if err != nil {
				t.Fatal(err)
			}
			m.runs = append([]string{"of the run that began"}, m.runs...)
			if err := m.write(dir); err != nil {
				t.Fatal(err)
			}
		}}, true},
		{"died while a run began, when the file had it", []func(*testing.T, string){func(t *testing.T, dir string) {
			m, err := readMark(dir)
			if err != nil {
				t.Fatal(err)
			}
			m.runs = append(m.runs, "before")
			if err := m.write(dir); err != nil {
				t.Fatal(err)
			}
		}}, true},
		{"its owner and permissions were set anew", []func(*testing.T, string){func(t *testing.T, dir string) {
			if err := errors.Join(os.Chmod(file(dir), 0o640), os.Chtimes(file(dir), time.Now(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			before := epochOf(t, dir)
			for _, event := range c.events {
				event(t, dir)
			}
			after := epochOf(t, dir)
			if (before == after) != c.kept {
				t.Errorf("epoch before %q, after %q; want it kept: %v", before, after, c.kept)
			}
			if again := epochOf(t, dir); again != after {
				t.Errorf("the epoch changed once more, from %q to %q", after, again)
			}
		})
	}
	if a, b := epochOf(t, t.TempDir()), epochOf(t, t.TempDir()); a == b {
		t.Errorf("two files have one epoch: %q", a)
	}
}

// TestEpochOfCopy restores what VACUUM INTO made of a store in use.
func TestEpochOfCopy(t *testing.T) {
	s := openTest(t, Options{})
	original, err := s.Extent(t.Context(), "room")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := s.writer.conn.ExecContext(t.Context(), "VACUUM INTO ?", filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	if restored := epochOf(t, dir); restored == original.Epoch {
		t.Error("the copy has the original's epoch, though the original went on")
	}
}

func epochOf(t *testing.T, dir string) string {
	t.Helper()
	s := openTest(t, Options{Dir: dir})
	extent, err := s.Extent(t.Context(), "room")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return extent.Epoch
}
