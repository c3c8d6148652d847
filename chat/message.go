package chat

import (
	"context"
	"errors"
	"fmt"

	"parley/protocol"
)

// spoken is an action that asks for an entry of a room's log.
type spoken struct {
	action protocol.Action
	room   string
	from   string // of a message, as it claims
	entry  Entry
}

// together tells whether two may be appended by one call: for one room, and by
// one decision whether their person may.
func (s spoken) together(other spoken) bool {
	return s.room == other.room && (s.entry.Kind == KindDelete) == (other.entry.Kind == KindDelete)
}

// speak appends the messages and changes gathered, all for one room, and fans
// them out.
func (t *turn) speak(ctx context.Context) {
	said := t.said
	t.said = nil
	if len(said) == 0 {
		return
	}
	if err := t.append(ctx, &said); err != nil {
		for _, s := range said {
			t.fail(ctx, s.action, err)
		}
	}
}

// append leaves in list what an error is to be told of: not what was answered.
func (t *turn) append(ctx context.Context, list *[]spoken) error {
	said := *list
	room := said[0].room
	if err := t.inRoom(ctx, room); err != nil {
		return err
	}
	if t.conn.Plain && t.conn.Person == "" {
		if err := t.introduce(ctx, said[0].from); err != nil {
			return err
		}
	}
	p, err := t.person(ctx)
	if err != nil {
		return err
	}
	if p.Name == "" {
		return protocol.Errorf(protocol.NameFirst, "Take a name first.")
	}
	if p.Holder != "" && !t.conn.Plain { // it speaks, so its welcome has arrived: the name is the session's now
		if p, err = t.chat.reserve(ctx, p, p.Seen); err != nil {
			return fmt.Errorf("reserve a name: %w", err)
		}
		reserved := p
		t.known = &reserved
	}
	order, err := t.mayAdd(ctx, room, p, said[0].entry.Kind) // see do: those of one call are all deletes, or none is
	if err != nil {
		return err
	}
	if said, err = t.oneAtATime(ctx, room, p, said); err != nil || len(said) == 0 {
		return err
	}
	*list = said
	if !order {
		if said, err = t.withinRates(ctx, room, said); err != nil || len(said) == 0 {
			return err
		}
		*list = said
	}
	at := t.chat.millis()
	entries := make([]Entry, len(said))
	for i, s := range said {
		entries[i] = s.entry
		entries[i].At, entries[i].Person, entries[i].From, entries[i].Order = at, p.ID, p.Name, order
	}
	// What this connection was told before stands before what it now hears.
	t.flush(ctx)
	d := &delivery{entries: entries, from: t.conn.ID, plain: t.conn.Plain}
	err = t.chat.deliver(ctx, room, d)
	t.noteRates(d.appended)
	if order {
		t.recordDeletes(ctx, room, p, d.appended)
	}
	for i, a := range d.appended {
		if refused := refusal(entries[i], a); refused != nil {
			t.answer(refused.WithID(entries[i].ID))
		}
	}
	if err == nil {
		return nil
	}
	var undelivered *fanOutError
	if errors.As(err, &undelivered) { // durable, but not everybody may have it: they will find the gap
		t.err = errors.Join(t.err, err)
		return nil
	}
	return err
}

var errSomebody = errors.New("the connection is somebody already")

// become notes who the connection is from now on.
func (t *turn) become(ctx context.Context, p Person) error {
	err := t.change(ctx, func(conn *Connection) error {
		if conn.Person != "" && conn.Person != p.ID {
			return errSomebody
		}
		conn.Person, conn.Stored = p.ID, true
		return nil
	})
	if err != nil {
		t.known = nil
		return err
	}
	t.known = &p
	return nil
}

// introduce names a plain connection by the first from it sends, or by the
// nearest variant that is free.
func (t *turn) introduce(ctx context.Context, from string) error {
	if from == "" {
		return protocol.Errorf(protocol.NameFirst, "Say who you are: {\"type\":\"message\",\"from\":\"your name\",\"text\":\"…\"}.")
	}
	name, err := NormalizeName(from)
	if err != nil {
		return err
	}
	id, err := t.chat.newPersonID()
	if err != nil {
		return err
	}
	if err := t.chat.mayBeCalled(ctx, Person{ID: id}, name); err != nil {
		return err
	}
	p, now := Person{ID: id, Holder: t.conn.ID}, t.chat.millis()
	for i := 1; ; i++ {
		v := variant(name, i)
		p, err = t.chat.claim(ctx, p, func(p *Person) {
			p.Name, p.Skeleton, p.Created, p.Seen = v, Skeleton(v), now, now
		})
		if err == nil {
			break
		}
		if !errors.Is(err, ErrNameTaken) {
			return fmt.Errorf("name a plain connection: %w", err)
		}
		if i == maxVariants {
			return t.chat.nameTaken(ctx, name)
		}
	}
	err = t.become(ctx, p)
	if errors.Is(err, errSomebody) { // another first message of it was faster
		return t.chat.People.ReleaseName(ctx, p.ID, t.conn.ID)
	} else if err != nil {
		return err
	}
	if p.Name != from {
		text := fmt.Sprintf("You are %s.", p.Name)
		if p.Name != name {
			text = fmt.Sprintf("The name %s is not free. You are %s.", name, p.Name)
		}
		t.answer(&protocol.Notice{Type: "notice", Code: protocol.NameGiven, Text: text})
	}
	t.err = errors.Join(t.err, t.appear(ctx, p))
	return nil
}
