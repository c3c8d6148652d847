package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// FormerState tells what a former session is good for.
type FormerState uint8

const (
	FormerCounts FormerState = 1 // of the role before: counts until one of the present role is used
	FormerBeside FormerState = 2 // of the present role, issued again since its welcome may have been lost; counts
	FormerEnded  FormerState = 3 // who comes with it is told signed_out
)

// Former is a session that a person was issued before the present one.
type Former struct {
	Hash  [32]byte
	State FormerState
}

// MaxFormer is how many former sessions are kept of a person. Those that have
// ended the longest go first; who comes with one of them is somebody new.
const MaxFormer = 8

// state tells what a session of the person is good for. The present one is as
// good as one beside it.
func (p *Person) state(hash [32]byte) FormerState {
	if hash == p.Session {
		return FormerBeside
	}
	for _, f := range p.Former {
		if f.Hash == hash {
			return f.State
		}
	}
	return FormerEnded
}

// replace gives the person another session, zero for none. What becomes of those
// that count is for become to say.
func (p *Person) replace(session [32]byte, become func(FormerState) FormerState) {
	if session == p.Session && session != ([32]byte{}) {
		return // done already, and only the answer was lost
	}
	former := slices.Clone(p.Former) // the store has it, too
	if p.Session != ([32]byte{}) {
		former = slices.Insert(former, 0, Former{p.Session, FormerBeside})
	}
	for i, f := range former {
		if f.State != FormerEnded {
			former[i].State = become(f.State)
		}
	}
	slices.SortStableFunc(former, func(a, b Former) int { return int(a.State) - int(b.State) })
	p.Session, p.Former = session, former[:min(len(former), MaxFormer)]
}

// issueAgain gives the person one more session of its role. Who comes at the same
// time from another page was given one, too, and keeps it.
func (p *Person) issueAgain(session [32]byte) {
	p.replace(session, func(s FormerState) FormerState { return s })
}

// issueFor gives the person the session of another role. Those before it count
// until it is used: it may never arrive.
func (p *Person) issueFor(role string, session [32]byte) {
	p.replace(session, func(FormerState) FormerState { return FormerCounts })
	if p.Role = role; role == protocol.RoleGuest {
		p.Role = ""
	}
}

// signOut ends all sessions of the person.
func (p *Person) signOut() {
	p.replace([32]byte{}, func(FormerState) FormerState { return FormerEnded })
}

// arrived ends the sessions of the role before, where the one that is used is of
// the present role.
func (p *Person) arrived(used [32]byte) {
	if p.state(used) != FormerBeside {
		return
	}
	p.Former = slices.Clone(p.Former)
	for i, f := range p.Former {
		if f.State == FormerCounts {
			p.Former[i].State = FormerEnded
		}
	}
}

// outdated tells whether sessions of a role before count still.
func (p *Person) outdated() bool {
	return slices.ContainsFunc(p.Former, func(f Former) bool { return f.State == FormerCounts })
}

// noteUse notes that a session which counts came with a hello. Where it is of a role
// before, the person is given another one.
func (c *Chat) noteUse(ctx context.Context, p Person, token string) (Person, string, error) {
	used := sessionHash(token)
	switch {
	case p.state(used) == FormerCounts:
		return c.issue(ctx, p, (*Person).issueAgain)
	case p.outdated():
		after, err := c.changePerson(ctx, p, func(p *Person) { p.arrived(used) })
		if err != nil { // they count until the next time: nobody is kept out by it
			c.logger.Warn("could not end sessions of a role before", "error", err)
			return p, token, nil
		}
		return after, token, nil
	}
	return p, token, nil
}

// issue stores another session for a person, as add puts it beside the others.
func (c *Chat) issue(ctx context.Context, p Person, add func(*Person, [32]byte)) (Person, string, error) {
	token, hash, err := c.newSession()
	if err != nil {
		return p, "", err
	}
	p, err = c.changePerson(ctx, p, func(p *Person) {
		if p.Created == 0 {
			p.Created = c.millis()
		}
		if p.Session != ([32]byte{}) { // else it has signed out meanwhile
			add(p, hash)
		}
	})
	if err != nil {
		return p, "", fmt.Errorf("store a session: %w", err)
	}
	return p, token, nil
}

// issueRole stores the session that goes with a role.
func (c *Chat) issueRole(ctx context.Context, p Person, role string) (Person, string, error) {
	return c.issue(ctx, p, func(p *Person, session [32]byte) { p.issueFor(role, session) })
}

// endSessions ends a person's sessions, as change does, and returns its open
// connections. Who says hello at the same time is among them, or finds out: see
// ended.
func (c *Chat) endSessions(ctx context.Context, person PersonID, change func(*Person)) ([]Connection, error) {
	if _, err := c.People.ChangePerson(ctx, person, change); err != nil && !errors.Is(err, ErrNoPerson) {
		return nil, fmt.Errorf("end the sessions: %w", err)
	}
	c.endings.Add(1)
	return c.openOf(ctx, person)
}

// ended tells whether the sessions of a person that was stored have been ended
// since endings was read. A hello asks when its connection is known to be the
// person's: who ended them before has looked for it in vain. In AWS, where another
// process may have done it, that is a read.
func (c *Chat) ended(ctx context.Context, person PersonID, since uint64) (bool, error) {
	if c.options.RulesAge == 0 && c.endings.Load() == since {
		return false, nil
	}
	found, err := c.People.Persons(ctx, person)
	if err != nil {
		return false, fmt.Errorf("look whether somebody has signed out: %w", err)
	}
	return len(found) == 0 || found[0].Session == ([32]byte{}), nil
}

// signedOut is what somebody is told whose session has ended.
var signedOut = protocol.Errorf(protocol.SignedOut, "You have signed out, or this session was replaced by another one.")
