// Parley is a web chat: one binary, one data file, people talk at once.
//
// This package is the command line. It alone introduces the adapters to each
// other; none of them knows another one.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(report(os.Stderr, err))
}

// cli is the command line: kong reads flags, environment and help from it.
type cli struct {
	Serve   serveCmd    `cmd:"" default:"withargs" help:"Run the chat on this machine. This is what parley does by itself."`
	Package packagesCmd `cmd:"" help:"Write the zips of the Lambda functions, for those who deploy with tools of their own."`
	Version versionCmd  `cmd:"" help:"Print the version."`

	ShowVersion versionFlag `name:"version" hidden:"" help:"Print the version."` // as every other program has it
}

// environment is what commands use of the process, so that tests can give them another.
type environment struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run is the program without its process. It returns when the command is done or ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	var c cli
	done := false // kong has shown the help
	parser, err := kong.New(&c,
		kong.Name("parley"),
		kong.Description("A web chat in one program. Exit codes: 0 done, 1 failed, 2 bad flag or argument, 3 cannot listen, 4 data directory not usable."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
	)
	if err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if done {
		if len(args) == 1 && !c.ShowVersion { // parley alone is parley serve: show its flags too
			fmt.Fprintln(stdout)
			parser.Parse([]string{"serve", "--help"})
		}
		return nil
	}
	if err != nil {
		return &failure{err: err, hint: "parley --help shows every flag and its environment variable", code: exitUsage}
	}
	k.BindTo(ctx, (*context.Context)(nil))
	return k.Run(&environment{getenv, stdin, stdout, stderr})
}

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2 // a bad flag, argument or environment variable
	exitListen = 3 // a port is taken or not allowed
	exitData   = 4 // the data directory is locked, not writable, newer or damaged
)

// failure is an error for the one who typed the command: what went wrong, and
// what to do.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// report writes an error and its hint, and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(w, "parley: %v\n", err)
	var f *failure
	if !errors.As(err, &f) {
		return exitFailed
	}
	if f.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.hint)
	}
	return f.code
}
