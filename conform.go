package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"parley/conform"
)

type conformCmd struct {
	URL      string   `arg:"" placeholder:"URL" help:"The server: its page (https://chat.example.com), or its socket (wss://…)."`
	Only     []string `placeholder:"PATTERN" help:"Run these cases: a group (resume), a case, or a pattern ('*/*name*')."`
	Skip     []string `placeholder:"PATTERN" help:"Leave these out."`
	Limits   bool     `help:"Also run what asks much of a server at once."`
	Local    bool     `help:"It is parley serve, which promises more than API Gateway does: an error before each close, and 1007 for what is not UTF-8."`
	NoHints  bool     `help:"Presence and typing may be missing."`
	Operator string   `env:"PARLEY_OPERATOR" placeholder:"LINK" help:"An operator's link, or its token, as parley operator link prints it: also run the cases about keeping order. It is good once; the operator whom it makes erases itself afterwards."`
	Verbose  bool     `short:"v" help:"Say of each case why it is there."`
	JSON     bool     `name:"json" help:"One JSON object a line: of each case its name, result (holds, fails or skipped), why, and what it expected, got, by which rule on which line of asyncapi.yaml; then the sums."`
}

func (c *conformCmd) Help() string {
	return "Runs the behaviour suite of the wire, from outside, with rooms and names of its own; it says something in the room general twice, and cleans nothing up. " +
		"Exit codes: 0 every case holds, 7 nobody answers there, 11 the link is not good, 13 some do not hold, 130 interrupted."
}

// exitNonconforming says that a server does not keep to the protocol.
const exitNonconforming = 13

func (c *conformCmd) Run(ctx context.Context, e *environment) error {
	cases, err := c.cases()
	if err != nil {
		return err
	}
	target, err := conform.Find(ctx, c.URL)
	if err != nil {
		return &failure{err: err, hint: "is it running there? parley serve runs one here", code: exitUnreached}
	}
	target.Local, target.Limits, target.Hintless = c.Local, c.Limits, c.NoHints
	_, token, whole := strings.Cut(c.Operator, "#operator=")
	if target.Operator = token; !whole {
		target.Operator = c.Operator
	}
	began := time.Now()
	report := &conformReport{out: e.stdout, json: c.JSON, verbose: c.Verbose}
	err = conform.RunCases(ctx, target, cases, report.add)
	switch {
	case report.err != nil:
		return fmt.Errorf("print: %w", report.err)
	case ctx.Err() != nil:
		return &failure{err: errors.New("interrupted"), code: exitInterrupted}
	case errors.Is(err, conform.ErrLink):
		return &failure{err: err, hint: "each is good once, for a day: parley operator link prints another one", code: exitRefused}
	case err != nil && report.Holds+report.Fails > 0 && report.Fails == 0:
		return &failure{err: err, code: exitNonconforming}
	case err != nil && report.Fails == 0:
		return &failure{err: err, hint: "is it running there? parley serve runs one here", code: exitUnreached}
	}
	report.sum(time.Since(began))
	if report.Fails > 0 {
		return &failure{
			err:  fmt.Errorf("%d of %d cases do not hold", report.Fails, len(cases)),
			hint: "protocol/README.md explains the wire; --only GROUP/CASE runs one again", code: exitNonconforming,
		}
	}
	return nil
}

// cases are those that the patterns ask for.
func (c *conformCmd) cases() ([]conform.Case, error) {
	all := conform.Cases()
	for _, pattern := range slices.Concat(c.Only, c.Skip) {
		if _, err := path.Match(pattern, ""); err != nil || !slices.ContainsFunc(all, func(c conform.Case) bool { return matches(pattern, c.Name) }) {
			return nil, &failure{err: fmt.Errorf("no case matches %q", pattern), hint: "its groups are " + strings.Join(groups(all), ", "), code: exitUsage}
		}
	}
	matching := func(patterns []string, name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
	}
	return slices.DeleteFunc(all, func(k conform.Case) bool {
		return len(c.Only) > 0 && !matching(c.Only, k.Name) || matching(c.Skip, k.Name)
	}), nil
}

