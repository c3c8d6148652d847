package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// seenEvery is how stale a person's last hello may get in the store, in
// milliseconds: a write for every reconnect would be many.
const seenEvery = 60 * 60 * 1000

var helloTwice = protocol.Errorf(protocol.HelloTwice, "This connection has said hello already.")

// hello tells a connection who it is and lets it into its rooms. Where the name
// it wants cannot be had, nothing changes and it may say hello again.
func (t *turn) hello(ctx context.Context, a *protocol.Hello) error {
	if t.conn.Plain {
		return protocol.Errorf(protocol.NotPlain, "Hello needs a connection with the sub-protocol %s.", protocol.Subprotocol)
	}
	if t.conn.Person != "" {
		return helloTwice
	}
	endings := t.chat.endings.Load()
	p, token, err := t.chat.recognize(ctx, a.Session)
	if errors.Is(err, signedOut) {
		return t.turnAway(ctx, a.ID, signedOut, protocol.CloseSignedOut)
	} else if err != nil {
		return err
	}
	if why := t.chat.mayCome(ctx, p.ID); why != nil {
		return t.turnAwayBanned(ctx, a.ID, why)
	}
	book, err := t.chat.book(ctx)
	if err != nil {
		return err
	}
	p, token, role, err := t.chat.takeRole(ctx, book, p, token)
	if err != nil {
		return err
	}
	known := p.Created != 0
	stored := known
	if known {
		p = t.chat.seen(ctx, p)
	}
	if p.Name == "" && a.Name != "" {
		if !stored {
			p.Holder = t.conn.ID // until the session is used again: its welcome may never arrive
		}
		if p, err = t.chat.name(ctx, p, a.Name); err != nil {
			return err
		}
		stored = true
	}
	rooms, seen := []string{}, map[string]bool{}
	for _, r := range a.Rooms {
		if !seen[r.Room] {
			seen[r.Room] = true
			rooms = append(rooms, r.Room)
		}
	}
	if a.Link == "" { // else it may open a room to the person
		t.noted = book.open(rooms, p)
	}
	err = t.change(ctx, func(conn *Connection) error {
		if conn.Person != "" && conn.Person != p.ID {
			return helloTwice
		}
		for _, room := range t.noted {
			if !slices.Contains(conn.Rooms, room) {
				conn.Rooms = append(conn.Rooms, room)
			}
		}
		conn.Person, conn.Session, conn.Stored = p.ID, p.Session, stored
		return nil
	})
	if err != nil {
		return err
	}
	if why := t.chat.mayCome(ctx, p.ID); why != nil { // since it was asked: the ban did not find this connection
		return t.turnAwayBanned(ctx, a.ID, why)
	}
	if known {
		if ended, err := t.chat.ended(ctx, p.ID, endings); err != nil {
			return err
		} else if ended {
			return t.turnAway(ctx, a.ID, signedOut, protocol.CloseSignedOut)
		}
	}
	t.known = &p
	t.answer(&protocol.Welcome{
		Type: "welcome", ID: a.ID,
		You:     you(p, role),
		Session: token,
		Server:  t.chat.options.Server,
		Limits:  protocol.CurrentLimits(),
		Rooms:   rooms,
	})
	t.flush(ctx) // before it is a member and hears what others say
	if a.Link != "" {
		if err := t.follow(ctx, "", a.Link); err != nil {
			t.fail(ctx, &protocol.UseLink{}, err)
		}
	}
	for _, r := range a.Rooms {
		if seen[r.Room] { // the first of each
			seen[r.Room] = false
			if err := t.join(ctx, "", r); err != nil {
				if slices.Contains(t.noted, r.Room) {
					err = errors.Join(err, t.exit(ctx, r.Room))
				}
				t.fail(ctx, &protocol.Join{}, err)
			}
		}
	}
	return nil
}

// seen notes that a person's session is used. From its second use on it is known
// to have arrived, so the name is the session's, whoever is connected. A name
// that was lost meanwhile is taken again, or given up if it is somebody else's.
// Where that cannot be stored, nobody is kept from reading.
func (c *Chat) seen(ctx context.Context, p Person) Person {
	now := c.millis()
	if p.Holder == "" && p.Skeleton != "" && now-p.Seen <= seenEvery {
		return p
	}
	p, err := c.reserve(ctx, p, now)
	if errors.Is(err, ErrNameTaken) {
		p, err = c.changePerson(ctx, p, func(p *Person) { p.Name, p.Skeleton = "", "" })
	}
	if err != nil {
		c.logger.Warn("could not note that somebody was seen", "error", err)
	}
	return p
}

// reserve makes a person's name its session's, and takes it again if it was lost
// meanwhile. Another connection of the person may be renaming it just now: that
// must not be undone, so only what is to change is written.
func (c *Chat) reserve(ctx context.Context, p Person, seen int64) (Person, error) {
	now, err := c.People.NoteSeen(ctx, p.ID, seen)
	if err != nil {
		return p, err
	}
	if now.Name == "" || now.Skeleton != "" {
		return now, nil
	}
	return c.claim(ctx, now, func(p *Person) { p.Skeleton = Skeleton(p.Name) })
}

// recognize finds whose session a token is. To an unknown one it answers with a
// new person and a token of our own making, never the one that was offered; to one
// that has ended, with signedOut: whoever left does not become a stranger unasked.
func (c *Chat) recognize(ctx context.Context, token string) (Person, string, error) {
	if token != "" {
		p, err := c.People.PersonBySession(ctx, sessionHash(token))
		if err == nil && p.state(sessionHash(token)) == FormerEnded {
			return Person{}, "", signedOut
		}
		if err == nil {
			return p, token, nil
		}
		if !errors.Is(err, ErrNoPerson) {
			return Person{}, "", fmt.Errorf("look up session: %w", err)
		}
	}
	id, err := c.newPersonID()
	if err != nil {
		return Person{}, "", err
	}
	token, hash, err := c.newSession()
	return Person{ID: id, Session: hash}, token, err
}

// name gives a person a name and stores it.
func (c *Chat) name(ctx context.Context, p Person, wanted string) (Person, error) {
	name, err := NormalizeName(wanted)
	if err != nil {
		return p, err
	}
	if err := c.mayBeCalled(ctx, p, name); err != nil {
		return p, err
	}
	now, holder := c.millis(), p.Holder
	p, err = c.claim(ctx, p, func(p *Person) {
		if p.Created == 0 {
			p.Created = now
		}
		p.Name, p.Skeleton, p.Seen, p.Holder = name, Skeleton(name), now, holder
	})
	if errors.Is(err, ErrNameTaken) {
		return p, c.nameTaken(ctx, name)
	} else if err != nil {
		return p, fmt.Errorf("store person: %w", err)
	}
	return p, nil
}
