package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isTaken tells whether a port is somebody else's.
func isTaken(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }
