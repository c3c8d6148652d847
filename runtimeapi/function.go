// Package runtimeapi runs a Lambda function's program on this machine, unchanged: it is Lambda's Runtime API and the
// environments around it (Function), and the events of API Gateway's WebSocket APIs (Gateway). It knows no rooms, and
// whoever asks it to invoke something needs no AWS account.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// What of Lambda is not imitated: an idle environment is not frozen, so its timers go on; memory and CPU are not
// limited; files are not isolated, and the program's folder can be written to; there are no extensions, layers,
// streamed answers or traces; an initialisation that fails is not tried a second time for the same event.
package runtimeapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FunctionOptions say what to run. Name and Program are needed, the zero value of the others is useful.
type FunctionOptions struct {
	Name    string // the function's, as its log lines tell it
	Program string // path of the executable
	Handler string // _HANDLER; default Name

	// Env is what the function's configuration sets. Of this process's own environment a function sees nothing: neither
	// somebody's credentials nor a setting that it would lack on AWS.
	Env map[string]string

	Region  string        // default us-east-1
	Memory  int           // MB that the function is told it has; default 256
	Timeout time.Duration // of one invocation, after which its environment is ended; default 29 s

	// MaxEnvironments is how many processes there may be at a time, and so how many invocations: what Lambda calls
	// reserved concurrency. Default 20.
	MaxEnvironments int

	MaxWaiting  int           // invocations that may wait for an environment, with at most 64 MB of events; default 1000
	MaxWait     time.Duration // how long they may, then they are throttled; Lambda throttles at once. Default 5 s
	InitTimeout time.Duration // from a start to the first poll; default 10 s, as Lambda's
	IdleTimeout time.Duration // after which an environment that has nothing to do is ended; default 5 min

	Logger *slog.Logger // gets what the program prints, and what is wrong with it; nil: discard
}

func (o FunctionOptions) withDefaults() FunctionOptions {
	o.Handler = cmp.Or(o.Handler, o.Name)
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.Memory = cmp.Or(o.Memory, 256)
	o.Timeout = cmp.Or(o.Timeout, 29*time.Second)
	o.MaxEnvironments = cmp.Or(o.MaxEnvironments, 20)
	o.MaxWaiting = cmp.Or(o.MaxWaiting, 1000)
	o.MaxWait = cmp.Or(o.MaxWait, 5*time.Second)
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
	o.InitTimeout = cmp.Or(o.InitTimeout, 10*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 5*time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Function is one Lambda function: as many environments of its program as there are invocations at a time, each reused
// as long as it behaves. Its methods may be called by any number of goroutines.
type Function struct {
	options FunctionOptions
	log     *slog.Logger
	starter starter
	running sync.WaitGroup // environments
	closing chan struct{}  // closed by Close

	mu      sync.Mutex // guards what follows
	closed  bool
	alive   int            // environments, those that start or end included
	started int            // environments ever
	about   int            // environments that have answered, and are about to ask for the next event
	idle    []*environment // the one used last stands last, and goes first
	waiting []*invocation  // for an environment; in order
}

// NewFunction starts no process yet. The error is for a program that cannot be run. The caller has to Close it.
func NewFunction(o FunctionOptions) (*Function, error) {
	o = o.withDefaults()
	if o.Name == "" {
		return nil, errors.New("a function needs a name")
	}
	program, err := filepath.Abs(o.Program)
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", o.Name, err)
	}
	switch info, err := os.Stat(program); {
	case err != nil:
		return nil, fmt.Errorf("function %s: %w", o.Name, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("function %s: %s is not a program", o.Name, o.Program)
	}
	o.Program = program
	f := &Function{options: o, log: o.Logger.With("function", o.Name), closing: make(chan struct{})}
	f.starter.begin()
	return f, nil
}

// Name is what Lambda's API calls the function.
func (f *Function) Name() string { return f.options.Name }

// Invoke has the function handle an event, and waits for its answer. What fails is an *Error that says what happened
// and what to do. When ctx ends Invoke returns at once, but the function works on, as on AWS. Neither event nor answer
// may be more than 6 MB; Invoke keeps event until the function has it.
func (f *Function) Invoke(ctx context.Context, event []byte) (answer []byte, err error) {
	if len(event) > maxPayload {
		return nil, f.failed(KindTooLarge, "an event of %d bytes: the most is 6 MB", len(event))
	}
	i := newInvocation(event)
	if err := f.assign(i); err != nil {
		return nil, err
	}
	patience := time.NewTimer(f.options.MaxWait)
	defer patience.Stop()
	grace := time.NewTimer(pollGrace)
	defer grace.Stop()
	for {
		select {
		case r := <-i.result:
			return r.answer, r.err
		case <-ctx.Done():
			f.withdraw(i)
			return nil, fmt.Errorf("function %s: %w", f.options.Name, context.Cause(ctx))
		case <-grace.C:
			f.hurry(i)
		case <-patience.C:
			if f.withdraw(i) {
				return nil, f.throttled()
			}
		}
	}
}

// Close ends all environments, invocations included, and returns when no process is left. It may be called again.
func (f *Function) Close() error {
	f.mu.Lock()
	first := !f.closed
	f.closed = true
	waiting := f.waiting
	f.waiting = nil
	f.mu.Unlock()
	if first {
		close(f.closing)
	}
	for _, i := range waiting {
		i.finish(nil, f.gone())
	}
	f.running.Wait()
	if first {
		f.starter.end()
	}
	return nil
}
