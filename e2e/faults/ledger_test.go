//go:build linux

package faults

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ledger knows what was sent, what was acknowledged and what stands where in
// each room's log. The first who sees an entry writes it down; all others, and
// history in the end, have to agree.
type ledger struct {
	t    testing.TB
	at   time.Time // when it was begun
	told time.Time // when it last told how far it is

	kills, reconnects, deliveries, acknowledged, cuts atomic.Int64

	mu     sync.Mutex
	rooms  map[string]*roomLedger // by room and epoch
	sent   map[string]bool        // ids
	wrong  map[fault][]string
	broken chan struct{} // closed with the first wrong
}

// roomLedger is the log of a room as clients have seen it.
type roomLedger struct {
	room, epoch string
	entries     []string          // id by sequence - 1; empty: nobody saw it yet
	of          map[string]uint64 // sequence by id
	told        map[string]uint64 // sequence by id, acknowledged to the sender
}

// fault is a way in which a promise was broken.
type fault string

const (
	lost       fault = "lost"
	doubled    fault = "doubled"
	outOfOrder fault = "out of order"
	altered    fault = "altered"  // a text, or an entry that nobody sent
	refused    fault = "refused"  // what a client may well ask for, for good
	stalled    fault = "stalled"  // somebody waited for somebody else's fault
	kept       fault = "kept"     // what should have been given up: memory, sockets, members
	forgotten  fault = "not told" // of a new epoch
)

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, at: time.Now(), rooms: map[string]*roomLedger{}, sent: map[string]bool{}, wrong: map[fault][]string{}, broken: make(chan struct{})}
}

// textOf is what the message with an id says. An id that ends in +N asks for
// about N bytes more.
func textOf(id string) string {
	const words = " and so on"
	_, more, _ := strings.Cut(id, "+")
	n, _ := strconv.Atoi(more)
	return "this is " + id + "." + strings.Repeat(words, n/len(words))
}

// changeOf tells what an id that ends in "edit N" or "delete N" is for.
func changeOf(id string) (kind string, target uint64) {
	for _, kind := range []string{"edit", "delete"} {
		if _, n, ok := strings.Cut(id, " "+kind+" "); ok {
			target, _ = strconv.ParseUint(n, 10, 64)
			return kind, target
		}
	}
	return "", 0
}

// mayBe tells whether an entry says what was sent under its id, or what became
// of that by later changes.
func (l *ledger) mayBe(e entry) bool {
	kind, target := changeOf(e.ID)
	switch {
	case !l.sent[e.ID] || e.Target != target || kind != "" && kind != e.Kind || kind == "" && e.Kind != "message":
		return false
	case e.Kind == "delete":
		return e.Text == ""
	case e.Edited != 0:
		id, _, _ := strings.Cut(strings.TrimPrefix(e.Text, "this is "), ".")
		kind, target := changeOf(id)
		return l.sent[id] && e.Text == textOf(id) && kind == "edit" && target == e.Seq
	}
	return e.Text == textOf(e.ID) || e.Kind == "edit" && e.Text == ""
}

func (l *ledger) send(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[id] = true
}

// say notes that a promise was broken. It may be called by any goroutine.
func (l *ledger) say(f fault, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(f, format, args...)
}

func (l *ledger) note(f fault, format string, args ...any) {
	const enough = 5 // of one kind are shown
	if len(l.wrong) == 0 {
		close(l.broken)
	}
	l.wrong[f] = append(l.wrong[f], fmt.Sprintf(format, args...))
	if len(l.wrong[f]) <= enough {
		l.t.Errorf("%s: %s", f, fmt.Sprintf(format, args...))
	}
}

// isBroken tells whether anything was wrong: a scenario need not go on then.
func (l *ledger) isBroken() bool {
	select {
	case <-l.broken:
		return true
	default:
		return l.t.Failed()
	}
}

func (l *ledger) room(room, epoch string) *roomLedger {
	r := l.rooms[room+"\x00"+epoch]
	if r == nil {
		r = &roomLedger{room: room, epoch: epoch, of: map[string]uint64{}, told: map[string]uint64{}}
		l.rooms[room+"\x00"+epoch] = r
	}
	return r
}

// see checks an entry that somebody got, live or in a page.
func (l *ledger) see(who, room, epoch string, e entry) {
	l.deliveries.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.room(room, epoch)
	for uint64(len(r.entries)) < e.Seq {
		r.entries = append(r.entries, "")
	}
	if e.Lost {
		l.note(lost, "%s got entry %d of %s as lost", who, e.Seq, room)
		return
	}
	if e.Deleted {
		if e.ID != "" || e.Text != "" {
			l.note(altered, "%s got of the deleted entry %d of %s %+v", who, e.Seq, room, e)
		}
		return // what it was, nobody is told; final looks for who deleted it
	}
	if !l.mayBe(e) {
		l.note(altered, "%s got as entry %d of %s %+v", who, e.Seq, room, e)
		return
	}
	switch before := r.entries[e.Seq-1]; {
	case before == "":
		if seq := r.of[e.ID]; seq != 0 {
			l.note(doubled, "%s is entry %d of %s, and to %s also entry %d", e.ID, seq, room, who, e.Seq)
		}
		r.entries[e.Seq-1], r.of[e.ID] = e.ID, e.Seq
	case before != e.ID && r.told[before] != 0:
		l.note(lost, "%s was acknowledged as %d of %s, but to %s that is %s", before, e.Seq, room, who, e.ID)
	case before != e.ID:
		l.note(altered, "entry %d of %s is %s, but to %s it is %s", e.Seq, room, before, who, e.ID)
	}
}

