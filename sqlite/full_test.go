package sqlite

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"parley/chat"
)

// TestFull fills the file up to a limit and wants errors instead of false
// acknowledgements, history that can be read, and writes again later.
func TestFull(t *testing.T) {
	s := openTest(t, Options{})
	limit := func(pages int) {
		if _, err := s.writer.conn.ExecContext(t.Context(), fmt.Sprint("PRAGMA max_page_count = ", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(60)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("before it is full: %v", err)
	}
	acknowledged := fillUp(t, s)
	wantAcknowledged(t, s, acknowledged)
	if err := s.Ready(t.Context()); err != nil && !errors.Is(err, ErrFull) {
		t.Errorf("when it is full: %v", err)
	}
	limit(1000)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("when there is space again: %v", err)
	}
	if appended, err := s.Append(t.Context(), "room", message("after", 1)); err != nil || appended[0].Seq != acknowledged+1 {
		t.Errorf("Append when there is space again: got %+v, %v, want %d", appended, err, acknowledged+1)
	}
}

// TestFullDisk does it with a real file system of 2 MB, where there may be one.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a small file system")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 600<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, Options{Dir: dir})
	acknowledged := fillUp(t, s)
	wantAcknowledged(t, s, acknowledged)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if appended, err := s.Append(t.Context(), "room", message("after", 1)); err != nil || appended[0].Seq != acknowledged+1 {
		t.Fatalf("Append when there is space again: got %+v, %v, want %d", appended, err, acknowledged+1)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, Options{Dir: dir})
	wantAcknowledged(t, s, acknowledged+1)
}

// fillUp appends, several at once, until each of them is refused, and returns
// how many were acknowledged.
func fillUp(t *testing.T, s *Store) (acknowledged uint64) {
	t.Helper()
	answers := make(chan error)
	const speakers = 8
	for i := range speakers {
		go func() {
			for n := 0; ; n++ {
				e := message(fmt.Sprint("p", i), n)
				e.Text = strings.Repeat("x", 2000)
				_, err := s.Append(t.Context(), "room", e)
				answers <- err
				if err != nil {
					return
				}
			}
		}()
	}
	for refused := 0; refused < speakers; {
		err := <-answers
		if err == nil {
			acknowledged++
			continue
		}
		refused++
		if !errors.Is(err, ErrFull) {
			t.Errorf("Append on a full disk: got %v, want ErrFull", err)
		}
	}
	return acknowledged
}

func wantAcknowledged(t *testing.T, s *Store, acknowledged uint64) {
	t.Helper()
	entries, err := s.Range(t.Context(), "room", 1, 1<<40, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if uint64(len(entries)) != acknowledged || acknowledged == 0 {
		t.Errorf("%d entries are in the file, %d were acknowledged", len(entries), acknowledged)
	}
	for i, e := range entries {
		if e.Seq != uint64(i)+1 || e.Lost {
			t.Errorf("entry %d is %+v", i+1, e)
		}
	}
}

func TestNotWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dirs := []string{file, filepath.Join(file, "below")}
	if runtime.GOOS == "linux" {
		dirs = append(dirs, "/proc", "/proc/parley")
	}
	if os.Getuid() > 0 {
		readOnly := filepath.Join(t.TempDir(), "read-only")
		if err := os.Mkdir(readOnly, 0o500); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, readOnly)
	}
	for _, dir := range dirs {
		s, err := Open(t.Context(), Options{Dir: dir})
		if !errors.Is(err, ErrNotWritable) || !strings.Contains(err.Error(), dir) {
			t.Errorf("Open(%s): got %v, %v, want ErrNotWritable and where", dir, s, err)
		}
	}
}

// TestReadOnlyFileSystem is a data directory that turned read-only, where
// there may be one: its messages are kept, opening says why it cannot.
func TestReadOnlyFileSystem(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a file system")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	s := openTest(t, Options{Dir: dir})
	if _, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Text: "kept"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "remount,ro", dir).CombinedOutput(); err != nil {
		t.Skipf("remount: %v: %s", err, out)
	}
	if s, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrNotWritable) {
		t.Errorf("Open: got %v, %v, want ErrNotWritable", s, err)
	}
}
