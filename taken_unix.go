//go:build !windows

package main

import (
	"errors"
	"syscall"
)

// isTaken tells whether a port is somebody else's.
func isTaken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
