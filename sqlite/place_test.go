package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestGone takes the files away while they are in use: nothing may be
// acknowledged that no next start would find.
func TestGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open cannot be taken away here")
	}
	for name, take := range map[string]func(dir string) error{
		"the directory is deleted":       os.RemoveAll,
		"the data file is deleted":       func(dir string) error { return os.Remove(filepath.Join(dir, FileName)) },
		"the write-ahead log is deleted": func(dir string) error { return os.Remove(filepath.Join(dir, FileName+"-wal")) },
		"another file is put into its place": func(dir string) error {
			other := filepath.Join(dir, "other")
			return errors.Join(os.WriteFile(other, nil, 0o600), os.Rename(other, filepath.Join(dir, FileName)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			s, err := Open(t.Context(), Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			if _, err := s.Append(t.Context(), "room", message("p", 1)); err != nil {
				t.Fatal(err)
			}
			if err := take(dir); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Append(t.Context(), "room", message("p", 2)); !errors.Is(err, ErrGone) {
				t.Errorf("Append: got %+v, %v, want ErrGone", got, err)
			}
			if err := s.Ready(t.Context()); !errors.Is(err, ErrGone) {
				t.Errorf("Ready: got %v, want ErrGone", err)
			}
		})
	}
	t.Run("moved away and back", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		s := openTest(t, Options{Dir: dir})
		if err := os.Rename(dir, dir+"-away"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), "room", message("p", 1)); !errors.Is(err, ErrGone) {
			t.Errorf("while it is away: got %v, want ErrGone", err)
		}
		if err := os.Rename(dir+"-away", dir); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Append(t.Context(), "room", message("p", 1)); err != nil || got[0].Seq != 1 || got[0].Repeat {
			t.Errorf("when it is back: got %+v, %v, want it added at 1", got, err)
		}
	})
}
