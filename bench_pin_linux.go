package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// pinning is one core for the server and another one for the generator. The zero
// value leaves both where they are.
type pinning struct {
	pinned            bool
	server, generator int
}

// pin keeps this process on the second core that it may use.
func pin() (p pinning, err error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return p, os.NewSyscallError("sched_getaffinity", err)
	}
	var cores []int
	for cpu := 0; len(cores) < 2 && cpu < len(allowed)*64; cpu++ {
		if allowed.IsSet(cpu) {
			cores = append(cores, cpu)
		}
	}
	if len(cores) < 2 {
		return p, usage("--pin needs two cores", "leave it out")
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return p, fmt.Errorf("list the threads of this process: %w", err)
	}
	for _, thread := range threads { // those to come inherit it
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		if err := setCore(id, cores[1]); err != nil && !errors.Is(err, unix.ESRCH) {
			return p, err
		}
	}
	runtime.GOMAXPROCS(1)
	return pinning{pinned: true, server: cores[0], generator: cores[1]}, nil
}

// start starts a process on the server's core: it inherits that of the thread
// which starts it.
func (p pinning) start(command *exec.Cmd) error {
	if !p.pinned {
		return command.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := setCore(0, p.server); err != nil {
		return err
	}
	return errors.Join(command.Start(), setCore(0, p.generator))
}

// setCore keeps a thread, or with 0 this one, on a core.
func setCore(thread, core int) error {
	var set unix.CPUSet
	set.Set(core)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(thread, &set))
}

func (p pinning) String() string {
	if !p.pinned {
		return ""
	}
	return fmt.Sprintf("on core %d, the generator on core %d", p.server, p.generator)
}