// acknowledge notes that a sender got its own message back.
func (l *ledger) acknowledge(room, epoch, id string, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.room(room, epoch)
	if before := r.told[id]; before != 0 && before != seq {
		l.note(doubled, "%s was acknowledged as %d and as %d of %s", id, before, seq, room)
		return
	}
	if r.told[id] == 0 {
		l.acknowledged.Add(1)
	}
	r.told[id] = seq
}

// compare holds what is stored against what was acknowledged and seen.
func (l *ledger) compare(room, epoch string, stored []entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.room(room, epoch)
	at := map[string]uint64{}
	made := int64(0)
	for i, e := range stored {
		switch {
		case e.Seq != uint64(i+1):
			l.note(lost, "history of %s has %d where %d should be", room, e.Seq, i+1)
			return
		case e.Lost:
			l.note(lost, "entry %d of %s is lost", e.Seq, room)
		case e.Deleted:
			id := ""
			if i < len(r.entries) {
				id = r.entries[i]
			}
			at[id] = e.Seq
			continue
		case at[e.ID] != 0:
			l.note(doubled, "%s is stored as %d and as %d of %s", e.ID, at[e.ID], e.Seq, room)
		case !l.mayBe(e):
			l.note(altered, "stored as %d of %s is %+v", e.Seq, room, e)
		case e.Target != 0 && stored[e.Target-1].Kind != "message":
			l.note(altered, "%s is stored as %d of %s, and %d is no message", e.ID, e.Seq, room, e.Target)
		case e.At < made:
			l.note(outOfOrder, "%s, %d of %s, was made %d ms before another one before it", e.ID, e.Seq, room, made-e.At)
		}
		at[e.ID], made = e.Seq, max(made, e.At)
	}
	l.final(room, stored)
	for id, seq := range r.told {
		if at[id] != seq {
			l.note(lost, "%s was acknowledged as %d of %s and is stored as %d (0: not at all)", id, seq, room, at[id])
		}
	}
	for i, id := range r.entries {
		if id != "" && at[id] != uint64(i+1) {
			l.note(lost, "%s was seen as %d of %s and is stored as %d (0: not at all)", id, i+1, room, at[id])
		}
	}
}

// final checks that each message is what its changes made of it, and that the
// texts they replaced are gone.
func (l *ledger) final(room string, stored []entry) {
	last := map[uint64]entry{} // change by its target
	for _, e := range stored {
		if before, ok := last[e.Target]; ok && before.Text != "" && e.Target != 0 {
			l.note(altered, "edit %d of message %d of %s still has its text, after %d", before.Seq, e.Target, room, e.Seq)
		}
		if e.Target != 0 && last[e.Target].Kind != "delete" {
			last[e.Target] = e
		}
	}
	for _, m := range stored {
		if m.Deleted && last[m.Seq].Kind != "delete" {
			l.note(lost, "message %d of %s is gone, and nobody deleted it", m.Seq, room)
		}
	}
	for target, change := range last {
		m := stored[target-1]
		if change.Kind == "delete" && !m.Deleted || change.Kind == "edit" && (m.Edited != change.Seq || m.Text != textOf(change.ID)) {
			l.note(lost, "%s, %d of %s, is not in message %+v", change.ID, change.Seq, room, m)
		}
	}
}

// figures prints in one line what some scenarios did, and what went wrong.
func figures(name string, took time.Duration, of ...*ledger) {
	var kills, cuts, acknowledged, reconnects, deliveries int64
	wrong := map[fault]int{}
	for _, l := range of {
		kills, cuts, acknowledged = kills+l.kills.Load(), cuts+l.cuts.Load(), acknowledged+l.acknowledged.Load()
		reconnects, deliveries = reconnects+l.reconnects.Load(), deliveries+l.deliveries.Load()
		l.mu.Lock()
		for f, all := range l.wrong {
			wrong[f] += len(all)
		}
		l.mu.Unlock()
	}
	line := fmt.Sprintf("faults %-15s %6.1f s: kills %d, power cuts %d, acknowledged %d, reconnects %d, deliveries checked %d, lost %d, doubled %d, out of order %d",
		name, took.Seconds(), kills, cuts, acknowledged, reconnects, deliveries, wrong[lost], wrong[doubled], wrong[outOfOrder])
	for _, f := range []fault{altered, refused, stalled, kept, forgotten} {
		if wrong[f] > 0 {
			line += fmt.Sprintf(", %s %d", f, wrong[f])
		}
	}
	fmt.Println(line)
}

// progress tells every few seconds that a long run is alive.
func (l *ledger) progress(rounds int) {
	const every = 10 * time.Second
	if !long || time.Since(l.told) < every {
		return
	}
	l.told = time.Now()
	fmt.Printf("%s: round %d, %.0f s, kills %d, acknowledged %d, reconnects %d, deliveries checked %d\n",
		l.t.Name(), rounds, time.Since(l.at).Seconds(), l.kills.Load(), l.acknowledged.Load(), l.reconnects.Load(), l.deliveries.Load())
}
