package sqlite

import (
	"os"
	"path/filepath"
	"testing"
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
