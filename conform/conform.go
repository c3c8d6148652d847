// Package conform is one behaviour suite of Parley's wire, driven through
// WebSockets from outside, against any server that claims to speak it: parley
// serve, the Lambda functions on a laptop, a chat deployed anywhere.
//
// Every run uses fresh random names of rooms and persons, so that it may run
// against a living server which others use. Rooms and what was said in them
// stay; what moderators laid down is lifted, and the operator whom a run makes
// erases itself. It says something in the room general twice, since plain
// connections are there.
//
// The cases rely on what protocol/asyncapi.yaml promises for both homes, and so
// on nothing that API Gateway does not: not on the order of events, not on
// their coming only once, not on $disconnect, not on pongs of RFC 6455, not on
// a farewell before a close. What only the local home promises stands behind
// Target.Local.
package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Target is a server that claims to speak Parley's wire.
type Target struct {
	// WebSocket is the address of the socket: ws://127.0.0.1:8080/socket.
	WebSocket string

	// Origin is that of the site's own page: https://chat.example.com. Empty: not
	// known, and what needs it is skipped.
	Origin string

	// Local says that this is parley serve, which promises more than API Gateway
	// does: an error event before each deliberate close, and 1007 for what is not
	// UTF-8.
	Local bool

	// Hintless allows presence and typing to be missing. They are hints, but in a
	// small room of a healthy server they come.
	Hintless bool

	// Limits runs what asks much of a server at once, too.
	Limits bool

	// Operator is the token of a link that makes an operator. It is used up by the
	// first run that has a case about keeping order. Empty: such are left out.
	Operator string

	// Patience is how long something that has to come may take. Default 15 s.
	Patience time.Duration

	// AtOnce is how many cases run at once. Default 4.
	AtOnce int
}

// patience is longer than the coldest of Lambda's starts, and than a burst's
// way through a rate limit of the default size.
const patience = 15 * time.Second

// caseIn is how many patiences a whole case may take: some wait for rate limits.
const caseIn = 6

func (t Target) withDefaults() Target {
	if t.Patience == 0 {
		t.Patience = patience
	}
	if t.AtOnce == 0 {
		t.AtOnce = 4
	}
	return t
}

// Case is one behaviour.
type Case struct {
	Name  string // its group, a slash, and what it looks at
	Why   string // what would go wrong for people where it does not hold
	Needs func(Target) string
	Run   func(ctx context.Context, s *Suite) error // a *Breach, or what kept it from finding out
}

// skipped returns why a case cannot be run against a target, or "".
func (c Case) skipped(t Target) string {
	if c.Needs == nil {
		return ""
	}
	return c.Needs(t)
}

// Result is what came of a case.
type Result struct {
	Case    Case
	Skipped string // why it was not run; empty: it was
	Err     error  // nil: it holds
	Took    time.Duration
}

// Run runs all cases, Target.AtOnce at a time, and reports each as it ends; the
// calls of report come one after the other. The error says how many failed, or
// that there is no server to run against, or that Target.Operator is no good
// (ErrLink).
func Run(ctx context.Context, t Target, report func(Result)) error {
	return RunCases(ctx, t, Cases(), report)
}

// RunCases is Run for some of the cases.
func RunCases(ctx context.Context, t Target, cases []Case, report func(Result)) (err error) {
	t = t.withDefaults()
	r := &run{target: t, ledger: newLedger()}
	if err := r.probe(ctx); err != nil {
		return err
	}
	if t.Operator != "" && slices.ContainsFunc(cases, func(c Case) bool { return strings.HasPrefix(c.Name, "moderation/") }) {
		if err := r.appoint(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.dismiss(ctx)) }()
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed int
		places = make(chan struct{}, t.AtOnce)
	)
	for _, c := range cases {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			result := Result{Case: c, Skipped: c.skipped(t)}
			if result.Skipped == "" {
				began := time.Now()
				result.Err = r.one(ctx, c)
				result.Took = time.Since(began)
			}
			mu.Lock()
			defer mu.Unlock()
			if result.Err != nil {
				failed++
			}
			report(result)
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cases failed", failed, len(cases))
	}
	return nil
}

// run is what the cases of one run share.
type run struct {
	target   Target
	ledger   *ledger
	operator credentials // where Target.Operator is given and needed
}

// probe tells a server that cannot be reached from one that misbehaves.
func (r *run) probe(ctx context.Context) error {
	s := newSuite(r)
	defer s.close()
	if _, err := s.plain(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", r.target.WebSocket, err)
	}
	return nil
}

// attempts is how often a case is run whose connections are sent back.
const attempts = 3

// one runs one case. What its connections saw on the side counts as well. Where
// the server told one of them to come back, everything comes back: that may
// happen to any connection, for example to a plain one which a message in
// general met while API Gateway was still accepting it.
func (r *run) one(ctx context.Context, c Case) error {
	limit := caseIn * r.target.Patience
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the case was not done within %s", limit))
	defer cancel()
	for attempt := 1; ; attempt++ {
		s := newSuite(r)
		err := c.Run(ctx, s)
		s.close()
		aside := s.aside()
		after, told := s.sentBack()
		if err == nil || aside != nil || !told || attempt == attempts {
			return errors.Join(err, aside)
		}
		if wait := sleep(ctx, after); wait != nil {
			return err
		}
	}
}
