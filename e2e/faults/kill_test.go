//go:build linux

package faults

import (
	"math/rand/v2"
	"testing"
	"time"
)

// killUnderLoad kills the server again and again while everybody speaks.
func killUnderLoad(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	changing := func(c *client) { c.changes = true }
	w.add(4, s.socket(), "general", 3, changing)
	w.add(2, s.socket(), "elsewhere", 1, changing)
	for n := range times(8, 1000) {
		w.until(int64(20 + rand.IntN(times(1000, 2200))))
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		s.kill()
		l.kills.Add(1)
		s.start()
		if l.isBroken() {
			break
		}
		l.progress(n + 1)
	}
	w.until(100)
	w.settle(s.socket())
}

// terminateUnderLoad asks the server to end, again and again, while everybody
// speaks: it does so in order, and nobody loses anything.
func terminateUnderLoad(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	w.add(5, s.socket(), "general", 4, nil)
	for n := range times(2, 100) {
		w.until(int64(100 + rand.IntN(400)))
		if code := s.terminate(); code != 0 {
			t.Errorf("asked to end, it ended with exit code %d", code)
		}
		s.start()
		if l.isBroken() {
			break
		}
		l.progress(n + 1)
	}
	w.until(100)
	w.settle(s.socket())
}

// cutConnections cuts connections at any time, so that messages arrive whose
// answers do not, and are sent again.
func cutConnections(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	w.add(3, s.socket(), "general", 2, nil)
	w.add(2, s.socket(), "general", 2, func(c *client) { c.hasty = true })
	w.until(20)
	for n := range times(100, 20_000) {
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		w.clients[rand.IntN(len(w.clients))].cut()
		if l.isBroken() {
			break
		}
		l.progress(n + 1)
	}
	w.until(20)
	w.settle(s.socket())
}
