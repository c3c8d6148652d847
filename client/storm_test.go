package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/client"
)

// heard is what a listener has been given, and whether it was right.
type heard struct {
	last  uint64 // sequence
	epoch string
	gaps  int
	all   map[uint64]client.Entry
}

// follow reads a room until it ends, and checks that what comes is in order,
// without holes but where a gap is told, and never twice.
func (h *heard) follow(ctx context.Context, room *client.Room, pause func()) error {
	h.all = map[uint64]client.Entry{}
	for e, err := range room.Entries(ctx) {
		switch {
		case err != nil:
			return nil
		case e.Kind == client.KindGap:
			h.gaps++
			if e.Epoch == h.epoch && e.Seq <= h.last {
				return fmt.Errorf("a gap after %d, although %d was there", e.Seq, h.last)
			}
		case e.Seq != h.last+1 && h.epoch != "":
			return fmt.Errorf("entry %d after %d", e.Seq, h.last)
		case h.all[e.Seq].Seq != 0:
			return fmt.Errorf("entry %d twice", e.Seq)
		default:
			h.all[e.Seq] = e
		}
		h.last, h.epoch = e.Seq, e.Epoch
		pause()
	}
	return nil
}

// Hours of bad weather, for several seeds: what was acknowledged is
// in the log once, at the sequence that was told and in its order; and a listener
// has every entry once and in order, or was told of a gap.
func TestStorm(t *testing.T) {
	var total counts
	sent := 0
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(seed)
				defer w.close()
				defer synctest.Wait()
				w.faults = faults{lose: 0.1, double: 0.1, fail: 0.05, half: 0.2, delay: 2 * time.Second, cut: 3 * time.Minute}
				w.resume = 12 + 200*int(seed%2)
				sent += storm(t, w, seed)
				total.connections += w.seen.connections
				total.lost += w.seen.lost
				total.doubled += w.seen.doubled
				total.failed += w.seen.failed
				total.known += w.seen.known
			})
		})
	}
	t.Logf("%d messages acknowledged, %d connections, %d frames lost and %d doubled, %d actions failed, %d sent again: 0 lost, doubled or out of order",
		sent, total.connections, total.lost, total.doubled, total.failed, total.known)
	if total.connections < 100 || total.known == 0 {
		t.Error("that was no storm")
	}
}

func storm(t *testing.T, w *world, seed uint64) (sent int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	random := rand.New(rand.NewPCG(seed, 2))
	start := func(name string) (*client.Client, *client.Room) {
		c, err := client.New(client.Options{URL: "ws://world/socket", Name: name, HTTP: w.client(), Buffer: 4 << 10, Renew: 20 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		room, err := c.Join(ctx, w.room, client.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c, room
	}
	speaker, talk := start("ada")
	defer speaker.Close()
	listener, listen := start("grace")
	defer listener.Close()

	var running sync.WaitGroup
	var h heard
	var wrong error
	running.Go(func() {
		wrong = h.follow(ctx, listen, func() { time.Sleep(time.Duration(random.Int64N(int64(8 * time.Second)))) }) // mostly slower than what comes
	})
	type receipt struct {
		text string
		seq  uint64
	}
	var receipts []receipt
	running.Go(func() {
		for i := range 150 {
			text := fmt.Sprint("mine ", i)
			seq, err := talk.Send(ctx, text)
			switch {
			case err == nil:
				receipts = append(receipts, receipt{text, seq})
			case errors.Is(err, client.ErrBroke), errors.Is(err, client.ErrUnanswered): // no telling
			default:
				t.Errorf("Send: %v", err)
			}
			if err == nil && i%10 == 3 {
				if _, err := talk.Edit(ctx, seq, text+" better"); err != nil {
					t.Errorf("Edit: %v", err)
				}
			}
		}
	})
	weather := rand.New(rand.NewPCG(seed, 3))
	for range 400 {
		time.Sleep(time.Duration(weather.Int64N(int64(6 * time.Second))))
		w.mu.Lock()
		w.someoneSays()
		if len(w.log) == 300 {
			w.floor = 280 // the oldest go
		}
		w.mu.Unlock()
	}
	time.Sleep(30 * time.Minute)
	w.mu.Lock()
	w.faults = faults{}
	head := w.head()
	w.mu.Unlock()
	time.Sleep(2 * time.Hour) // now everything must settle
	if behind := listen.Behind(); behind || listen.Position().Seq < head {
		t.Errorf("two hours later the listener is at %d of %d", listen.Position().Seq, head)
	}
	cancel()
	running.Wait()
	if wrong != nil {
		t.Error(wrong)
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	times := map[string]int{}
	for _, e := range w.log {
		if e.person != "somebody" && e.kind == "message" {
			times[e.text]++
		}
	}
	for text, n := range times {
		if n != 1 {
			t.Errorf("%q is there %d times", text, n)
		}
	}
	last := uint64(0)
	for _, r := range receipts {
		if e := w.log[r.seq-1]; e.text != r.text || r.seq <= last {
			t.Errorf("%q was acknowledged at %d, where %+v is; the one before at %d", r.text, r.seq, e, last)
		}
		last = r.seq
	}
	for seq, e := range h.all {
		if is := w.log[seq-1]; e.Kind.String() != is.kind || e.ID != is.id && !e.Deleted || e.Target != is.target {
			t.Errorf("heard %+v, the log has %+v", e, is)
		}
	}
	if len(receipts) < 100 || len(h.all) < 100 {
		t.Errorf("only %d acknowledged, %d heard", len(receipts), len(h.all))
	}
	return len(receipts)
}
