//go:build !unix

package runtimeapi

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func (p *process) wait() error { return p.cmd.Wait() }

// killGroup reaches only the process itself here.
func killGroup(p *os.Process) { p.Kill() }
