package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// run is a run under way.
type run struct {
	o      Options
	began  time.Time
	tag    string // so that rooms and names are its own, whatever else the server has
	report *Report

	shards      []*shard
	receiver    receiver
	connections []*connection
	publishers  []*publisher
	stalled     []net.Conn

	doing atomic.Pointer[string]
	done  atomic.Int64 // connections that have done it
	of    atomic.Int64
}

func newRun(o Options) *run {
	r := &run{o: o, began: time.Now(), tag: fmt.Sprintf("%08d", rand.N(100_000_000))}
	r.report = &Report{
		Connections: o.Connections, Rooms: o.Rooms, Publishers: o.Publishers, Rate: o.Rate, TextBytes: o.Size, Stalled: o.Stalled,
	}
	if o.Rate == 0 && o.Publishers > 0 {
		r.report.Outstanding = o.Outstanding
	}
	for range o.Cores {
		r.shards = append(r.shards, &shard{began: r.began})
	}
	return r
}

// now marks what is being done, for of connections.
func (r *run) now(doing string, of int) {
	r.doing.Store(&doing)
	r.done.Store(0)
	r.of.Store(int64(of))
}

// tell calls Progress each second until stop is called.
func (r *run) tell() (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	r.now("starting", 0)
	ended := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		before, at := uint64(0), time.Now()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			total := r.counts().deliveries
			r.o.Progress(Progress{
				Doing: *r.doing.Load(), Done: int(r.done.Load()), Of: int(r.of.Load()),
				Deliveries: total, PerSecond: float64(total-before) / time.Since(at).Seconds(),
			})
			before, at = total, time.Now()
		}
	})
	return func() { close(ended); wait.Wait() }
}

// counts are those of all shards.
func (r *run) counts() (sum counts) {
	for _, s := range r.shards {
		s.mu.Lock()
		sum.add(s.counts)
		s.mu.Unlock()
	}
	return sum
}

// usage is what server and generator have taken so far.
type usage struct {
	at                time.Time
	server, generator time.Duration
	serverKnown       bool
	generatorKnown    bool
}

func (r *run) usage() usage {
	u := usage{at: time.Now()}
	if r.o.PID != 0 {
		d, err := cpuTime(r.o.PID)
		u.server, u.serverKnown = d, err == nil
	}
	d, err := cpuTime(os.Getpid())
	u.generator, u.generatorKnown = d, err == nil
	return u
}

func (u usage) since(before usage) (seconds float64, server, generator *float64) {
	if u.serverKnown && before.serverKnown {
		d := (u.server - before.server).Seconds()
		server = &d
	}
	if u.generatorKnown && before.generatorKnown {
		d := (u.generator - before.generator).Seconds()
		generator = &d
	}
	return u.at.Sub(before.at).Seconds(), server, generator
}

// each of so many.
func per(value *float64, count float64) *float64 {
	if value == nil || count == 0 {
		return nil
	}
	each := *value / count
	return &each
}

// opening does something for n connections and says what each of them cost.
func (r *run) opening(ctx context.Context, doing string, n int, do func(ctx context.Context, i int) error) (Opening, error) {
	r.now(doing, n)
	before := r.usage()
	err := each(ctx, n, func(ctx context.Context, i int) error {
		err := do(ctx, i)
		r.done.Add(1)
		return err
	})
	return r.opened(before, n), err
}

func (r *run) opened(before usage, n int) Opening {
	seconds, server, _ := r.usage().since(before)
	o := Opening{Count: n, Seconds: seconds, PerSecond: float64(n) / seconds}
	if server != nil {
		micros := *server * 1e6
		o.ServerCPU = per(&micros, float64(n))
	}
	return o
}

// memory is how much the server holds, if that is known.
func (r *run) memory() *int64 {
	if r.o.PID == 0 {
		return nil
	}
	b, err := residentBytes(r.o.PID)
	if err != nil {
		return nil
	}
	return &b
}

// grownBy is how much memory each of n connections takes.
func grownBy(before, after *int64, n int) *float64 {
	if before == nil || after == nil {
		return nil
	}
	each := float64(*after-*before) / float64(n)
	return &each
}

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
