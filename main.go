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
	"time"

	"github.com/alecthomas/kong"

	"parley/deploy"
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
	Serve    serveCmd    `cmd:"" default:"withargs" help:"Run the chat on this machine. This is what parley does by itself."`
	Send     sendCmd     `cmd:"" help:"Say something in a chat: the words given, or each line of standard input."`
	Tail     tailCmd     `cmd:"" help:"Print what was said in a chat, and with -f what is being said."`
	Conform  conformCmd  `cmd:"" help:"Check from outside whether a server keeps to the protocol."`
	Bench    benchCmd    `cmd:"" help:"Put a chat under load, one of its own or the one at --url, and print what it takes."`
	Operator operatorCmd `cmd:"" help:"Make somebody an operator of a chat."`
	Audit    auditCmd    `cmd:"" help:"Print what moderators and operators did in a chat."`
	Erase    eraseCmd    `cmd:"" help:"Take away all that a chat keeps of a person."`
	Plan     planCmd     `cmd:"" help:"What deploy would do in your AWS account, and what the chat would cost a month."`
	Deploy   deployCmd   `cmd:"" help:"Put the chat into your AWS account, or change it there. Shows what would happen, and asks."`
	Status   statusCmd   `cmd:"" help:"How the chat in AWS stands."`
	Destroy  destroyCmd  `cmd:"" help:"Delete the chat from AWS, with all that was said."`
	Package  packagesCmd `cmd:"" help:"Write the zips of the Lambda functions, for those who deploy with tools of their own."`
	Version  versionCmd  `cmd:"" help:"Print the version."`

	ShowVersion versionFlag `name:"version" hidden:"" help:"Print the version."` // as every other program has it
}

// environment is what commands use of the process, so that tests can give them another.
type environment struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	release        func(progress io.Writer) deploy.Release // what is deployed
	poll           time.Duration                           // between two looks at what AWS does; 0: deploy's default
}

// run is the program without its process. It returns when the command is done or ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	return (&environment{getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr, release: releaseOf}).run(ctx, args)
}

func (e *environment) run(ctx context.Context, args []string) error {
	var c cli
	done := false // kong has shown the help
	parser, err := kong.New(&c,
		kong.Name("parley"),
		kong.Description("A web chat in one program. Exit codes: 0 done, 1 failed, 2 bad flag or argument, 3 cannot listen, 4 data directory not usable; "+
			"in a chat: 7 not reached, 11 refused, 12 it may have been said or not, 13 does not conform, 130 interrupted; "+
			"in AWS: 5 not signed in, 6 not permitted, 7 not reached, 8 could not be done or would lose messages, 9 not confirmed, 10 status has something to look at, 130 interrupted."),
		parameterHelp(),
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
	)
	if err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if done {
		if len(args) == 1 && !c.ShowVersion { // parley alone is parley serve: show its flags too
			fmt.Fprintln(e.stdout)
			parser.Parse([]string{"serve", "--help"})
		}
		return nil
	}
	if err != nil {
		return &failure{err: err, hint: "parley --help shows every flag and its environment variable", code: exitUsage}
	}
	k.BindTo(ctx, (*context.Context)(nil))
	return k.Run(e)
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
