package conform

import (
	"fmt"
	"sync"
	"time"

	"parley/protocol"
)

// ledger is what all connections of a run have seen of rooms' logs. Each entry
// must be the same to everybody, in events and in pages, the first time and
// every other time.
type ledger struct {
	mu      sync.Mutex
	entries map[place]protocol.Item
	changes map[place]protocol.Change
	epochs  map[string]string // by room
}

type place struct {
	room string
	seq  uint64
}

func newLedger() *ledger {
	return &ledger{entries: map[place]protocol.Item{}, changes: map[place]protocol.Change{}, epochs: map[string]string{}}
}

// clockOff is how wrong a server's clock may be, or ours.
const clockOff = 24 * time.Hour

// enter notes an entry, or compares it with what was noted.
func (l *ledger) enter(room string, i protocol.Item) error {
	if i.Seq == 0 || i.Seq > protocol.MaxSequence {
		return want(ruleSequence, "a sequence from 1 to 2^53-1 in room %q", room).but(i)
	}
	if i.Lost || i.Deleted || i.Edited > 0 { // in rooms that others use; what is left of it may change
		return nil
	}
	if off := time.Since(time.UnixMilli(i.At)).Abs(); off > clockOff && room != protocol.GeneralRoom {
		return want(ruleTime, "a time that is about now in room %q", room).but(i)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if first, known := l.entries[place{room, i.Seq}]; known && first != i {
		return want(ruleSequence, "entry %d of room %q to be the same for everybody: %s", i.Seq, room, show(first)).but(i)
	}
	l.entries[place{room, i.Seq}] = i
	return nil
}

// change notes an edit or delete, or compares it. Its text may go later but
// never another come; a second delete is answered by the first under another id.
func (l *ledger) change(room string, c protocol.Change) error {
	if c.Seq <= c.Target || c.Target == 0 || c.Type == "delete" && c.Text != "" {
		return want(ruleChanging, "a change of an earlier entry in room %q", room).but(c)
	}
	c.ID = ""
	l.mu.Lock()
	defer l.mu.Unlock()
	first, known := l.changes[place{room, c.Seq}]
	same := first // a late copy may still have the text that is gone from another
	if first.Text == "" {
		same.Text = c.Text
	}
	if c.Text == "" {
		same.Text = ""
	}
	if known && same != c {
		return want(ruleSequence, "entry %d of room %q to be the same for everybody: %s", c.Seq, room, show(first)).but(c)
	}
	if _, message := l.entries[place{room, c.Seq}]; message {
		return want(ruleSequence, "entry %d of room %q to stay a message", c.Seq, room).but(c)
	}
	if !known || first.Text == "" {
		l.changes[place{room, c.Seq}] = c
	}
	return nil
}

// epoch notes a room's epoch, or compares it. That a server loses a tail while
// the suite runs is possible, and worth telling.
func (l *ledger) epoch(room, epoch string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first, known := l.epochs[room]; known && first != epoch {
		return want(ruleEpoch, "room %q to keep its epoch %q", room, first).but(epoch)
	}
	l.epochs[room] = epoch
	return nil
}

// check holds an event to what is true of every event, whatever its case is about.
func (l *ledger) check(e event) error {
	switch b := e.body.(type) {
	case *protocol.Said:
		return l.enter(b.Room, protocol.Item{Seq: b.Seq, ID: b.ID, From: b.From, Person: b.Person, Text: b.Text, At: b.At, Edited: b.Edited, Deleted: b.Deleted})
	case *protocol.Edited:
		return l.change(b.Room, protocol.Change{Type: "edit", Seq: b.Seq, Target: b.Target, Person: b.Person, Text: b.Text, At: b.At})
	case *protocol.Deleted:
		return l.change(b.Room, protocol.Change{Type: "delete", Seq: b.Seq, Target: b.Target, Person: b.Person, At: b.At})
	case *protocol.Joined:
		if err := colors(e, b.People...); err != nil {
			return err
		}
		if b.Count < len(b.People) {
			return want(rulePeople, "a count of %d at least", len(b.People)).but(e)
		}
		return l.page(e, &b.Page)
	case *protocol.History:
		return l.page(e, &b.Page)
	case *protocol.Welcome:
		return colors(e, b.You.Person)
	case *protocol.Session:
		return colors(e, b.You.Person)
	case *protocol.Presence:
		return colors(e, append(b.Joined, b.Left...)...)
	case *protocol.Pong:
		for _, r := range b.Rooms {
			if err := l.epoch(r.Room, r.Epoch); err != nil {
				return err
			}
		}
	case *protocol.Error:
		if b.Code == "" || b.Message == "" || b.After < 0 {
			return want(ruleError, "an error with a code and a sentence").but(e)
		}
	}
	return nil
}

// page checks that a page holds what it says it holds, and enters that.
func (l *ledger) page(e event, p *protocol.Page) error {
	if err := l.epoch(p.Room, p.Epoch); err != nil {
		return err
	}
	if p.From <= p.Floor || p.To > p.Head || p.To+1 < p.From {
		return want(rulePageTo, "a page between its floor and its head").but(e)
	}
	has := map[uint64]bool{}
	last := uint64(0)
	for _, m := range p.Messages {
		if m.Seq <= last {
			return want(ruleOldest, "message %d of room %q after %d, not before", m.Seq, p.Room, last).but(e)
		}
		last, has[m.Seq] = m.Seq, true
		if err := l.enter(p.Room, m); err != nil {
			return err
		}
	}
	last = 0
	for _, c := range p.Changes {
		if c.Seq <= last {
			return want(ruleOldest, "change %d of room %q after %d, not before", c.Seq, p.Room, last).but(e)
		}
		last, has[c.Seq] = c.Seq, true
		if err := l.change(p.Room, c); err != nil {
			return err
		}
	}
	for seq := p.From; seq <= p.To; seq++ {
		if !has[seq] {
			return want(rulePageFrom, "a page from %d to %d with entry %d in it", p.From, p.To, seq).but(e)
		}
	}
	if n := p.To + 1 - p.From; uint64(len(has)) != n {
		return want(rulePageFrom, "a page from %d to %d to have %d entries", p.From, p.To, n).but(fmt.Sprintf("%d entries: %s", len(has), show(e)))
	}
	return nil
}

func colors(e event, people ...protocol.Person) error {
	for _, p := range people {
		if p.ID == "" || p.Color != protocol.Hue(p.ID) {
			return want(ruleColor, "person %q to have the color %d", p.ID, protocol.Hue(p.ID)).but(e)
		}
	}
	return nil
}

// roomOf returns the room that an event is about, or "".
func roomOf(e event) string {
	switch b := e.body.(type) {
	case *protocol.Said:
		return b.Room
	case *protocol.Edited:
		return b.Room
	case *protocol.Deleted:
		return b.Room
	case *protocol.Joined:
		return b.Room
	case *protocol.History:
		return b.Room
	case *protocol.Left:
		return b.Room
	case *protocol.Presence:
		return b.Room
	case *protocol.SomebodyTypes:
		return b.Room
	case *protocol.Moderated:
		if b.ID == "" && b.Person == "" { // else it answers, or tells the person concerned, wherever that is
			return b.Room
		}
	}
	return ""
}
