package main

import "syscall"

// apart keeps Ctrl-C on the console from the server, so that it is measured to the end.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
