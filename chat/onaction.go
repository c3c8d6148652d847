package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// OnAction does what the frames of one connection ask for, in their order.
// Messages and changes that follow each other into one room become one append.
// What is wrong with a frame is told to its connection; the error returned is
// for the operator.
func (c *Chat) OnAction(ctx context.Context, id ConnectionID, frames ...[]byte) error {
	conn, err := c.Connections.Get(ctx, id)
	if errors.Is(err, ErrNoConnection) {
		return c.sendBack(ctx, id)
	} else if err != nil {
		return errors.Join(fmt.Errorf("look up connection: %w", err), c.post(ctx, id, protocol.Encode(unavailable())))
	}
	t := &turn{chat: c, conn: conn}
	t.stillMay(ctx)
	for _, frame := range frames {
		if t.over {
			break
		}
		action, wrong := protocol.DecodeAction(frame)
		if e, ends := c.limiter.take(t.conn, action, len(frame), c.now()); e != nil {
			t.refuse(ctx, action, e, ends)
			continue
		}
		if wrong != nil {
			t.speak(ctx)
			t.answer(wrong)
			continue
		}
		t.do(ctx, action)
	}
	t.speak(ctx)
	t.flush(ctx)
	return t.err
}

// sendBack ends a connection that is open and not known: it was taken for gone
// while it was being accepted, or its row was lost. It must not stay, deaf and
// mute; a new one will be known.
func (c *Chat) sendBack(ctx context.Context, id ConnectionID) error {
	const after = 500 // ms
	e := protocol.Errorf(protocol.Unavailable, "This connection is not known any more. Come back with a new one.").Retriable(after)
	if err := c.post(ctx, id, protocol.Encode(e)); err != nil {
		return fmt.Errorf("send a connection back: %w", err)
	}
	return c.Poster.Close(ctx, protocol.CloseTryLater, string(e.Code), id)
}

// turn is one call of OnAction: the connection as it is known now, messages and
// changes not yet appended, answers not yet posted.
type turn struct {
	chat    *Chat
	conn    Connection
	known   *Person  // loaded once; see person
	noted   []string // rooms that hello noted the connection to be in, of which it is no member yet
	said    []spoken
	answers [][]byte
	over    bool  // the connection is being closed
	err     error // for the operator
}

func (t *turn) do(ctx context.Context, action protocol.Action) {
	hello, isHello := action.(*protocol.Hello)
	if !t.conn.Plain && t.conn.Person == "" && !isHello {
		t.fail(ctx, action, protocol.Errorf(protocol.HelloFirst, "Say hello first, then send this again.").Retriable(0))
		return
	}
	said, speaks := asSpoken(action)
	if !speaks || len(t.said) > 0 && !t.said[0].together(said) {
		t.speak(ctx)
	}
	if speaks && said.entry.Kind != KindMessage && t.conn.Person == "" && len(t.said) == 0 {
		t.fail(ctx, action, protocol.Errorf(protocol.NotYours, "Only the person who said it may change it. This connection has said nothing yet."))
		return
	}
	if speaks {
		t.said = append(t.said, said)
		return
	}
	var err error
	switch a := action.(type) {
	case *protocol.Hello:
		err = t.hello(ctx, hello)
	case *protocol.Join:
		err = t.join(ctx, a.ID, a.Position)
	case *protocol.Leave:
		err = t.leave(ctx, a)
	case *protocol.Rename:
		err = t.rename(ctx, a)
	case *protocol.ReadHistory:
		err = t.history(ctx, a)
	case *protocol.Typing:
		err = t.typing(ctx, a)
	case *protocol.ListRooms:
		err = t.rooms(ctx, a)
	case *protocol.Ping:
		err = t.ping(ctx, a)
	case *protocol.UseLink:
		err = t.follow(ctx, a.ID, a.Link)
	case *protocol.SignOut:
		err = t.signOut(ctx)
	default:
		err = t.moderate(ctx, action)
	}
	if err != nil {
		t.fail(ctx, action, err)
	}
}

// answer queues an event for this connection.
func (t *turn) answer(event any) { t.answers = append(t.answers, protocol.Encode(event)) }

// fail tells the connection that an action was not done.
func (t *turn) fail(ctx context.Context, action protocol.Action, err error) {
	if errors.Is(err, ErrNoConnection) { // forgotten since this turn began
		t.over = true
		t.err = errors.Join(t.err, t.chat.sendBack(ctx, t.conn.ID))
		return
	}
	event, cause := asEvent(err)
	if cause != nil {
		t.err = errors.Join(t.err, cause)
	}
	t.answer(event.WithID(action.ActionID()))
}

// refuse tells the connection that it is over a limit, and closes it where that
// ends it.
func (t *turn) refuse(ctx context.Context, action protocol.Action, e *protocol.Error, ends bool) {
	if action != nil {
		e = e.WithID(action.ActionID())
	}
	t.speak(ctx)
	t.answer(e)
	if ends {
		t.flush(ctx)
		t.over = true
		t.err = errors.Join(t.err, t.chat.Poster.Close(ctx, protocol.ClosePolicy, string(e.Code), t.conn.ID))
	}
}

// flush posts the answers.
func (t *turn) flush(ctx context.Context) {
	if len(t.answers) == 0 {
		return
	}
	if err := t.chat.post(ctx, t.conn.ID, t.answers...); err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("post answers: %w", err))
	}
	t.answers = nil
}

// person returns whose connection this is, as stored now; a person not stored
// yet has only an id.
func (t *turn) person(ctx context.Context) (Person, error) {
	if t.known != nil {
		return *t.known, nil
	}
	p := Person{ID: t.conn.Person, Session: t.conn.Session}
	if t.conn.Session == ([32]byte{}) {
		p.Holder = t.conn.ID
	}
	if t.conn.Stored {
		found, err := t.chat.People.Persons(ctx, t.conn.Person)
		if err != nil {
			return p, fmt.Errorf("look up person: %w", err)
		}
		if len(found) == 1 {
			t.known = &found[0]
			return found[0], nil
		}
	}
	known := p
	t.known = &known
	return p, nil
}

// change changes what is known of the connection. On AWS another action of it
// may do the same at the same time: then the change is made to what that one
// stored, so it must be right on any state, and harmless where it is there
// already. An error of it ends the attempt and is returned as it is.
func (t *turn) change(ctx context.Context, change func(*Connection) error) error {
	for {
		c := t.conn
		c.Rooms = slices.Clone(c.Rooms)
		if err := change(&c); err != nil {
			return err
		}
		err := t.chat.Connections.Put(ctx, c)
		if err == nil {
			c.Version++
			t.conn = c
			return nil
		}
		if !errors.Is(err, ErrChanged) {
			return fmt.Errorf("store connection: %w", err)
		}
		now, err := t.chat.Connections.Get(ctx, t.conn.ID)
		if err != nil {
			return fmt.Errorf("look up connection: %w", err)
		}
		t.conn = now
	}
}
