package client

import (
	"errors"
	"math/rand/v2"
	"time"

	"parley/protocol"
)

const (
	gapWait     = 300 * time.Millisecond // for a gap to close by itself, and up to as much again
	vainWait    = 2 * time.Second        // after a question that brought nothing, doubled each time
	longestVain = 30 * time.Second
)

// catchUp asks for entries that are known to exist and have not come. They are
// waited for first, since frames may come out of order. Its methods are called
// with mu held.
type catchUp struct {
	r      *Room
	alarm  alarm
	asking bool
	vain   int // questions in a row that brought nothing
	round  int // of stop: what was asked before is nobody's any more
}

// behind tells whether there is something to ask for, and space for it.
func (u *catchUp) behind() bool {
	k := u.r.c.conn
	return k != nil && k.open(u.r) && u.r.log.behind() && !u.r.full && u.r.stopped == nil
}

// look looks whether something is missing; call it after each change.
func (u *catchUp) look() {
	switch {
	case !u.behind():
		u.alarm.stop()
		u.vain = 0
	case !u.alarm.isSet() && !u.asking:
		u.alarm.set(u.r.c, gapWait+rand.N(gapWait), u.now)
	}
}

// now asks until nothing is missing.
func (u *catchUp) now() {
	u.alarm.stop()
	if u.asking || !u.behind() || u.r.c.state == Stopped {
		return
	}
	u.asking = true
	round, k := u.round, u.r.c.conn
	u.r.c.running.Go(func() { u.ask(k, round) })
}

func (u *catchUp) ask(k *connection, round int) {
	r, c := u.r, u.r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for round == u.round && u.behind() {
		before, id := r.log.to, c.nextID()
		frame := encode(fields{"type": "history", "id": id, "room": r.name, "after": before, "limit": protocol.MaxHistory})
		c.mu.Unlock()
		answer, err := k.ask(c.ctx, id, frame, nil)
		c.mu.Lock()
		if round != u.round {
			return
		}
		var refusal *protocol.Error
		switch a := answer.(type) {
		case *protocol.History:
			if a.Epoch != r.log.epoch || a.Head < before { // its sequences mean something else: only a join tells from where on
				u.asking = false
				k.enter(r)
				return
			}
			r.take(&a.Page)
		case *protocol.Error:
			refusal = a
		}
		if refusal != nil && refusal.Code == protocol.NotInRoom {
			u.asking = false
			k.enter(r)
			return
		}
		if err != nil && !errors.Is(err, ErrUnanswered) {
			break
		}
		if r.log.to <= before && u.behind() {
			u.vain++
			break
		}
		u.vain = 0
	}
	if round != u.round {
		return
	}
	u.asking = false
	if u.behind() {
		u.alarm.set(c, min(longestVain, vainWait<<min(max(u.vain-1, 0), 5)), u.now)
	}
}

// stop is called when the connection is gone: the next joined tells what is missing.
func (u *catchUp) stop() {
	u.alarm.stop()
	u.asking, u.vain = false, 0
	u.round++
}
