package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"parley/client"
	"parley/protocol"
)

type sendCmd struct {
	placeFlags
	Name string   `env:"PARLEY_NAME" placeholder:"NAME" help:"Who says it. Default: the name of the last time, else that of your account, or a variant of it that is free."`
	Text []string `arg:"" optional:"" help:"What to say. Without it each line of standard input is a message."`
}

func (s *sendCmd) Help() string {
	return "Returns when everything is acknowledged, which means durable; while the chat is away it waits and tries again. " +
		"Exit codes: 0 all is acknowledged, 4 --state is damaged or not writable, 7 nobody answers there, 11 refused, 12 it may have been said or not, 130 interrupted."
}

// mostUnderWay is how many lines are read ahead of their acknowledgements.
const mostUnderWay = 64

func (s *sendCmd) Run(ctx context.Context, e *environment) error {
	o := client.Options{Name: s.Name}
	if s.Name == "" {
		o.Name, o.AnyName = cmp.Or(s.lastName(e.getenv), accountName(e.getenv)), true
	}
	c, err := s.dial(ctx, e, o)
	if err != nil {
		return err
	}
	defer c.Close()
	switch {
	case s.Name != "" && c.You().Name != s.Name:
		if err := c.Rename(ctx, s.Name); err != nil {
			return s.explain(ctx, err)
		}
	case s.Name == "" && c.You().Name == "":
		return s.explain(ctx, protocol.Errorf(protocol.NameFirst, "The chat gave no name. Give one with --name."))
	}
	room, err := c.Join(ctx, s.room(), client.Now())
	if err != nil {
		return s.explain(ctx, err)
	}
	if len(s.Text) > 0 {
		_, err := room.Send(ctx, strings.Join(s.Text, " "))
		return s.explain(ctx, err)
	}
	return s.lines(ctx, e, room)
}

// line is one of standard input, on its way.
type line struct {
	number  int
	pending *client.Pending
}

// lines says each line of standard input. One that is refused is told, and the
// others go on.
func (s *sendCmd) lines(ctx context.Context, e *environment, room *client.Room) error {
	var (
		underWay []line
		worst    error
		failed   int
	)
	wait := func(most int) error { // until so many are under way
		for len(underWay) > most {
			l := underWay[0]
			underWay = underWay[1:]
			_, err := l.pending.Wait(ctx)
			switch {
			case err == nil:
			case ctx.Err() != nil, errors.Is(err, client.ErrClosed):
				after := 0
				for _, other := range underWay {
					if _, err := other.pending.Wait(ctx); err != nil {
						after++
					}
				}
				return &failure{err: fmt.Errorf("interrupted: line %d and %d after it are not acknowledged", l.number, after), code: exitInterrupted}
			default:
				failed++
				worst = worse(worst, s.explain(ctx, err))
				fmt.Fprintf(e.stderr, "line %d: %s\n", l.number, escaped(err.Error()))
			}
		}
		return nil
	}
	for text := range read(ctx, e.stdin) {
		if text.err != nil {
			return errors.Join(fmt.Errorf("line %d: %w", text.number, text.err), wait(0))
		}
		if strings.TrimSpace(text.line) == "" {
			continue // a message needs a text
		}
		p, err := room.Post(text.line)
		if err != nil {
			failed++
			worst = worse(worst, s.explain(ctx, err))
			fmt.Fprintf(e.stderr, "line %d: %s\n", text.number, escaped(err.Error()))
			continue
		}
		underWay = append(underWay, line{text.number, p})
		if err := wait(mostUnderWay); err != nil {
			return err
		}
	}
	if err := wait(0); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &failure{err: errors.New("interrupted"), code: exitInterrupted}
	}
	var f *failure
	if errors.As(worst, &f) && failed > 1 {
		return &failure{err: fmt.Errorf("%d lines were not said", failed), hint: f.hint, code: f.code}
	}
	return worst
}

// worse keeps of two failures the one that leaves more in doubt.
func worse(a, b error) error {
	var f *failure
	if errors.As(a, &f) && f.code == exitUnsure {
		return a
	}
	return b
}

// accountName is what this machine calls the one who types.
func accountName(getenv func(string) string) string {
	for _, variable := range []string{"USER", "LOGNAME", "USERNAME"} {
		if name := getenv(variable); name != "" {
			return name
		}
	}
	return "guest"
}

// read yields what comes, line by line, without waiting for more once ctx has
// ended: a terminal may never say anything again.
func read(ctx context.Context, in io.Reader) func(yield func(readLine) bool) {
	return func(yield func(readLine) bool) {
		lines := make(chan readLine)
		go func() { // ends with the process, where ctx ended first
			defer close(lines)
			scanner := bufio.NewScanner(in)
			scanner.Buffer(nil, 4*protocol.MaxFrameBytes) // far beyond what a message may have, which is told
			n := 0
			for scanner.Scan() {
				n++
				select {
				case lines <- readLine{number: n, line: scanner.Text()}:
				case <-ctx.Done():
					return
				}
			}
			if err := scanner.Err(); err != nil {
				select {
				case lines <- readLine{number: n + 1, err: err}:
				case <-ctx.Done():
				}
			}
		}()
		for {
			select {
			case l, open := <-lines:
				if !open || !yield(l) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

type readLine struct {
	number int
	line   string
	err    error
}
