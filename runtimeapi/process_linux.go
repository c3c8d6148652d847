package runtimeapi

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes have a child die with this process, even when that is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// wait ends what the process has started once it has ended itself. Until it is reaped, its group's number is nobody
// else's.
func (p *process) wait() error {
	for unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	p.kill()
	return p.cmd.Wait()
}

func killGroup(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGKILL) }
