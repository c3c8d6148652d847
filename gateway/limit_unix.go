//go:build unix

package gateway

import (
	"math"
	"syscall"
)

// descriptors tells how many files this process may open. Go has raised the soft limit to the hard one already.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 256
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) // Cur is signed on some systems
}
