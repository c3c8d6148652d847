package conform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/protocol"
)

// ErrLink is returned where Target.Operator makes nobody an operator.
var ErrLink = errors.New("the operator's link is not good")

// credentials are those of the operator whom a run makes for its cases.
type credentials struct {
	guest   string // the session that it had before
	session string
	you     protocol.You
}

// NoOperator is why a case about keeping order is left out.
const NoOperator = "it is about keeping order, for which it takes an operator's link"

// needsOperator is asked of each case about keeping order.
func needsOperator(t Target) string {
	if t.Operator == "" {
		return NoOperator
	}
	return ""
}

// spread is within what time an act counts everywhere: the functions of one
// chat read the rules anew when they are 2 seconds old.
const spread = 5 * time.Second

// appoint makes the run's operator by the link.
func (r *run) appoint(ctx context.Context) error {
	s := newSuite(r)
	defer s.close()
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	w, err := c.hello(ctx, action{"name": s.name(), "link": r.target.Operator})
	if err != nil {
		return err
	}
	x := want(ruleSessionNew, "the operator's link to bring another session")
	e, err := c.find(ctx, x, 0, func(e event) bool {
		refusal, refused := e.body.(*protocol.Error)
		return e.kind == "session" || refused && refusal.Code == protocol.BadLink
	})
	if err != nil {
		return err
	}
	made, ok := e.body.(*protocol.Session)
	if !ok {
		return fmt.Errorf("%w: %s", ErrLink, show(e))
	}
	r.operator = credentials{guest: w.Session, session: made.Session, you: made.You}
	if r.target.Local {
		return nil
	}
	return sleep(ctx, spread)
}

// dismiss has the operator erase itself, so that a run leaves none behind.
func (r *run) dismiss(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), caseIn*r.target.Patience)
	defer cancel()
	s := newSuite(r)
	defer s.close()
	c, err := s.chair(ctx)
	if err == nil {
		err = c.vanish(ctx)
	}
	if err != nil {
		return fmt.Errorf("the operator %q of this run is left behind: %w", r.operator.you.Name, err)
	}
	return nil
}

// chair enters as the run's operator.
func (s *Suite) chair(ctx context.Context, rooms ...string) (*conn, error) {
	c, err := s.enterAs(ctx, action{"session": s.operator.session}, rooms...)
	if err == nil && c.me.ID != s.operator.you.ID {
		err = want(ruleSession, "to be the operator %s again", show(s.operator.you)).but(c.me)
	}
	return c, err
}

// rule lays something down, or lifts it, and returns what answers.
func (c *conn) rule(ctx context.Context, do string, a action) (*protocol.Moderated, error) {
	x := want(ruleModerated, "%s to be answered by moderated, with %q", a["type"], do)
	m, err := ask[protocol.Moderated](ctx, c, x, a)
	if err == nil && (m.Do != do || m.By != c.me.ID || a["person"] != nil && m.Person != a["person"] || a["room"] != nil && m.Room != a["room"]) {
		err = x.but(m)
	}
	return m, err
}

// unless lifts what a case has laid down where the case ended before it did so
// itself. Call it deferred, with the case's error.
func (c *conn) unless(ctx context.Context, err *error, lift action) {
	if *err == nil {
		return
	}
	if _, failed := ask[protocol.Moderated](context.WithoutCancel(ctx), c, want(ruleLifted, "what was laid down to be lifted"), lift); failed != nil {
		*err = errors.Join(*err, failed)
	}
}

// soon tries what an act promises until it holds: where several functions share
// a chat, each knows of the act a little later.
func (s *Suite) soon(ctx context.Context, try func() error) error {
	for began := time.Now(); ; {
		err := try()
		var breach *Breach
		if err == nil || s.target.Local || !errors.As(err, &breach) || time.Since(began) > spread {
			return err
		}
		if err := sleep(ctx, settle); err != nil {
			return err
		}
	}
}

// told waits until a connection was told of an act, which it did not ask for.
func (c *conn) told(ctx context.Context, mark int, act *protocol.Moderated) error {
	x := want(ruleModerated, "to be told of %s", show(act))
	m, err := await(ctx, c, x, mark, func(m *protocol.Moderated) bool { return m.ID == "" && m.Do == act.Do && m.At == act.At })
	if err == nil && m.Ruling != act.Ruling {
		err = x.but(m)
	}
	return err
}

// speechless checks that a connection is refused when it speaks.
func (c *conn) speechless(ctx context.Context, x expectation, code protocol.Code, room string) error {
	return c.s.soon(ctx, func() error {
		_, err := refused(ctx, c, x, code, action{"type": "message", "room": room, "text": c.s.text()})
		return err
	})
}

// speaks checks that a connection can speak.
func (c *conn) speaks(ctx context.Context, room string) error {
	return c.s.soon(ctx, func() error {
		_, err := c.say(ctx, room, c.s.text())
		return err
	})
}

// sentOff waits until a connection was told to go, with a code, and was closed.
func (c *conn) sentOff(ctx context.Context, x expectation, mark int, code protocol.Code, closed int) error {
	if _, err := await(ctx, c, x, mark, func(e *protocol.Error) bool { return e.ID == "" && e.Code == code && !e.Retry }); err != nil {
		return err
	}
	got, err := c.closing(ctx, x)
	if err == nil && c.s.target.Local && int(got) != closed { // API Gateway loses the codes
		err = x.but(fmt.Sprintf("the close code %d", got))
	}
	return err
}
