package conform

import (
	"fmt"
	"strings"
)

// Breach says how a server breaks the protocol.
type Breach struct {
	Expected string // what had to come
	Got      string // what came instead
	Rule     string // the sentence of protocol/asyncapi.yaml that it breaks
}

func (b *Breach) Error() string {
	return "expected " + b.Expected + "\n     got " + b.Got + "\n    rule " + b.Rule
}

// expectation is what a case waits for, and why it may.
type expectation struct {
	what string
	rule rule
}

func want(r rule, format string, args ...any) expectation {
	return expectation{fmt.Sprintf(format, args...), r}
}

// but is the Breach of something else having come.
func (x expectation) but(got any) error {
	return &Breach{Expected: x.what, Got: show(got), Rule: string(x.rule)}
}

// show writes what came, as short as one reads it.
func show(got any) string {
	switch g := got.(type) {
	case string:
		return shorten(g)
	case event:
		return shorten(string(g.raw))
	case []event:
		if len(g) == 0 {
			return "nothing"
		}
		const most = 5
		var lines []string
		for _, e := range g[max(0, len(g)-most):] {
			lines = append(lines, show(e))
		}
		return strings.Join(lines, "\n         ")
	}
	return shorten(string(encode(got)))
}

func shorten(s string) string {
	const most = 400 // bytes
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:most], ""), len(s))
}
