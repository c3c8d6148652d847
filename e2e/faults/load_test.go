//go:build linux

package faults

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is some clients at work.
type load struct {
	ledger  *ledger
	clients []*client
	heed    time.Duration // most that a client waits where it is told to try again later
	done    atomic.Bool   // nobody is to say anything new
	ctx     context.Context
	cancel  context.CancelFunc
	all     sync.WaitGroup

	refused  atomic.Int64 // messages that were to be tried again
	restarts atomic.Int64 // rooms that were read anew, as the client was told
}

func newLoad(l *ledger) *load {
	w := &load{ledger: l, heed: 2 * time.Second}
	w.ctx, w.cancel = context.WithCancel(l.t.Context())
	l.t.Cleanup(w.stop)
	return w
}

func (w *load) isDone() bool { return w.done.Load() }

// add puts clients to work, of whom some speak; adjust may change each before.
func (w *load) add(n int, socket, room string, speakers int, adjust func(*client)) []*client {
	var added []*client
	for i := range n {
		c := &client{load: w, name: fmt.Sprintf("client %s %d", room, len(w.clients)), room: room, speaks: i < speakers, ordered: true}
		c.socket.Store(socket)
		if adjust != nil {
			adjust(c)
		}
		w.clients = append(w.clients, c)
		added = append(added, c)
		w.all.Go(func() { c.live(w.ctx) })
	}
	return added
}

// stop ends all clients.
func (w *load) stop() {
	w.cancel()
	w.all.Wait()
}

// told is how much was acknowledged so far.
func (w *load) told() int64 { return w.ledger.acknowledged.Load() }

// until waits for the acknowledgement of more messages.
func (w *load) until(more int64) {
	w.ledger.t.Helper()
	aim := w.told() + more
	wait(w.ledger.t, 2*patience, fmt.Sprint(more, " more acknowledgements"), func() bool { return w.told() >= aim || w.ledger.isBroken() })
}

// goesOn waits for the acknowledgement of more messages, and says where the
// clients stand still meanwhile.
func (w *load) goesOn(more int64, because string) {
	const still = 7 * time.Second // nobody who is well waits for so long
	aim, last, since := w.told()+more, w.told(), time.Now()
	for w.told() < aim && !w.ledger.isBroken() {
		time.Sleep(10 * time.Millisecond)
		if now := w.told(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > still {
			w.ledger.say(stalled, "nothing was acknowledged for %s, %s", still, because)
		}
	}
}

// settle has everybody finish, and holds history against all that was seen.
func (w *load) settle(socket string) {
	t := w.ledger.t
	t.Helper()
	if w.ledger.isBroken() {
		w.stop()
		return
	}
	w.done.Store(true)
	heads := map[string]uint64{}
	wait(t, 2*patience, "all that is pending", func() bool {
		for _, c := range w.clients {
			if !c.settled.Load() {
				return w.ledger.isBroken()
			}
		}
		return true
	})
	for _, c := range w.clients {
		if _, known := heads[c.room]; known {
			continue
		}
		epoch, stored, err := history(t.Context(), socket, c.room)
		if err != nil {
			w.ledger.say(lost, "history: %v", err)
			break
		}
		w.ledger.compare(c.room, epoch, stored)
		heads[c.room] = uint64(len(stored))
	}
	wait(t, 2*patience, "everybody to have everything", func() bool {
		for _, c := range w.clients {
			if c.position.Load() < heads[c.room] {
				return w.ledger.isBroken()
			}
		}
		return true
	})
	w.stop()
	for _, c := range w.clients {
		if head := heads[c.room]; c.position.Load() != head {
			w.ledger.say(lost, "%s has %d of the %d entries of %s", c.name, c.position.Load(), head, c.room)
		}
		if c.speaks && c.said == 0 {
			t.Errorf("%s said nothing", c.name)
		}
	}
}
