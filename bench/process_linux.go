package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what a process has taken so far, in user and kernel mode.
func cpuTime(pid int) (time.Duration, error) {
	// The clock of a process is named by its id: https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html
	// CPUCLOCK_SCHED in include/linux/posix-timers_types.h; it counts nanoseconds, where /proc/PID/stat counts ticks.
	const schedClock = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &t); err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// residentBytes is the memory that a process holds of its own: what it has of
// files, its program above all, the kernel keeps for it as long as there is room.
func residentBytes(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "RssAnon:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0, fmt.Errorf("process %d has no memory any more", pid)
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10, err
}
