package deploy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Console is where a command tells what it does, and asks.
type Console struct {
	Out      io.Writer // for people; what programs read is returned
	In       io.Reader
	Terminal bool // somebody is there to answer
	Yes      bool // every question is answered already

	lines *bufio.Reader // of In, from the first question on
}

func (c *Console) printf(format string, args ...any) { fmt.Fprintf(c.Out, format, args...) }

// errUnanswered says that there is nobody to ask.
var errUnanswered = &Error{
	Kind: Unconfirmed, Message: "nobody is there to confirm it: this is not a terminal",
	Hint: "look at what it would do with parley plan, then give --yes",
}

// confirm asks until want is typed, or something else: then it is false.
func (c *Console) confirm(ctx context.Context, question, want string) (bool, error) {
	if c.Yes {
		return true, nil
	}
	if !c.Terminal {
		return false, errUnanswered
	}
	c.printf("%s ", question)
	line, err := c.readLine(ctx)
	if err != nil {
		return false, err
	}
	return strings.TrimSpace(line) == want, nil
}

// readLine reads what is typed. Nothing can interrupt a read from a terminal,
// so when ctx ends first the read is left to the end of the process.
func (c *Console) readLine(ctx context.Context) (string, error) {
	type answer struct {
		line string
		err  error
	}
	if c.lines == nil {
		c.lines = bufio.NewReader(c.In)
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := c.lines.ReadString('\n')
		typed <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		c.printf("\n")
		return "", &Error{Kind: Interrupted, Message: "interrupted, and nothing was changed", Err: ctx.Err()}
	case a := <-typed:
		if a.err != nil && a.line == "" {
			c.printf("\n")
			return "", errUnanswered
		}
		return a.line, nil
	}
}

// clock is a duration as it is read on a watch: 4:07, and 1:02:03 from an hour on.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// count is a number with its noun: "1 resource", "3 resources".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
