//go:build unix && !linux

package runtimeapi

import (
	"os"
	"syscall"
)

// attributes cannot have a child die with this process here. What polls sees the Runtime API go, and ends.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func (p *process) wait() error {
	err := p.cmd.Wait()
	p.kill() // what it has started
	return err
}

func killGroup(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGKILL) }
