package bench

import (
	"context"
	"net"
	"sync"
	"time"
)

// talk opens all connections, leaves them idle for a while, and has the
// publishers speak.
func (r *run) talk(ctx context.Context) (*Report, error) {
	start := r.usage()
	if r.o.Publishers == 0 { // what starting it has left is no part of what it holds
		r.now("settling", 0)
		wait(ctx, r.o.Settle)
	}
	idle := &Idle{BaseBytes: r.memory()}
	r.report.Idle = idle
	if err := r.open(ctx, idle); err != nil {
		return nil, err
	}
	r.now("settling", 0)
	wait(ctx, r.o.Settle)
	idle.Member = grownBy(idle.BaseBytes, r.memory(), r.o.Connections+r.o.Stalled)
	if r.o.Publishers == 0 {
		r.beIdle(ctx, idle)
	} else {
		r.measure(ctx)
	}
	r.report.Interrupted = ctx.Err() != nil
	r.now("closing", 0)
	r.close()
	r.count()
	_, _, r.report.GeneratorCPU = r.usage().since(start)
	return r.report, nil
}

// open opens the connections, and then has all of them enter their rooms.
func (r *run) open(ctx context.Context, idle *Idle) (err error) {
	if r.receiver, err = newReceiver(r.o.Cores, r.o.Spin); err != nil {
		return err
	}
	n := r.o.Connections + r.o.Stalled
	r.connections, r.publishers, r.stalled = make([]*connection, r.o.Connections), make([]*publisher, r.o.Publishers), make([]net.Conn, r.o.Stalled)
	for i := range r.connections {
		c := &connection{room: i % r.o.Rooms, entered: make(chan error, 1)}
		r.connections[i] = c
		if i < r.o.Publishers {
			r.publishers[i] = newPublisher(c, r.began, i, roomName(r.tag, c.room), r.o.Size)
		}
	}
	members, deaf := newDialer(r.o, n), newDialer(r.o, n)
	deaf.buffer = 4096 // soon full
	connecting, err := r.opening(ctx, "connecting", r.o.Connections, func(ctx context.Context, i int) error {
		conn, early, err := members.dial(ctx, i)
		if err != nil {
			return err
		}
		c := r.connections[i]
		c.rest = early
		return r.receiver.add(i, c, r.shards[i%len(r.shards)], conn)
	})
	r.report.Connect = &connecting
	if err != nil {
		return err
	}
	if r.o.Publishers == 0 { // else what entering takes comes too soon to tell
		r.now("settling", 0)
		wait(ctx, r.o.Settle)
		idle.Connected = grownBy(idle.BaseBytes, r.memory(), r.o.Connections)
	}
	entering, err := r.opening(ctx, "entering", n, func(ctx context.Context, i int) error {
		name, room := personName(r.tag, i), roomName(r.tag, i%r.o.Rooms)
		if i < r.o.Connections {
			return r.connections[i].enter(ctx, name, room)
		}
		conn, _, err := deaf.dial(ctx, i)
		if err != nil {
			return err
		}
		r.stalled[i-r.o.Connections] = conn
		return enterUnread(conn, name, room)
	})
	if err != nil {
		return err
	}
	r.report.Enter, r.report.Server = &entering, r.connections[0].entry.server
	return nil
}

// beIdle lets time pass in silence.
func (r *run) beIdle(ctx context.Context, idle *Idle) {
	r.now("idle", 0)
	before := r.usage()
	wait(ctx, r.o.Duration)
	seconds, server, _ := r.usage().since(before)
	idle.Seconds = seconds
	if server != nil {
		millis := *server * 1e3
		idle.CPUPerMill = per(&millis, seconds)
	}
}

// measure has the publishers speak, and measures once they are warm.
func (r *run) measure(ctx context.Context) {
	r.now("warming up", 0)
	speaking, hush := context.WithCancel(ctx)
	defer hush()
	var speakers sync.WaitGroup
	if r.o.Rate > 0 {
		speakers.Go(func() { pace(speaking, r.publishers, r.began, r.o.Rate) })
	} else {
		for _, p := range r.publishers {
			speakers.Go(func() { p.keep(speaking, r.o.Outstanding) })
		}
	}
	wait(ctx, r.o.WarmUp)

	r.now("measuring", 0)
	for _, s := range r.shards {
		s.mu.Lock()
		s.latency = histogram{}
		s.mu.Unlock()
	}
	before, counted, acknowledged := r.usage(), r.counts(), r.acknowledged()
	wait(ctx, r.o.Duration)
	hush()
	speakers.Wait()
	last := r.drain()

	after := r.counts()
	t := &Talk{Messages: r.acknowledged() - acknowledged - (after.refused - counted.refused), Deliveries: after.deliveries - counted.deliveries}
	_, server, generator := r.usage().since(before)
	seconds := last.Sub(before.at).Seconds()
	millions := float64(t.Deliveries) / 1e6
	t.Seconds = seconds
	t.MessagesPerSecond, t.DeliveriesPerSecond = float64(t.Messages)/seconds, float64(t.Deliveries)/seconds
	t.ServerCPU, t.GeneratorCPU = per(server, millions), per(generator, millions)
	if t.Deliveries > 0 {
		t.BytesPerDelivery = float64(after.bytes-counted.bytes) / float64(t.Deliveries)
		t.PerRead = float64(t.Deliveries) / float64(after.reads-counted.reads)
	}
	var all histogram
	for _, s := range r.shards {
		s.mu.Lock()
		all.merge(&s.latency)
		s.mu.Unlock()
	}
	t.Latency = latencyOf(&all)
	r.report.Talk = t
}

func (r *run) acknowledged() (n uint64) {
	for _, p := range r.publishers {
		n += p.done.Load()
	}
	return n
}

// drain waits until all that was sent has come back to its sender and reached
// everybody, or nothing comes any more. It returns when the last of it came.
func (r *run) drain() time.Time {
	const look = 5 * time.Millisecond
	last, since := r.counts(), time.Now()
	for !r.complete() && time.Since(since) < r.o.Patience {
		time.Sleep(look)
		if now := r.counts(); now.deliveries != last.deliveries || now.refused != last.refused {
			last, since = now, time.Now()
		}
	}
	return since
}
