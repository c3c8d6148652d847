package chat

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"parley/protocol"
)

// limiter holds connections, persons and rooms to protocol.Rates. Nothing is
// kept for who does nothing. A nil one allows everything.
type limiter struct {
	rates protocol.Rates
	began time.Time // zero of its clock, which is monotonic where Options.Now is

	mu       sync.Mutex
	speakers accounts[speaker] // by PersonID, or by ConnectionID before it is somebody
	rooms    accounts[roomAccount]
	warned   accounts[warning] // by ConnectionID
	erasures accounts[bucket]  // by AddressKey
}

// speaker is what a person took, over all its connections.
type speaker struct{ messages, actions, bytes, names, newRooms bucket }

func (s speaker) full(now time.Duration) bool {
	return s.messages.full(now) && s.actions.full(now) && s.bytes.full(now) && s.names.full(now) && s.newRooms.full(now)
}

// roomAccount is what all together said in a room.
type roomAccount struct{ messages, bytes bucket }

func (r roomAccount) full(now time.Duration) bool { return r.messages.full(now) && r.bytes.full(now) }

// warning is what a connection was told.
type warning struct {
	until    time.Duration // it was told to wait
	refusals int           // of what came sooner all the same, less one for each action that was allowed
}

// forgiven is how long after a warning it is as if there had been none.
const forgiven = time.Minute

func (w warning) full(now time.Duration) bool { return now > w.until+forgiven }

func newLimiter(r protocol.Rates, now time.Time) *limiter {
	return &limiter{rates: r.WithDefaults(), began: now}
}

// who is whose account a connection draws on.
func who(conn Connection) string {
	if conn.Person != "" {
		return conn.Person
	}
	return conn.ID
}

// take allows a frame of so many bytes, or says when to come again; ends tells
// that the connection was told often enough. A nil action is a frame that could
// not be read; it counts like any other.
func (l *limiter) take(conn Connection, action protocol.Action, bytes int, at time.Time) (e *protocol.Error, ends bool) {
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := at.Sub(l.began)
	s := l.speakers.get(who(conn), now)
	kind, rate := &s.actions, l.rates.Actions
	switch action.(type) {
	case *protocol.Message, *protocol.Edit, *protocol.Delete, *protocol.Rename: // all are told to whole rooms
		kind, rate = &s.messages, l.rates.Messages
	}
	if wait := max(kind.wait(rate, 1, now), s.bytes.wait(l.rates.Bytes, float64(bytes), now)); wait > 0 {
		return l.refuse(conn.ID, "That was quick.", wait, now)
	}
	kind.take(rate, 1, now)
	s.bytes.take(l.rates.Bytes, float64(bytes), now)
	if _, speaks := asSpoken(action); !speaks { // else its room decides
		l.forgive(conn.ID, now)
	}
	return nil, false
}

// roomsReserve is the part of a room's bucket that is only for who has said no
// more than quiet messages of late: a flood of many must not silence the others.
const (
	roomsReserve = 0.25
	quiet        = 1.5
)

// takeOfRoom is take for something that is to be said in a room. It was taken
// from the connection's own account already.
func (l *limiter) takeOfRoom(conn Connection, room string, bytes int, at time.Time) (e *protocol.Error, ends bool) {
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := at.Sub(l.began)
	r := l.rooms.get(room, now)
	messages := 1.0
	if l.speakers.get(who(conn), now).messages.taken(l.rates.Messages, now) > quiet {
		messages += l.rates.Room.Burst * roomsReserve
	}
	wait := max(r.messages.wait(l.rates.Room, messages, now), r.bytes.wait(l.rates.RoomBytes, float64(bytes), now))
	if wait > 0 {
		wait += rand.N(time.Second) // who is told now shall not all come back at the same time
		return l.refuse(conn.ID, "Many are talking in this room.", wait, now)
	}
	r.messages.take(l.rates.Room, 1, now)
	r.bytes.take(l.rates.RoomBytes, float64(bytes), now)
	l.forgive(conn.ID, now)
	return nil, false
}

