package conform

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/go-json-experiment/json"

	"parley/protocol"
)

// refusedJSON is protocol/testdata/refused.json, which cannot be embedded from
// here. A test holds the two to be equal.
//
//go:generate cp ../protocol/testdata/refused.json refused.json
//go:embed refused.json
var refusedJSON []byte

// badFrame is an action that has to be refused, and how.
type badFrame struct {
	Why   string        `json:"why"`
	Frame string        `json:"frame"`
	Code  protocol.Code `json:"code"`
	ID    string        `json:"id"`
}

func badFrames() ([]badFrame, error) {
	var all []badFrame
	if err := json.Unmarshal(refusedJSON, &all); err != nil {
		return nil, fmt.Errorf("refused.json: %w", err)
	}
	return all, nil
}

func refusedCases() []Case {
	const why = "A wrong action would be done in part, end the connection, or be met by silence."
	return []Case{
		{"refused/with a name", why, nil, func(ctx context.Context, s *Suite) error {
			c, err := s.enter(ctx, protocol.GeneralRoom)
			if err != nil {
				return err
			}
			return s.refuseAll(ctx, c)
		}},
		{"refused/before hello", why, nil, func(ctx context.Context, s *Suite) error {
			c, err := s.silent(ctx)
			if err != nil {
				return err
			}
			if err := s.refuseAll(ctx, c); err != nil {
				return err
			}
			_, err = c.hello(ctx, action{"name": s.name()})
			return err
		}},
		{"refused/plain", why, nil, func(ctx context.Context, s *Suite) error {
			c, err := s.plain(ctx)
			if err != nil {
				return err
			}
			return s.refuseAll(ctx, c)
		}},
		{"refused/letter case", "Two readers of one frame could see two things.", nil, letterCase},
	}
}

// refuseAll sends each bad frame and waits for its error. One at a time: many
// have no id to tell their answers apart by.
func (s *Suite) refuseAll(ctx context.Context, c *conn) error {
	all, err := badFrames()
	if err != nil {
		return err
	}
	for _, bad := range all {
		if bad.Frame == "" && !s.target.Local {
			continue // whether API Gateway hands on a message of no bytes is not known
		}
		if err := c.refuse(ctx, bad); err != nil {
			return fmt.Errorf("%s: %w", bad.Why, err)
		}
	}
	// The connection is as usable as before.
	e, err := c.answer(ctx, want(ruleWrong, "the connection to stay and answer"), action{"type": "ping"})
	if err != nil {
		return err
	}
	if b, isError := e.body.(*protocol.Error); isError && b.Code != protocol.HelloFirst {
		return want(ruleWrong, "the connection to be as usable as before").but(b)
	}
	return nil
}

func (c *conn) refuse(ctx context.Context, bad badFrame) error {
	x := want(ruleWrong, "%s to be refused with %s and the id %q", shorten(bad.Frame), bad.Code, bad.ID)
	for {
		mark := c.mark()
		if err := c.sendText(ctx, bad.Frame); err != nil {
			return err
		}
		e, err := c.find(ctx, x, mark, func(e event) bool {
			return e.kind == "error" || e.id != "" && e.id == bad.ID || e.id == "" && e.kind != "message" && e.kind != "presence" && e.kind != "renamed" && e.kind != "typing"
		})
		if err != nil {
			return err
		}
		again, err := waitOut(ctx, e)
		if err != nil {
			return err
		}
		if again {
			continue
		}
		if b, ok := e.body.(*protocol.Error); !ok || b.Code != bad.Code || b.ID != bad.ID || b.Retry {
			return x.but(e)
		}
		return nil
	}
}

func letterCase(ctx context.Context, s *Suite) error {
	room, text := s.room(), s.text()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	m, err := c.sayAs(ctx, action{"room": room, "text": text, "TEXT": "no", "Room": "no", "ID": "no", "whatever": []any{action{"type": "hello"}}})
	if err == nil && m.Text != text {
		err = want(ruleExact, "the text %q", text).but(m)
	}
	return err
}
