package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// version is that of the last release, or of the one being made, whose build
// sets it: -X main.version=1.2.3.
var version = "0.1.0"

type versionCmd struct{}

func (versionCmd) Run(e *environment) error { return printVersion(e.stdout) }

// versionFlag is versionCmd for those who try the flag first.
type versionFlag bool

func (v *versionFlag) BeforeReset(app *kong.Kong) error {
	*v = true
	defer app.Exit(0)
	return printVersion(app.Stdout)
}

func printVersion(w io.Writer) error {
	_, err := fmt.Fprintf(w, "parley %s%s %s/%s %s\n", version, revision(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return err
}

// revision is the commit this was built from, where the build knows it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = ", changed"
			}
		}
	}
	if len(commit) < 12 {
		return ""
	}
	return fmt.Sprintf(" (%s%s)", commit[:12], changed)
}
