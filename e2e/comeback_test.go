//go:build linux

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkComeBack has 10,000 people in 100 rooms lose their server by SIGKILL
// in the middle of their talk. While they are away, 20 messages are stored in
// each room. Then the program starts again on its old port, and all come back
// when the back-off of our clients lets them, resume, and go on talking. It
// prints how long that took since the program was started again, until the last
// one had everything, and what was lost, doubled or out of order in the end.
//
//	go test -run '^$' -bench ComeBack -benchtime 1x ./e2e
func BenchmarkComeBack(b *testing.B) {
	const people, rooms, missed = 10_000, 100, 20
	for _, engine := range []string{"goroutine", "epoll"} {
		b.Run(engine, func(b *testing.B) {
			for range b.N {
				comeBack(b, affordable(b, people), rooms, missed, "--engine", engine)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// comeBack does it once. The figures of the last time are reported.
func comeBack(b *testing.B, people, rooms, missed int, flags ...string) {
	listen, data := "127.0.0.1:"+outsidePort(b), b.TempDir()
	p := startOn(b, listen, data, flags...)
	c := newMultitude(b, listen, people, rooms)
	defer c.stop()
	c.await("to be there", c.caughtUp)
	talked := c.said.Load() + int64(3*rooms)
	c.await("to talk", func() bool { return c.said.Load() > talked })

	killed := time.Now()
	p.kill()
	c.await("to notice", func() bool { return c.online.Load() == 0 })
	away := startOn(b, "127.0.0.1:0", data, flags...)
	c.storeElsewhere(away.host(), missed)
	away.kill()

	c.begin()
	begun, ours := time.Now(), cpuTime(b, os.Getpid())
	p = startOn(b, listen, data, flags...)
	c.await("to come back", c.caughtUp)
	took, cpu := time.Since(begun), cpuTime(b, p.command.Process.Pid)
	ours = cpuTime(b, os.Getpid()) - ours

	talked = c.said.Load() + int64(3*rooms)
	c.await("to go on talking", func() bool { return c.said.Load() > talked })
	faults := c.settle()

	handshakes, over := c.rush()
	b.ReportMetric(float64(people), "clients")
	b.ReportMetric(took.Seconds(), "s-until-all-are-back")
	b.ReportMetric(begun.Sub(killed).Seconds(), "s-away")
	b.ReportMetric(float64(handshakes)/over.Seconds(), "handshakes/s")
	b.ReportMetric(cpu.Seconds(), "server-CPU-s")
	b.ReportMetric(ours.Seconds(), "clients-CPU-s")
	b.ReportMetric(float64(faults.lost), "lost")
	b.ReportMetric(float64(faults.doubled), "doubled")
	b.ReportMetric(float64(faults.outOfOrder), "out-of-order")
	b.Logf("%s: %d people were back and caught up %.2f s after the start, %.2f s after the kill; %d dials, %d handshakes within %.2f s; from dial to caught up: half in %d ms, 99 %% in %d ms; %d messages, %d deliveries checked: lost %d, doubled %d, out of order %d",
		strings.Join(flags, " "), people, took.Seconds(), (begun.Sub(killed) + took).Seconds(), c.dials.Load(), handshakes, over.Seconds(),
		c.catchUp(50).Milliseconds(), c.catchUp(99).Milliseconds(), faults.messages, faults.checked, faults.lost, faults.doubled, faults.outOfOrder)
	if faults.lost+faults.doubled+faults.outOfOrder > 0 {
		b.Errorf("first: %s", faults.first)
	}
}

// affordable is how many of so many connections this process may hold. Go has
// raised the soft limit to the hard one already.
func affordable(b *testing.B, connections int) int {
	b.Helper()
	const spare = 100 // files
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		b.Fatal(err)
	}
	if limit.Cur < uint64(connections+spare) {
		b.Logf("THIS IS NOT THE FULL SIZE: only %d of %d connections, since this process may open %d files and no more (ulimit -Hn)",
			max(1, int(limit.Cur)-spare), connections, limit.Cur)
		return max(1, int(limit.Cur)-spare)
	}
	return connections
}

// outsidePort is a free port which the system does not give to those who dial:
// thousands who dial a port of that range while nobody listens take it away from
// the server sooner or later, or connect to themselves.
func outsidePort(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		b.Fatal(err)
	}
	first, err := strconv.Atoi(strings.Fields(string(text))[0])
	if err != nil || first < 11_000 {
		b.Skipf("no ports below those that the system gives away: %s", text)
	}
	for range 20 {
		port := strconv.Itoa(10_000 + rand.IntN(first-10_000))
		if ln, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			ln.Close()
			return port
		}
	}
	b.Fatal("no free port found")
	return ""
}

// storeElsewhere has a stranger store so many messages in each room, by the
// program as it runs at another address.
func (c *multitude) storeElsewhere(host string, messages int) {
	c.b.Helper()
	for _, r := range c.rooms {
		s := dialRaw(c.b, host, "/socket", true)
		s.write(fmt.Sprintf(`{"type":"hello","name":"stranger in %s","rooms":[{"room":"%s"}]}`, r.name, r.name))
		of := map[uint32]bool{}
		for waits := true; waits; {
			waits = !strings.HasPrefix(s.read(), `{"type":"joined"`)
		}
		for range messages {
			id := c.nextID()
			of[id] = true
			s.write(say(r.name, id))
		}
		for len(of) > 0 {
			var e talk
			e.read(c.b, s.read())
			if e.Type == "message" && of[e.number()] {
				delete(of, e.number())
				r.acknowledge(e.number(), e.Seq)
			}
		}
		s.Close()
	}
}

// settle ends the talk, waits until everybody has everything, and holds what
// each one saw against history.
func (c *multitude) settle() (f findings) {
	c.b.Helper()
	c.quiet()
	c.await("to be answered", func() bool { return c.pending() == 0 })
	stored := map[*room][]uint32{}
	for _, r := range c.rooms {
		stored[r] = c.history(r)
		at := map[uint32]uint64{}
		for i, id := range stored[r] {
			if at[id] != 0 {
				f.say(&f.doubled, "m%d is stored as %d and as %d of %s", id, at[id], i+1, r.name)
			}
			at[id] = uint64(i + 1)
		}
		for id, seq := range r.acknowledged {
			if at[id] != seq {
				f.say(&f.lost, "m%d was acknowledged as %d of %s and is stored as %d (0: not at all)", id, seq, r.name, at[id])
			}
		}
		f.messages += len(stored[r])
	}
	deadline := time.Now().Add(patience)
	for _, m := range c.members { // who misses something in the end is found below
		for m.position.Load() < uint64(len(stored[m.room])) && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
	}
	c.stop()
	for _, m := range c.members {
		f.checked += len(m.seen)
		f.doubled, f.outOfOrder = f.doubled+m.doubled, f.outOfOrder+m.skipped
		if m.doubled+m.skipped > 0 {
			f.first = m.first
		}
		for i, id := range stored[m.room] {
			if i >= len(m.seen) || m.seen[i] != id {
				f.say(&f.lost, "%s has not m%d, %d of %s", m.name, id, i+1, m.room.name)
			}
		}
	}
	return f
}

// findings are what was wrong, counted one by one.
type findings struct {
	messages, checked         int
	lost, doubled, outOfOrder int
	first                     string
}

func (f *findings) say(count *int, format string, args ...any) {
	if *count++; f.first == "" {
		f.first = fmt.Sprintf(format, args...)
	}
}

// history is what is stored in a room, read by somebody who comes anew.
func (c *multitude) history(r *room) (ids []uint32) {
	c.b.Helper()
	s := dialRaw(c.b, c.host, "/socket", true)
	defer s.Close()
	s.write(fmt.Sprintf(`{"type":"hello","rooms":[{"room":"%s","after":0}]}`, r.name))
	for more := true; more; {
		var e talk
		e.read(c.b, s.read())
		if e.Type == "error" {
			c.b.Fatalf("history of %s: %s", r.name, e.Code)
		}
		if e.Type != "joined" && e.Type != "history" {
			continue
		}
		for _, m := range e.Messages {
			if m.Seq != uint64(len(ids)+1) {
				c.b.Fatalf("history of %s: %d follows %d entries", r.name, m.Seq, len(ids))
			}
			ids = append(ids, number(m.ID))
		}
		if more = e.More; more {
			s.write(fmt.Sprintf(`{"type":"history","room":"%s","after":%d,"limit":100}`, r.name, len(ids)))
		}
	}
	return ids
}

// await waits until something is so.
func (c *multitude) await(what string, so func() bool) {
	c.b.Helper()
	const most = 90 * time.Second
	for deadline := time.Now().Add(most); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.b.Fatalf("waited %s in vain for the people %s; %d are online; last error %v", most, what, c.online.Load(), c.lastError.Load())
		}
	}
}

// newMultitude puts people into their rooms; the first of each room speaks.
func newMultitude(b *testing.B, host string, people, rooms int) *multitude {
	c := &multitude{b: b, host: host, door: make(chan struct{}, 64)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for i := range min(rooms, people) {
		c.rooms = append(c.rooms, &room{name: fmt.Sprint("room-", i), acknowledged: map[uint32]uint64{}})
	}
	for i := range people {
		m := &member{multitude: c, room: c.rooms[i%len(c.rooms)], name: fmt.Sprint("person ", i)}
		c.members = append(c.members, m)
		c.running.Go(m.live)
	}
	talking, quiet := context.WithCancel(c.ctx)
	var speaker sync.WaitGroup
	speaker.Go(func() { c.talk(talking) })
	c.quiet = func() { quiet(); speaker.Wait() }
	b.Cleanup(c.stop)
	return c
}
