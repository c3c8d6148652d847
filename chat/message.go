package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// speak appends the messages gathered, all for one room, and fans them out.
func (t *turn) speak(ctx context.Context) {
	said := t.said
	t.said = nil
	if len(said) == 0 {
		return
	}
	if err := t.append(ctx, said); err != nil {
		for _, m := range said {
			t.fail(ctx, m, err)
		}
	}
}

func (t *turn) append(ctx context.Context, said []*protocol.Message) error {
	room := said[0].Room
	if !slices.Contains(t.conn.Rooms, room) {
		return protocol.Errorf(protocol.NotInRoom, "Join the room first.")
	}
	if t.conn.Plain && t.conn.Person == "" {
		if err := t.introduce(ctx, said[0].From); err != nil {
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
		p.Holder = ""
		if err := t.chat.People.PutPerson(ctx, p); err != nil {
			return fmt.Errorf("reserve a name: %w", err)
		}
		t.known = &p
	}
	at := t.chat.millis()
	entries := make([]Entry, len(said))
	for i, m := range said {
		entries[i] = Entry{Kind: KindMessage, At: at, Person: p.ID, From: p.Name, ID: m.ID, Text: m.Text}
	}
	// What this connection was told before stands before what it now hears.
	t.flush(ctx)
	err = t.chat.deliver(ctx, room, &delivery{entries: entries, from: t.conn.ID})
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
	p := Person{ID: id, Holder: t.conn.ID, Created: t.chat.millis(), Seen: t.chat.millis()}
	for i := 1; ; i++ {
		p.Name = variant(name, i)
		p.Skeleton = Skeleton(p.Name)
		err := t.chat.claim(ctx, p)
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
