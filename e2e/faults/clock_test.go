//go:build linux

package faults

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"parley/chat"
	"parley/gateway"
	"parley/memory"
	"parley/sqlite"
)

// jumpingClock runs the chat in this process, with a clock that is set forward
// and back by hours again and again. Sequences and resume know no time, rates
// are not a client's fault, and in a room nothing was ever made before what
// stands before it.
func jumpingClock(t *testing.T, l *ledger) {
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clock := &clock{}
	gw := gateway.New(gateway.Options{})
	connections := memory.NewTable()
	talk := chat.New(
		chat.Ports{Connections: connections, Members: connections, Log: store, People: store, Poster: gw},
		chat.Options{Now: clock.now},
	)
	served := make(chan error, 1)
	go func() { served <- gw.Serve(ln, talk) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := gw.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		talk.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})

	w := newLoad(l)
	socket := "ws://" + ln.Addr().String() + "/socket"
	w.add(3, socket, "general", 2, func(c *client) { c.changes, c.pause = true, 2*time.Millisecond })
	for n := range times(12, 500) {
		w.until(10)
		clock.jump(time.Duration(rand.Int64N(int64(48*time.Hour))) - 24*time.Hour)
		w.clients[n%len(w.clients)].cut()
		if l.isBroken() {
			break
		}
		l.progress(n + 1)
	}
	w.settle(socket)
}

// clock is a wall clock that somebody sets.
type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *clock) jump(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += by
}
