//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errUnknown = errors.New("CPU time and memory of a process are read on Linux only")

func cpuTime(int) (time.Duration, error) { return 0, errUnknown }
func residentBytes(int) (int64, error)   { return 0, errUnknown }
