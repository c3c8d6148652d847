//go:build linux

package faults

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fullDisk lets no file of the server's grow. Nothing is acknowledged that is
// not kept, what is kept can be read, and it goes on when there is space again.
func fullDisk(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	w.heed = 20 * time.Millisecond
	w.add(4, s.socket(), "general", 3, func(c *client) { c.more = 1500 })
	for range times(3, 100) {
		w.until(30)
		refused := w.refused.Load()
		s.mayWrite(t, 40<<10) // bytes in one file; both have more, or soon will
		wait(t, patience, "a message to be refused", func() bool { return w.refused.Load() > refused+5 || l.isBroken() })
		if _, _, err := history(t.Context(), s.socket(), "general"); err != nil {
			t.Errorf("history on a full disk: %v", err)
		}
		s.mayWrite(t, unix.RLIM_INFINITY)
		w.goesOn(100, "though there is space again")
		if l.isBroken() {
			break
		}
		if long {
			s.kill()
			l.kills.Add(1)
			s.start()
		}
	}
	s.kill()
	l.kills.Add(1)
	s.start()
	w.until(30)
	w.settle(s.socket())
}

// mayWrite bounds the size of each file of the server's, in bytes. What it
// writes beyond fails as on a full disk, with EFBIG instead of ENOSPC.
func (s *server) mayWrite(t testing.TB, size uint64) {
	t.Helper()
	if err := unix.Prlimit(s.command.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}
