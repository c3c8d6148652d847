//go:build unix

package bench

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// raiseDescriptors sees to it that this process may have n files open, and some.
func raiseDescriptors(n int) error {
	const spare = 64
	want := uint64(n + spare)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("ask for the limit of open files: %w", err)
	}
	if uint64(limit.Cur) >= want {
		return nil
	}
	if uint64(limit.Max) < want {
		return fmt.Errorf("%d connections need %d open files, and this system allows a process %d (ulimit -Hn)", n, want, limit.Max)
	}
	limit.Cur = limit.Max
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}
