//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The server has one core for itself and the generator another.
const (
	serverCore = iota
	generatorCore
)

// on keeps the calling goroutine on one core until the function returned is called.
func on(core int) (release func(), err error) {
	runtime.LockOSThread()
	var before, one unix.CPUSet
	one.Set(core)
	if err = unix.SchedGetaffinity(0, &before); err == nil {
		err = unix.SchedSetaffinity(0, &one)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("stay on core %d: %w", core, err)
	}
	return func() {
		unix.SchedSetaffinity(0, &before)
		runtime.UnlockOSThread()
	}, nil
}

// startPinned starts a server on its core, which it inherits from the thread that starts it. It ends with this process,
// however that ends.
func startPinned(server *exec.Cmd) (*exec.Cmd, error) {
	release, err := on(serverCore)
	if err != nil {
		return nil, err
	}
	defer release()
	server.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	return server, server.Start()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// reachable waits until somebody listens there.
func reachable(ctx context.Context, address string) error {
	const patience = 20 * time.Second
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("the server did not listen: %w", err)
		}
	}
}

// cpuTime is what a process has taken so far, in user and kernel mode.
func cpuTime(pid int) (time.Duration, error) {
	// The clock of a process is named by its id: https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html
	const schedClock = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &t); err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// ownBytes is the memory that a process holds of its own.
func ownBytes(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "RssAnon:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0, fmt.Errorf("process %d tells no RssAnon", pid)
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10, err
}
