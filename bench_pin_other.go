//go:build !linux

package main

import "os/exec"

// pinning is for Linux.
type pinning struct{}

func pin() (pinning, error) { return pinning{}, usage("--pin is for Linux", "leave it out") }

func (pinning) start(command *exec.Cmd) error { return command.Start() }
func (pinning) String() string                { return "" }
