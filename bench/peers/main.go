//go:build linux

// Command peers measures Parley and others of its kind in turns: what each takes
// of its core for a delivery, and of memory for a connection that is idle.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		fmt.Fprintln(os.Stderr, serve(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// longest is what a duration may be: the clients here answer no pings, and who
// sends none back is closed by centrifuge after 22 s, by others later.
const longest = 10 * time.Second

// options are those of one run of the command.
type options struct {
	cases    []load
	peers    []string
	runs     int
	duration time.Duration
	divisor  int // of the connections and of the time to settle, for tests
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	caseNames := flags.String("cases", "fanout,publishers,large,paced,idle", "what to measure")
	peerNames := flags.String("peers", strings.Join(names(), ","), "whom to measure")
	runs := flags.Int("runs", 3, "how often, in turns")
	duration := flags.Duration("duration", 3*time.Second, "how long messages are counted in each run")
	asJSON := flags.Bool("json", false, "print one JSON object for each measurement in place of the table")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *runs < 1 || *duration <= 0 || *duration > longest {
		return fmt.Errorf("runs must be at least 1, duration more than 0 and at most %v", longest)
	}
	o := options{runs: *runs, duration: *duration, divisor: 1}
	for name := range strings.SplitSeq(*caseNames, ",") {
		l, ok := loads[name]
		if !ok {
			return fmt.Errorf("there is no case %q; try %s", name, flags.Lookup("cases").DefValue)
		}
		l.name = name
		o.cases = append(o.cases, l)
	}
	for name := range strings.SplitSeq(*peerNames, ",") {
		if _, ok := peers[name]; !ok {
			return fmt.Errorf("there is no peer %q; try %s", name, strings.Join(names(), ","))
		}
		o.peers = append(o.peers, name)
	}
	results, err := measureAll(ctx, o, func(text string) { fmt.Fprintln(os.Stderr, text) })
	if *asJSON {
		for _, r := range results {
			line, _ := json.Marshal(r) // numbers and names, nothing that could fail
			fmt.Println(string(line))
		}
	} else {
		fmt.Printf("%s, %s/%s, %d cores; %s. Server on core 0, generator on core 1, never sleeping.\n\n",
			time.Now().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
		fmt.Print(table(results))
	}
	return err
}

// measureAll builds Parley, and has each case of each peer in turns.
func measureAll(ctx context.Context, o options, tell func(string)) ([]result, error) {
	if runtime.NumCPU() < 2 {
		return nil, fmt.Errorf("this needs two cores: one for the server, one for the generator")
	}
	dir, err := os.MkdirTemp("", "parley-peers-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "parley")
	tell("building parley")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build parley: %w\n%s", err, out)
	}
	var results []result
	for i := range o.runs {
		for _, l := range o.cases {
			l.connections /= o.divisor
			l.settle /= time.Duration(o.divisor)
			for _, name := range o.peers {
				if err := ctx.Err(); err != nil {
					return results, err
				}
				tell(fmt.Sprintf("run %d of %d: %s, %s", i+1, o.runs, l.name, name))
				r, err := measure(ctx, binary, dir, name, l, o.duration)
				if err != nil {
					return results, fmt.Errorf("%s, %s: %w", l.name, name, err)
				}
				results = append(results, r)
			}
		}
	}
	return results, nil
}

// measure starts one peer, loads it once, and ends it.
func measure(ctx context.Context, binary, dir, name string, l load, duration time.Duration) (r result, err error) {
	p := peers[name]
	address, err := freeAddress()
	if err != nil {
		return r, err
	}
	data, err := os.MkdirTemp(dir, "data-")
	if err != nil {
		return r, err
	}
	command := p.command(binary, name, address, data)
	var said strings.Builder
	command.Stderr = &said
	server, err := startPinned(command)
	if err != nil {
		return r, err
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
		if err != nil && said.Len() > 0 {
			err = fmt.Errorf("%w; the server says:\n%s", err, said.String())
		}
	}()
	if err := reachable(ctx, address); err != nil {
		return r, err
	}
	r, err = drive(ctx, server.Process.Pid, address, p.dialect, l, duration)
	r.Case, r.Peer = l.name, name
	return r, err
}
