package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"parley/client"
)

type tailCmd struct {
	placeFlags
	Follow bool   `short:"f" help:"Go on with what is said from now on, until interrupted."`
	JSON   bool   `name:"json" help:"One JSON object a line: type (message, edit, delete or gap), room, epoch, seq, and what that type has of target, id, person, from, text, at (ms since 1970), edited, deleted, lost."`
	Since  *int64 `placeholder:"SEQ" help:"Everything above this sequence; 0 for all. Default: the newest 40."`
}

func (t *tailCmd) Help() string {
	return "Prints what was said in a room. With -f it comes back by itself when the connection is lost, and goes on where it was: nothing is left out or printed twice; " +
		"where the chat has lost its log or more than 10,000 entries were missed, a line says so. " +
		"Exit codes: 0 done, also when interrupted or when nobody reads on; 4 --state is damaged, 7 nobody answers there, 11 refused."
}

// Validate is called by kong after parsing.
func (t *tailCmd) Validate() error {
	if t.Since != nil && *t.Since < 0 {
		return fmt.Errorf("--since: a sequence, from 0, not %d", *t.Since)
	}
	return nil
}

func (t *tailCmd) Run(ctx context.Context, e *environment) error {
	c, err := t.dial(ctx, e, client.Options{})
	if err != nil {
		return t.unlessInterrupted(ctx, err)
	}
	defer c.Close()
	start := client.Recent()
	if t.Since != nil {
		start = client.After(client.Position{Seq: uint64(*t.Since)})
	}
	room, err := c.Join(ctx, t.room(), start)
	if err != nil {
		return t.unlessInterrupted(ctx, t.explain(ctx, err))
	}
	p := printer{out: e.stdout, json: t.JSON, names: map[string]string{}}
	head, last := room.Head(), uint64(0)
	for t.Follow || room.Behind() && last < head {
		entry, err := room.Next(ctx)
		if err != nil {
			return t.unlessInterrupted(ctx, t.explain(ctx, err))
		}
		last = entry.Seq
		if err := p.print(entry); errors.Is(err, syscall.EPIPE) {
			return nil // nobody reads on
		} else if err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// unlessInterrupted makes Ctrl-C the ordinary end that it is here.
func (t *tailCmd) unlessInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// printer writes entries as lines.
type printer struct {
	out   io.Writer
	json  bool
	names map[string]string // of those who spoke, as they were called last; at most mostNames
}

const mostNames = 10_000

// printed is an entry as a JSON line.
type printed struct {
	Type    string `json:"type"`
	Room    string `json:"room"`
	Epoch   string `json:"epoch"`
	Seq     uint64 `json:"seq"`
	Target  uint64 `json:"target,omitzero"`
	ID      string `json:"id,omitzero"`
	Person  string `json:"person,omitzero"`
	From    string `json:"from,omitzero"`
	Text    string `json:"text,omitzero"`
	At      int64  `json:"at,omitzero"` // milliseconds since 1970 UTC
	Edited  uint64 `json:"edited,omitzero"`
	Deleted bool   `json:"deleted,omitzero"`
	Lost    bool   `json:"lost,omitzero"`
}

func (p *printer) print(e client.Entry) error {
	text := p.line(e)
	if p.json {
		line := printed{
			Type: e.Kind.String(), Room: e.Room, Epoch: e.Epoch, Seq: e.Seq, Target: e.Target, ID: e.ID, Person: e.Person,
			From: e.From, Text: e.Text, Edited: e.Edited, Deleted: e.Deleted, Lost: e.Lost,
		}
		if !e.At.IsZero() {
			line.At = e.At.UnixMilli()
		}
		b, err := json.Marshal(line, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return err
		}
		text = escaped(string(b))
	}
	if text == "" {
		return nil
	}
	_, err := io.WriteString(p.out, text+"\n")
	return err
}

// line is an entry for a person to read; "" for what changes nothing any more.
func (p *printer) line(e client.Entry) string {
	if e.From != "" && len(p.names) < mostNames {
		p.names[e.Person] = e.From
	}
	who := p.names[e.Person]
	if who == "" {
		who = e.Person
	}
	if who == "" { // by a command, no person
		who = "whoever runs the chat"
	}
	who = escaped(strings.ReplaceAll(who, "\n", " "))
	text := strings.ReplaceAll(escaped(e.Text), "\n", "\n    ")
	head := fmt.Sprintf("#%d", e.Seq)
	if !e.At.IsZero() {
		head += e.At.Local().Format(" 2006-01-02 15:04")
	}
	switch {
	case e.Kind == client.KindGap:
		return "-- something is missing here: the chat cannot tell what was said before --"
	case e.Kind == client.KindEdit && e.Text == "":
		return ""
	case e.Kind == client.KindEdit:
		return fmt.Sprintf("%s %s has edited #%d: %s", head, who, e.Target, text)
	case e.Kind == client.KindDelete:
		return fmt.Sprintf("%s %s has deleted #%d", head, who, e.Target)
	case e.Lost:
		return head + " (lost: it was damaged where it was stored)"
	case e.Deleted:
		return head + " (deleted)"
	case e.Edited > 0:
		return fmt.Sprintf("%s %s: %s (edited)", head, who, text)
	}
	return fmt.Sprintf("%s %s: %s", head, who, text)
}

// escaped shows what a terminal would obey instead of showing it: controls, and
// what turns the direction of writing. Line feeds and tabs stay.
func escaped(s string) string {
	if !strings.ContainsFunc(s, obeyed) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func obeyed(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == 0x2028, r == 0x2029:
		return true
	}
	return unicode.Is(unicode.Bidi_Control, r)
}
