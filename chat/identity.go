package chat

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"unicode/utf8"

	"parley/protocol"
)

// newPersonID returns 80 random bits in lower-case base32: 16 characters.
func (c *Chat) newPersonID() (PersonID, error) {
	var b [10]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", fmt.Errorf("random person id: %w", err)
	}
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").EncodeToString(b[:]), nil
}

// newSession returns a session token of 128 random bits in base64url, and the
// hash under which it is kept. The token itself is stored nowhere here.
func (c *Chat) newSession() (token string, hash [32]byte, err error) {
	var b [16]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", hash, fmt.Errorf("random session: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, sessionHash(token), nil
}

// sessionHash needs no salt and no stretching: the token has 128 random bits.
func sessionHash(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// changePerson stores a person with a change made to it as it is stored now; one
// that is not stored yet, as it is given. What another connection changed since p
// was read must not be undone: not its name, and least of all its session.
func (c *Chat) changePerson(ctx context.Context, p Person, change func(*Person)) (Person, error) {
	if p.Created != 0 {
		after, err := c.People.ChangePerson(ctx, p.ID, change)
		if err != nil {
			return p, err
		}
		return after, nil
	}
	after := p
	change(&after)
	if err := c.People.PutPerson(ctx, after); err != nil {
		return p, err
	}
	return after, nil
}

// claim is changePerson for a change that takes a name. One that is held by a
// connection which is no more is taken over ($disconnect may never have come), and
// so is one whose session was not seen for long.
func (c *Chat) claim(ctx context.Context, p Person, change func(*Person)) (Person, error) {
	after, err := c.changePerson(ctx, p, change)
	if !errors.Is(err, ErrNameTaken) {
		return after, err
	}
	wanted := p
	change(&wanted)
	holder, err := c.People.PersonByName(ctx, wanted.Skeleton)
	if errors.Is(err, ErrNoPerson) {
		return c.changePerson(ctx, p, change) // it was released just now
	} else if err != nil {
		return p, err
	}
	if holder.Holder == "" && c.millis()-holder.Seen < reservedFor {
		return p, ErrNameTaken
	}
	if holder.Holder != "" && holder.Holder != wanted.Holder { // else it is its own, from an attempt that failed half way
		if _, err := c.Connections.Get(ctx, holder.Holder); err == nil {
			return p, ErrNameTaken
		} else if !errors.Is(err, ErrNoConnection) {
			return p, err
		}
	}
	if err := c.People.ReleaseName(ctx, holder.ID, holder.Holder); err != nil {
		return p, err
	}
	return c.changePerson(ctx, p, change)
}

// maxVariants is how many variants of a name are tried, each a call or three of
// the store: a few in order, then a few at random, of which one is free unless
// thousands have the same name.
const (
	inOrder     = 9
	maxVariants = inOrder + 7
)

// variant is the i-th name to try: alice, alice-2, alice-3 … alice-9, alice-4711.
func variant(name string, i int) string {
	if i == 1 {
		return name
	}
	if i > inOrder {
		i = 1000 + rand.IntN(9000) // guessing it gains nobody anything
	}
	suffix := "-" + strconv.Itoa(i)
	for utf8.RuneCountInString(name)+len(suffix) > protocol.MaxNameRunes {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return name + suffix
}

// nameTaken is what somebody is told whose name is not free, with one that is.
func (c *Chat) nameTaken(ctx context.Context, name string) error {
	e := protocol.Errorf(protocol.NameTaken, "Somebody here is called %s already, or something that looks like it.", name)
	for i := 2; i <= maxVariants; i++ {
		v := variant(name, i)
		_, err := c.People.PersonByName(ctx, Skeleton(v))
		if errors.Is(err, ErrNoPerson) {
			e.Suggestion = v
			return e
		} else if err != nil {
			return fmt.Errorf("look for a free name: %w", err)
		}
	}
	return e
}

// asOthersSee is a person on the wire.
func asOthersSee(p Person) protocol.Person {
	return protocol.Person{ID: p.ID, Name: p.Name, Color: protocol.Hue(p.ID)}
}
