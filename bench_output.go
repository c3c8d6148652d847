package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"parley/bench"
)

// benchOutput prints runs as they end, and a line of progress where somebody watches.
type benchOutput struct {
	out, watched io.Writer // watched: nil if nobody does
	json         bool
	err          error // of out
	result       benchResult
}

// benchResult is all that was measured, as --json prints it.
type benchResult struct {
	Parley   string         `json:"parley"` // version and commit of this program
	Date     string         `json:"date"`
	Machine  bench.Machine  `json:"machine"`
	Server   benchedServer  `json:"server"`
	Runs     []benchedRun   `json:"runs"`
	Compared []benchedRatio `json:"compared"` // runs of one case with its first
}

// benchedServer is what was measured.
type benchedServer struct {
	URL        string   `json:"url,omitzero"`        // if it was not started
	Durability string   `json:"durability,omitzero"` // if it was, and what follows
	Pinned     string   `json:"pinned,omitzero"`
	Flags      []string `json:"flags,omitempty"`
}

type benchedRun struct {
	Case       string `json:"case"`
	About      string `json:"about"`
	RateLimits string `json:"rateLimits,omitzero"` // on or off, of a server that was started
	*bench.Report
}

// benchedRatio compares a run with another one of its case.
type benchedRatio struct {
	Run       int     `json:"run"`                // counted from 0
	Beside    int     `json:"beside"`             // the run that it is compared with
	ServerCPU float64 `json:"serverCpu,omitzero"` // times as much for a delivery
	P99       float64 `json:"p99,omitzero"`       // times as long
}

func newBenchOutput(e *environment, b *benchCmd, cores pinning) *benchOutput {
	o := &benchOutput{out: e.stdout, json: b.JSON}
	if isTerminal(e.stderr) {
		o.watched = e.stderr
	}
	o.result = benchResult{
		Parley: version + revision(), Date: time.Now().UTC().Format(time.RFC3339), Machine: bench.ThisMachine(),
		Runs: []benchedRun{}, Compared: []benchedRatio{},
		Server: benchedServer{URL: b.URL, Flags: b.Serve},
	}
	if b.URL == "" {
		o.result.Server.Durability, o.result.Server.Pinned = b.Durability, cores.String()
	}
	return o
}

// begin says what is about to be measured, and where.
func (o *benchOutput) begin() {
	if o.json {
		return
	}
	s := o.result.Server
	what := "the server at " + s.URL
	if s.URL == "" {
		what = "parley serve --durability " + s.Durability
		if len(s.Flags) > 0 {
			what += " " + strings.Join(s.Flags, " ")
		}
		if s.Pinned != "" {
			what += ", " + s.Pinned
		}
	}
	m := o.result.Machine
	o.say("parley %s, %s: %s\n%s; %s\n", o.result.Parley, runtime.Version(), what, m, o.result.Date)
}

// progress returns what tells how far a run is; nil if nobody watches.
func (o *benchOutput) progress(run benchRun) func(bench.Progress) {
	if o.watched == nil {
		return nil
	}
	return func(p bench.Progress) {
		line := run.name + ": " + p.Doing
		if p.Of > 0 {
			line += fmt.Sprintf(" %s of %s", grouped(p.Done), grouped(p.Of))
		} else if p.Done > 0 {
			line += " " + grouped(p.Done)
		}
		if p.Deliveries > 0 {
			line += fmt.Sprintf(", %s deliveries, %s/s", grouped(int(p.Deliveries)), grouped(int(p.PerSecond)))
		}
		const wide = 79
		fmt.Fprintf(o.watched, "\r%-*.*s", wide, wide, line)
	}
}

// clear takes the line of progress away.
func (o *benchOutput) clear() {
	if o.watched != nil {
		fmt.Fprintf(o.watched, "\r%79s\r", "")
	}
}

func (o *benchOutput) add(run benchRun, report *bench.Report) {
	o.clear()
	r := benchedRun{Case: run.name, About: about(run.options), Report: report}
	if o.result.Server.URL == "" {
		r.RateLimits = rateLimits(run.options)
	}
	o.result.Runs = append(o.result.Runs, r)
	if !o.json {
		o.say("\n%s: %s\n", r.Case, r.About)
		o.table(r)
	}
	last := len(o.result.Runs) - 1
	first := last
	for first > 0 && o.result.Runs[first-1].Case == r.Case {
		first--
	}
	if ratio := compare(o.result.Runs[first], r); first != last && ratio != (benchedRatio{}) {
		ratio.Run, ratio.Beside = last, first
		o.result.Compared = append(o.result.Compared, ratio)
		if !o.json {
			o.line("beside the first run", "%.2f × its server CPU per delivery, %.2f × its p99", ratio.ServerCPU, ratio.P99)
		}
	}
}

// compare says how a run differs from another one.
func compare(first, r benchedRun) (ratio benchedRatio) {
	if first.Talk == nil || r.Talk == nil {
		return ratio
	}
	if a, b := first.Talk.ServerCPU, r.Talk.ServerCPU; a != nil && b != nil && *a > 0 {
		ratio.ServerCPU = *b / *a
	}
	if a := first.Talk.Latency.P99; a > 0 {
		ratio.P99 = r.Talk.Latency.P99 / a
	}
	return ratio
}

// end prints what comes last.
func (o *benchOutput) end() error {
	if o.json {
		b, err := json.Marshal(o.result, jsontext.WithIndent("  "))
		o.err = errors.Join(o.err, err)
		o.say("%s\n", b)
	}
	return o.err
}

// say prints what may hold anything that a server has sent.
func (o *benchOutput) say(format string, args ...any) {
	if o.err == nil {
		_, o.err = io.WriteString(o.out, escaped(fmt.Sprintf(format, args...)))
	}
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
