//go:build unix && !linux

package main

import "syscall"

// apart keeps Ctrl-C on the terminal from the server, so that it is measured to the end.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
