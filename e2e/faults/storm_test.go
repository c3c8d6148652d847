//go:build linux

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// storm has everybody come back at once, after the server was killed and after
// all connections were cut. Each catches up, and who left is counted no more.
func storm(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	w.add(times(60, 500), s.socket(), "general", 2, func(c *client) { c.pause = 5 * time.Millisecond })
	w.until(20)
	slowest := time.Duration(0)
	for n := range times(6, 200) {
		begun, back := time.Now(), l.reconnects.Load()+int64(len(w.clients))
		if n%2 == 0 {
			s.kill()
			l.kills.Add(1)
			s.start()
		} else {
			for _, c := range w.clients {
				c.cut()
			}
		}
		wait(t, 3*patience, "everybody to come back", func() bool { return l.reconnects.Load() >= back || l.isBroken() })
		slowest = max(slowest, time.Since(begun))
		w.until(int64(10 + rand.IntN(40)))
		if l.isBroken() {
			break
		}
		l.progress(n + 1)
	}
	wantPresent(l, s, len(w.clients))
	w.settle(s.socket())
	wantPresent(l, s, 0)
	fmt.Printf("faults storm: %d clients, the slowest time until all were back %.1f s\n", len(w.clients), slowest.Seconds())
}

// wantPresent waits until the general room counts so many people: by then all
// others must have been given up.
func wantPresent(l *ledger, s *server, want int) {
	if l.isBroken() {
		return
	}
	count := -1
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && count != want; time.Sleep(50 * time.Millisecond) {
		c, err := dial(l.t.Context(), s.socket())
		if err != nil {
			continue
		}
		if c.send(l.t.Context(), object{"type": "hello", "rooms": []object{{"room": "general"}}}) == nil {
			if e, err := c.next(l.t.Context(), "joined"); err == nil {
				count = e.Count
			}
		}
		c.ws.CloseNow()
	}
	if count != want {
		l.say(kept, "%d people are in the room, and it counts %d", want, count)
	}
}

// fewDescriptors has more people come than the server may have sockets. Those
// who are in stay, others are refused, and all that left make room for more.
func fewDescriptors(t *testing.T, l *ledger) {
	const descriptors = 96
	s := limited(t, fmt.Sprint("-n ", descriptors))
	w := newLoad(l)
	w.add(4, s.socket(), "general", 3, func(c *client) { c.pause = 2 * time.Millisecond })
	w.until(20)
	var crowd []*connection
	refused := 0
	for range 2 * descriptors {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		c, err := dial(ctx, s.socket())
		cancel()
		if err != nil {
			if refused++; refused > 3 {
				break
			}
			continue
		}
		crowd = append(crowd, c)
	}
	if refused == 0 {
		t.Errorf("%d connections were taken with %d descriptors", len(crowd), descriptors)
	}
	w.goesOn(100, "while there were no descriptors left")
	for _, c := range crowd {
		c.ws.CloseNow()
	}
	for range 3 * descriptors { // come and go
		if l.isBroken() {
			break
		}
		if !comeAndGo(t, s) {
			l.say(kept, "nobody can connect any more, though all who came have gone")
		}
	}
	w.settle(s.socket())
}

// comeAndGo connects and closes, trying for some seconds.
func comeAndGo(t testing.TB, s *server) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		c, err := dial(ctx, s.socket())
		cancel()
		if err == nil {
			c.ws.CloseNow()
			return true
		}
	}
	return false
}
