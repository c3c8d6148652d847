package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"strings"
	"time"

	"parley/bench"
	"parley/conform"
)

type benchCmd struct {
	Case []string `placeholder:"CASE" help:"What to measure: fanout, publishers, large, paced, idle, accept, rooms; or several, with commas. The flags below change it. Default: fanout."`

	Connections int           `placeholder:"N" help:"Members of the rooms. Default: the case's."`
	Rooms       int           `placeholder:"M" help:"Rooms among which the connections are divided. Default: the case's."`
	Publishers  int           `placeholder:"P" help:"Connections that speak as well. Default: the case's."`
	Outstanding int           `placeholder:"W" help:"Messages that each publisher keeps on their way. Default: the case's."`
	Rate        float64       `placeholder:"R" help:"Messages a second by the clock, of all publishers together, instead of --outstanding. Default: the case's."`
	Size        int           `default:"64" placeholder:"BYTES" help:"Length of a text. Default: 64."`
	Duration    time.Duration `default:"10s" placeholder:"DURATION" help:"How long each run measures. Default: 10s."`
	Stalled     int           `placeholder:"K" help:"Run again with this many further members that read nothing, and compare."`

	Durability string   `default:"full" enum:"full,normal" placeholder:"full|normal" help:"Of the server that is started. Default: full."`
	Data       string   `placeholder:"DIR" help:"Where that server keeps its data for the time being: a sync costs what the disk there takes. Default: the system's temporary folder."`
	Pin        bool     `help:"Keep that server on one core and the generator on another. Linux."`
	Spin       bool     `help:"The generator never sleeps, so that the server does not pay for waking it. Linux; for two cores or more."`
	Serve      []string `arg:"" optional:"" placeholder:"FLAGS" help:"Flags for that server, after --."`

	URL            string `name:"url" placeholder:"URL" help:"Measure this server, its page or its socket, instead of starting one."`
	PID            int    `name:"pid" placeholder:"PID" help:"Its process, if it runs on this machine: CPU time and memory are unknown otherwise."`
	WithPermission bool   `help:"Whoever runs the server at --url knows of this. Needed unless it is on this machine."`

	JSON bool `name:"json" help:"One JSON object in place of the table; bench/report.schema.json says what each field is."`
}

func (b *benchCmd) Help() string {
	return "Starts a server of its own, on a port and with data that are gone afterwards, opens connections, has some of them speak, and counts each delivery. " +
		"Ctrl-C ends it early and prints what it has. " +
		"Exit codes: 0 all arrived once and in order, 1 it did not, 2 bad flag, 7 nobody answers there, 130 interrupted."
}

func (b *benchCmd) Run(ctx context.Context, e *environment) error {
	plan, err := b.plan()
	if err != nil {
		return err
	}
	var cores pinning
	if b.Pin {
		if cores, err = pin(); err != nil {
			return err
		}
	}
	out := newBenchOutput(e, b, cores)
	out.begin()
	faulty := 0
	for _, run := range plan {
		report, err := b.one(ctx, run, cores, out)
		if err != nil {
			return err
		}
		out.add(run, report)
		if report.Faults.Any() {
			faulty++
		}
		if report.Interrupted {
			break
		}
	}
	if err := out.end(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	switch {
	case faulty > 0:
		return fmt.Errorf("not all arrived once and in order in %d of %d runs", faulty, len(plan))
	case ctx.Err() != nil:
		return &failure{err: errors.New("interrupted"), code: exitInterrupted}
	}
	return nil
}

// one runs one measurement, on a server of its own unless one is given.
func (b *benchCmd) one(ctx context.Context, run benchRun, cores pinning, out *benchOutput) (*bench.Report, error) {
	o := run.options
	o.Progress, o.Spin, o.Cores = out.progress(run), b.Spin, runtime.GOMAXPROCS(0)
	if b.URL != "" {
		target, err := conform.Find(ctx, b.URL)
		if err != nil {
			return nil, &failure{err: err, hint: "is it running there? without --url one is started", code: exitUnreached}
		}
		o.URL, o.PID, o.Loopback = target.WebSocket, b.PID, onLoopback(target.WebSocket)
		if !o.Loopback && !b.WithPermission {
			return nil, notPermitted(target.WebSocket)
		}
	} else {
		server, err := startServer(ctx, b.serveArgs(o), b.Data, cores)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		o.URL, o.PID, o.Loopback = server.socket, server.pid(), true
	}
	report, err := bench.Run(ctx, o)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, &failure{err: errors.New("interrupted before there was anything to measure"), code: exitInterrupted}
	case err != nil && b.URL != "":
		return nil, &failure{err: err, hint: "is it running there? its limits may be in the way: parley serve --rate-limits off", code: exitUnreached}
	}
	return report, err
}

// serveArgs are those of the server for a run.
func (b *benchCmd) serveArgs(o bench.Options) []string {
	return append([]string{"--durability", b.Durability, "--rate-limits", rateLimits(o)}, b.Serve...)
}

// rateLimits are on wherever the publishers keep to what one person may say.
func rateLimits(o bench.Options) string {
	const allowed = 4 // messages a second; chat.Rate has 5, and the clock here is another
	if o.Publishers == 0 || o.Rate > 0 && o.Rate/float64(o.Publishers) <= allowed {
		return "on"
	}
	return "off"
}

// plan is what is to be run, in order.
func (b *benchCmd) plan() ([]benchRun, error) {
	if b.URL == "" && (b.PID != 0 || b.WithPermission) {
		return nil, usage("--pid and --with-permission are for a server at --url", "without --url one is started")
	}
	if b.URL != "" && (b.Pin || b.Data != "" || len(b.Serve) > 0) {
		return nil, usage("--pin, --data and flags for the server are for one that is started", "leave --url out, or these")
	}
	if b.URL != "" && !b.WithPermission && !onLoopback(b.URL) {
		return nil, notPermitted(b.URL)
	}
	names := b.Case
	if len(names) == 0 {
		names = []string{"fanout"}
	}
	var plan []benchRun
	for _, name := range names {
		runs, known := benchCases[name]
		if !known {
			return nil, usage(fmt.Sprintf("there is no case %q", name), "the cases are "+strings.Join(caseNames(), ", "))
		}
		for _, o := range runs {
			o = b.changed(o)
			plan = append(plan, benchRun{name, o})
			if b.Stalled > 0 && o.Publishers > 0 {
				o.Stalled = b.Stalled
				plan = append(plan, benchRun{name, o})
			}
		}
	}
	for _, run := range plan {
		o := run.options
		o.URL = "ws://not.known.yet"
		if err := o.Check(); err != nil {
			return nil, usage(err.Error(), "parley bench --help shows every flag")
		}
	}
	return plan, nil
}

// changed is a case with what the flags say instead.
func (b *benchCmd) changed(o bench.Options) bench.Options {
	o.Connections = cmp.Or(b.Connections, o.Connections)
	o.Rooms = cmp.Or(b.Rooms, o.Rooms)
	o.Publishers = cmp.Or(b.Publishers, o.Publishers)
	if o.Rate = cmp.Or(b.Rate, o.Rate); b.Outstanding != 0 {
		o.Outstanding, o.Rate = b.Outstanding, b.Rate
	}
	o.Size, o.Duration = b.Size, b.Duration
	return o
}

func usage(what, hint string) error {
	return &failure{err: errors.New(what), hint: hint, code: exitUsage}
}

func notPermitted(address string) error {
	return usage(fmt.Sprintf("%s is not on this machine, and this would put it under load", address), "ask who runs it, then add --with-permission")
}

// onLoopback tells whether a URL leads to this machine for certain.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
