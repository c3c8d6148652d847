package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLockSameProcess(t *testing.T) {
	dir := t.TempDir()
	first := openTest(t, Options{Dir: dir})
	if s, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second Open: got %v, %v, want ErrLocked", s, err)
	}
	// The refused one must not have taken the first one's lock or file along.
	if _, err := first.Append(t.Context(), "room", message("p", 1)); err != nil {
		t.Errorf("the first store, after a second Open: %v", err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Errorf("a third Open: got %v, want ErrLocked", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, Options{Dir: dir})
}

func TestLockOtherProcess(t *testing.T) {
	dir := t.TempDir()
	lines, kill := startChild(t, "hold "+dir)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("child: %q", lines.Text())
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Fatalf("Open while another process has it: got %v, want ErrLocked and the process", err)
	}
	kill()
	lines.Scan()                   // it has ended
	openTest(t, Options{Dir: dir}) // and its lock with it
}

// The lock file looks like litter. Who deletes it lets nobody in.
func TestLockFileDeleted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open cannot be deleted here")
	}
	dir := t.TempDir()
	openTest(t, Options{Dir: dir})
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second Open: got %v, %v, want ErrLocked", s, err)
	}
}