// forgive takes one from the refusals of a connection. l.mu is held.
func (l *limiter) forgive(id ConnectionID, now time.Duration) {
	if w := l.warned.of[id]; w != nil {
		if w.refusals--; w.refusals <= 0 && now > w.until {
			delete(l.warned.of, id)
		}
	}
}

// refuse is what is told of a limit. l.mu is held.
func (l *limiter) refuse(id ConnectionID, what string, wait, now time.Duration) (e *protocol.Error, ends bool) {
	w := l.warned.get(id, now)
	if now < w.until {
		w.refusals = max(0, w.refusals) + 1
	}
	w.until = now + wait
	if w.refusals >= l.rates.Refusals {
		return protocol.Errorf(protocol.TooFast, "This connection was told to slow down and did not. It is closed."), true
	}
	return again(protocol.TooFast, what, wait), false
}

// refuseTo is what is told of a limit that all processes share.
func (l *limiter) refuseTo(conn Connection, what string, wait time.Duration, at time.Time) (e *protocol.Error, ends bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refuse(conn.ID, what, wait, at.Sub(l.began))
}

// again is an error that tells when to try again. After more than a minute that
// is for the person to do, who must know of it, and not for a client by itself.
func again(code protocol.Code, what string, wait time.Duration) *protocol.Error {
	n, unit := (wait+time.Second-1)/time.Second, "second"
	if wait > time.Minute {
		n, unit = (wait+time.Minute-1)/time.Minute, "minute"
	}
	if n > 1 {
		unit += "s"
	}
	e := protocol.Errorf(code, "%s Try again in %s.", what, fmt.Sprint(int64(n), " ", unit))
	if wait > time.Minute {
		return e
	}
	return e.Retriable(wait.Milliseconds() + 1)
}

// mayName tells whether a person may take another name.
func (l *limiter) mayName(id PersonID, at time.Time) error {
	if wait := l.waits(id, at, func(s *speaker) (bucket, protocol.Rate) { return s.names, l.rates.Names }); wait > 0 {
		return again(protocol.TooMany, "You have taken many names of late.", wait)
	}
	return nil
}

// named notes that a person took one.
func (l *limiter) named(id PersonID, at time.Time) {
	l.spend(id, at, func(s *speaker, now time.Duration) { s.names.take(l.rates.Names, 1, now) })
}

// mayFound tells whether a person may speak first in a room.
func (l *limiter) mayFound(id PersonID, at time.Time) error {
	if wait := l.waits(id, at, func(s *speaker) (bucket, protocol.Rate) { return s.newRooms, l.rates.NewRooms }); wait > 0 {
		return again(protocol.TooMany, "You have made many rooms of late.", wait)
	}
	return nil
}

// founded notes that a person did.
func (l *limiter) founded(id PersonID, at time.Time) {
	l.spend(id, at, func(s *speaker, now time.Duration) { s.newRooms.take(l.rates.NewRooms, 1, now) })
}

// erase takes one of the erasures that an address may ask for, or returns how long
// to wait.
func (l *limiter) erase(address string, at time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := at.Sub(l.began)
	b := l.erasures.get(address, now)
	wait := b.wait(l.rates.AddressErasures, 1, now)
	if wait == 0 {
		b.take(l.rates.AddressErasures, 1, now)
	}
	return wait
}

func (l *limiter) waits(id PersonID, at time.Time, of func(*speaker) (bucket, protocol.Rate)) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.speakers.of[id]
	if s == nil {
		return 0
	}
	b, rate := of(s)
	return b.wait(rate, 1, at.Sub(l.began))
}

func (l *limiter) spend(id PersonID, at time.Time, take func(*speaker, time.Duration)) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := at.Sub(l.began)
	take(l.speakers.get(id, now), now)
}

// forget forgets a connection that has ended.
func (l *limiter) forget(id ConnectionID) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.speakers.of, id)
	delete(l.warned.of, id)
}
