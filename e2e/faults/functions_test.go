//go:build linux

package faults

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// roughCloud has everybody speak while DynamoDB throttles and forgets to answer,
// functions are killed and invoked twice, in any order, and @connections says
// 410, 429 and 500.
func roughCloud(t *testing.T, l *ledger) {
	c := startCloud(t)
	w := newLoad(l)
	w.heed = 300 * time.Millisecond
	unordered := func(k *client) { k.ordered, k.changes, k.pause = false, true, 10*time.Millisecond }
	w.add(3, c.socket(), "general", 2, unordered)
	w.add(2, c.socket(), "elsewhere", 1, unordered)
	w.until(6)
	c.rough.Store(true)
	for n := range times(8, 500) {
		w.until(20)
		w.clients[n%len(w.clients)].cut()
		if l.isBroken() {
			break
		}
		l.progress(n + 1)
	}
	c.rough.Store(false)
	w.settle(c.socket())
	l.kills.Add(c.killed.Load())
	fmt.Printf("faults rough cloud: %d calls of DynamoDB, %d throttled, %d unanswered; functions killed %d times, %d events given twice; %d told gone who were there\n",
		c.told.Load(), c.throttled.Load(), c.unanswered.Load(), c.killed.Load(), c.repeated.Load(), c.gone.Load())
}

// killedFunction kills OnAction at each call of DynamoDB that a message makes,
// before it is done and after: so between any two writes, and between commit
// and fan-out. Where its sender is gone for good either nobody ever has the
// message, or everybody; where it tries again, everybody.
func killedFunction(t *testing.T, l *ledger) {
	c := startCloud(t)
	w := newLoad(l)
	w.add(2, c.socket(), "general", 0, func(k *client) { k.ordered = false })
	points := 0
	for _, again := range []bool{false, true} {
		for _, when := range []fate{killedBefore, killedAfter} {
			for n := 1; n <= 12 && !l.isBroken() && killAt(l, c, n, when, again); n++ {
				points++
			}
		}
	}
	if points < 12 && !l.isBroken() {
		t.Errorf("only %d points were tried", points)
	}
	l.kills.Add(c.killed.Load())
	w.settle(c.socket())
}

// killAt says a message and kills the function at the n-th call that it makes;
// false: it made fewer.
func killAt(l *ledger, c *cloud, n int, when fate, again bool) bool {
	t, ctx := l.t, l.t.Context()
	name := fmt.Sprintf("sender %d %d %v", n, when, again)
	id := "of " + name
	l.send(id)
	sender, epoch := enterCloud(t, c, name)
	defer sender.ws.CloseNow()
	time.Sleep(60 * time.Millisecond) // nothing of that is under way any more
	var calls atomic.Int64
	c.let(func(string, string) fate {
		if calls.Add(1) == int64(n) {
			return when
		}
		return done
	})
	message := object{"type": "message", "room": "general", "id": id, "text": textOf(id)}
	sender.send(ctx, message)
	wait(t, patience, "the call to be made, or the message to be told", func() bool { return calls.Load() >= int64(n) || l.seen(id) })
	c.let(nil)
	for tries := 0; again && tries < 5; tries++ {
		switch e, err := sender.next(ctx, "message", "error", ""); {
		case err != nil:
			l.say(stalled, "%s got no answer: %v", name, err)
			return false
		case e.ID == id && e.Type == "message":
			l.acknowledge("general", epoch, id, e.Seq)
			return calls.Load() >= int64(n)
		case e.Type != "message":
			sender.send(ctx, message)
		}
	}
	return calls.Load() >= int64(n)
}

// enterCloud connects and joins; functions may still be dying of the last kill.
func enterCloud(t testing.TB, c *cloud, name string) (sender *connection, epoch string) {
	t.Helper()
	for range 10 {
		sender, err := dial(t.Context(), c.socket())
		if err != nil {
			t.Fatal(err)
		}
		sender.send(t.Context(), object{"type": "hello", "name": name, "rooms": []object{{"room": "general"}}})
		if e, err := sender.next(t.Context(), "joined", "error", ""); err == nil && e.Type == "joined" {
			return sender, e.Epoch
		} else if e.Suggestion != "" {
			name = e.Suggestion
		}
		sender.ws.CloseNow()
	}
	t.Fatalf("%s cannot enter", name)
	return nil, ""
}

// seen tells whether anybody got a message.
func (l *ledger) seen(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rooms {
		if r.of[id] != 0 {
			return true
		}
	}
	return false
}

// freeAddress is one that nobody listens on now.
func freeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
