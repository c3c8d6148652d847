package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/chat"
	"parley/protocol"
)

// operatorCmd is what makes operators.
type operatorCmd struct {
	Link operatorLinkCmd `cmd:"" help:"Print a link that makes whoever opens it first an operator. It is good for 24 hours."`
}

type operatorLinkCmd struct{ officeFlags }

func (c *operatorLinkCmd) Run(ctx context.Context, e *environment) (err error) {
	office, end, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	link, err := office.OperatorLink(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, link)
	return nil
}

type eraseCmd struct {
	officeFlags
	Person string `xor:"who" required:"" placeholder:"ID" help:"The person, by the id that stands in the audit log and in each message on the wire."`
	Name   string `xor:"who" required:"" placeholder:"NAME" help:"The person who is called so at present."`
}

func (c *eraseCmd) Help() string {
	return "Takes away what is kept of a person: the texts of all messages, the name, the session, mutes and bans, and the name in the audit log. " +
		"What stays is a gap where each message stood. Where it is interrupted, the next start goes on, and so does the same command."
}

func (c *eraseCmd) Run(ctx context.Context, e *environment) (err error) {
	office, end, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	id, messages, err := office.Erase(ctx, c.Person, c.Name)
	if errors.Is(err, chat.ErrNoPerson) {
		return &failure{err: fmt.Errorf("nobody is called %q at present", c.Name), hint: "whoever was called so before is known by an id: parley erase --person ID", code: exitRefused}
	}
	if err != nil {
		return err
	}
	things := "messages"
	if messages == 1 {
		things = "message"
	}
	fmt.Fprintf(e.stdout, "erased %s, who had said %d %s\n", id, messages, things)
	return nil
}

type auditCmd struct {
	officeFlags
	JSON bool `name:"json" help:"One JSON object a line: seq, at (ms since 1970), by, byName, do, room, person, name, detail."`
}

func (c *auditCmd) Help() string {
	return "Prints what moderators and operators did, the newest first."
}

// auditPage is how many acts are asked for at once.
const auditPage = 500

func (c *auditCmd) Run(ctx context.Context, e *environment) (err error) {
	office, end, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	for before := uint64(0); ; {
		acts, err := office.Acts(ctx, before, auditPage)
		if err != nil || len(acts) == 0 {
			return err
		}
		for _, a := range acts {
			if _, err := fmt.Fprintln(e.stdout, escaped(c.line(a))); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
		if before = acts[len(acts)-1].Seq; before == 1 {
			return nil
		}
	}
}

func (c *auditCmd) line(a chat.Act) string {
	if c.JSON {
		text, err := json.Marshal(protocol.Act(a))
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	words := []string{time.UnixMilli(a.At).UTC().Format(time.RFC3339), who(a.ByName, a.By), a.Do}
	if a.Person != "" {
		words = append(words, who(a.Name, a.Person))
	}
	if a.Room != "" {
		words = append(words, "in "+a.Room)
	}
	if a.Detail != "" {
		words = append(words, "("+a.Detail+")")
	}
	return strings.Join(words, "  ")
}

// who is a person for the eye.
func who(name string, id chat.PersonID) string {
	switch {
	case id == "":
		return name
	case name == "":
		return "erased person [" + id + "]"
	}
	return name + " [" + id + "]"
}
