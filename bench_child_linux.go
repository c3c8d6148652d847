package main

import "syscall"

// apart keeps Ctrl-C on the terminal from the server, so that it is measured to
// the end, and has it end with this process, however that does.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