// matches tells whether a case is of a group, or fits a pattern.
func matches(pattern, name string) bool {
	group, _, _ := strings.Cut(name, "/")
	fits, err := path.Match(pattern, name)
	return err == nil && fits || pattern == group
}

func groups(cases []conform.Case) (all []string) {
	for _, c := range cases {
		if group, _, _ := strings.Cut(c.Name, "/"); !slices.Contains(all, group) {
			all = append(all, group)
		}
	}
	return all
}

// conformReport prints results as they come, and counts them.
type conformReport struct {
	out           io.Writer
	json, verbose bool
	err           error // of out

	Holds, Fails, Skipped int
	unruled               int // of these, how many were for want of an operator
}

// conformResult is a case as a JSON line.
type conformResult struct {
	Case     string `json:"case"`
	Result   string `json:"result"`
	Why      string `json:"why"`
	Skipped  string `json:"skipped,omitzero"` // why it was not run
	Expected string `json:"expected,omitzero"`
	Got      string `json:"got,omitzero"`
	Rule     string `json:"rule,omitzero"` // a sentence of protocol/asyncapi.yaml
	Line     int    `json:"line,omitzero"` // where it stands there
	Error    string `json:"error,omitzero"`
	Millis   int64  `json:"ms"`
}

func (r *conformReport) add(result conform.Result) {
	line := conformResult{
		Case: result.Case.Name, Result: "holds", Why: result.Case.Why, Skipped: result.Skipped, Millis: result.Took.Milliseconds(),
	}
	switch {
	case result.Skipped != "":
		line.Result = "skipped"
		r.Skipped++
		if result.Skipped == conform.NoOperator {
			if r.unruled++; !r.json {
				return // one line for all of them, see sum
			}
		}
	case result.Err != nil:
		line.Result = "fails"
		r.Fails++
		line.Error = result.Err.Error()
		var breach *conform.Breach
		if errors.As(result.Err, &breach) {
			line.Expected, line.Got, line.Rule, line.Line = breach.Expected, breach.Got, breach.Rule, breach.Line()
		}
	default:
		r.Holds++
	}
	if r.json {
		r.write(line)
		return
	}
	r.say("%-7s %s", line.Result, line.Case)
	if line.Result == "holds" {
		r.say("  %s", result.Took.Round(time.Millisecond))
	}
	r.say("\n")
	if r.verbose || line.Result == "fails" {
		r.say("        matters: %s\n", line.Why)
	}
	switch {
	case line.Skipped != "":
		r.say("        %s\n", line.Skipped)
	case line.Rule != "":
		r.say("       expected: %s\n            got: %s\n           rule: %s\n                 protocol/asyncapi.yaml:%d\n",
			line.Expected, strings.ReplaceAll(line.Got, "\n", "\n        "), line.Rule, line.Line)
	case line.Error != "":
		r.say("          error: %s\n", line.Error)
	}
}

// sum prints how many there were of each.
func (r *conformReport) sum(took time.Duration) {
	if r.json {
		r.write(struct {
			Holds   int   `json:"holds"`
			Fails   int   `json:"fails"`
			Skipped int   `json:"skipped"`
			Millis  int64 `json:"ms"`
		}{r.Holds, r.Fails, r.Skipped, took.Milliseconds()})
		return
	}
	if r.unruled > 0 {
		r.say("skipped what is about keeping order (%d): parley conform --operator LINK runs it, with what parley operator link prints\n", r.unruled)
	}
	r.say("%d hold, %d fail, %d skipped, in %s\n", r.Holds, r.Fails, r.Skipped, took.Round(100*time.Millisecond))
}

func (r *conformReport) write(line any) {
	b, err := json.Marshal(line)
	if err != nil {
		r.err = errors.Join(r.err, err)
		return
	}
	r.say("%s\n", b)
}

// say prints what may hold anything that a server has sent.
func (r *conformReport) say(format string, args ...any) {
	if r.err == nil {
		_, r.err = io.WriteString(r.out, escaped(fmt.Sprintf(format, args...)))
	}
}
