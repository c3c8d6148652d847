//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	mark      = '^' // once in each text, and nowhere else
	digits    = 8   // of a message's number, after its publisher's one
	token     = 1 + 1 + digits
	textBytes = 64

	sampled    = 100 // connections whose deliveries are timed, the publishers' apart
	atOnce     = 64  // handshakes under way
	warmUp     = 300 * time.Millisecond
	stragglers = 10 * time.Second // for how long deliveries are awaited that are still missing
)

// generator is all clients in one thread, which never sleeps while it measures.
type generator struct {
	dialect     dialect
	load        load
	connections []*connection
	poll        int
	buffer      []byte

	sent      []int // by publisher
	underWay  []int
	sentAt    [][]time.Time // by publisher and message
	delivered uint64
	took      []time.Duration // of the deliveries that are timed
}

// drive opens the connections of a load to a server, has them speak, and counts.
func drive(ctx context.Context, pid int, address string, d dialect, l load, duration time.Duration) (r result, err error) {
	release, err := on(generatorCore)
	if err != nil {
		return r, err
	}
	defer release()
	g := &generator{dialect: d, load: l, buffer: make([]byte, 256<<10)}
	defer g.close()
	if g.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return r, err
	}
	if l.publishers == 0 {
		time.Sleep(l.settle)
	}
	base, err := ownBytes(pid)
	if err != nil {
		return r, err
	}
	if r.Accept, err = g.open(ctx, pid, address); err != nil {
		return r, err
	}
	if l.publishers == 0 {
		time.Sleep(l.settle)
		now, err := ownBytes(pid)
		if err == nil {
			err = g.drain() // one that was ended takes no memory
		}
		r.Bytes = float64(now-base) / float64(l.connections)
		return r, err
	}
	first, err := g.talk(ctx, warmUp)
	if err != nil {
		return r, err
	}
	g.took = nil
	warm := g.delivered
	before, err := cpuTime(pid)
	if err != nil {
		return r, err
	}
	messages, err := g.talk(ctx, duration)
	if err != nil {
		return r, err
	}
	after, err := cpuTime(pid)
	r.Deliveries = g.delivered - warm
	r.Lost = int64(first+messages)*int64(l.connections) - int64(g.delivered)
	r.CPU = (after - before).Seconds() / float64(r.Deliveries) * 1e6
	r.P50, r.P99 = millis(g.took, 0.5), millis(g.took, 0.99)
	return r, err
}

func millis(all []time.Duration, quantile float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	slices.Sort(all)
	return float64(all[int(quantile*float64(len(all)-1))]) / float64(time.Millisecond)
}

func (g *generator) close() {
	for _, c := range g.connections {
		unix.Close(c.fd)
	}
	unix.Close(g.poll)
}

// open has all connections in the room. It returns what a handshake takes of the server, in µs of CPU.
func (g *generator) open(ctx context.Context, pid int, address string) (micros float64, err error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, err
	}
	before, err := cpuTime(pid)
	if err != nil {
		return 0, err
	}
	for len(g.connections) < g.load.connections {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		all, err := dial(to, g.dialect, min(atOnce, g.load.connections-len(g.connections)))
		g.connections = append(g.connections, all...)
		if err != nil {
			return 0, err
		}
	}
	after, err := cpuTime(pid)
	if err != nil {
		return 0, err
	}
	every := max(1, len(g.connections)/sampled)
	for i, c := range g.connections {
		if err := c.enter(g.dialect, i); err != nil {
			return 0, err
		}
		if i < g.load.publishers {
			c.publisher = i
		}
		c.looked = c.publisher >= 0 || i%every == 0
		if err := unix.SetNonblock(c.fd, true); err != nil {
			return 0, err
		}
		if err := unix.EpollCtl(g.poll, unix.EPOLL_CTL_ADD, c.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			return 0, err
		}
	}
	g.sent, g.underWay, g.sentAt = make([]int, g.load.publishers), make([]int, g.load.publishers), make([][]time.Time, g.load.publishers)
	return float64((after - before).Microseconds()) / float64(len(g.connections)), nil
}

// talk has the publishers speak for a time, and waits until all has come. It returns how many messages were sent.
func (g *generator) talk(ctx context.Context, duration time.Duration) (messages int, err error) {
	start := time.Now()
	already := g.delivered
	for {
		now := time.Now()
		if speaks := now.Sub(start) < duration && ctx.Err() == nil; speaks {
			n, err := g.speak(start, now, messages)
			if messages += n; err != nil {
				return messages, err
			}
		} else if g.delivered-already >= uint64(messages)*uint64(len(g.connections)) || now.Sub(start) > duration+stragglers {
			return messages, ctx.Err()
		}
		if _, err := g.listen(); err != nil {
			return messages, err
		}
	}
}

// speak sends what is due. It returns how many messages these are.
func (g *generator) speak(start, now time.Time, messages int) (n int, err error) {
	if g.load.rate > 0 {
		for {
			due := start.Add(time.Duration(messages+n) * time.Second / time.Duration(g.load.rate))
			if due.After(now) {
				return n, nil
			}
			if sent, err := g.send((messages+n)%g.load.publishers, due); err != nil || !sent {
				return n, err
			}
			n++
		}
	}
	for p := range g.load.publishers {
		for g.underWay[p] < g.load.outstanding {
			sent, err := g.send(p, time.Now())
			if err != nil {
				return n, err
			}
			if !sent {
				break
			}
			n++
		}
	}
	return n, nil
}

// send reports whether the kernel took a message, which counts from at.
func (g *generator) send(publisher int, at time.Time) (bool, error) {
	text := fmt.Sprintf("%c%d%0*d", mark, publisher, digits, g.sent[publisher])
	text += strings.Repeat("x", textBytes-len(text))
	b := frame(g.dialect, g.dialect.publish(g.sent[publisher], text))
	n, err := unix.Write(g.connections[publisher].fd, b)
	if errors.Is(err, unix.EAGAIN) {
		return false, nil
	}
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return false, fmt.Errorf("send: %w", err)
	}
	g.sent[publisher]++
	g.underWay[publisher]++
	g.sentAt[publisher] = append(g.sentAt[publisher], at)
	return true, nil
}

// drain reads all that has come. It fails if the server has ended a connection.
func (g *generator) drain() error {
	for {
		if n, err := g.listen(); n == 0 || err != nil {
			return err
		}
	}
}

// listen reads of what has come, without waiting. It returns of how many connections.
func (g *generator) listen() (from int, err error) {
	var events [256]unix.EpollEvent
	from, err = unix.EpollWait(g.poll, events[:], 0)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return 0, err
	}
	for _, e := range events[:max(0, from)] {
		c := g.connections[e.Fd]
		n, err := unix.Read(c.fd, g.buffer)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err != nil {
			return from, fmt.Errorf("the server ended a connection: %w", err)
		}
		g.delivered += uint64(bytes.Count(g.buffer[:n], []byte{mark}))
		if c.looked {
			if err := g.look(c, g.buffer[:n]); err != nil {
				return from, err
			}
		}
	}
	return from, nil
}

// look times the deliveries in what a connection has read.
func (g *generator) look(c *connection, read []byte) error {
	now := time.Now()
	data := append(c.tail, read...)
	for {
		i := bytes.IndexByte(data, mark)
		if i < 0 {
			c.tail = c.tail[:0]
			return nil
		}
		if data = data[i:]; len(data) < token {
			c.tail = append([]byte(nil), data...)
			return nil
		}
		publisher := int(data[1] - '0')
		number, err := strconv.Atoi(string(data[2:token]))
		if err != nil || publisher < 0 || publisher >= len(g.sentAt) || number >= len(g.sentAt[publisher]) {
			return fmt.Errorf("a mark that was not sent: %q", data[:token])
		}
		g.took = append(g.took, now.Sub(g.sentAt[publisher][number]))
		if c.publisher == publisher {
			g.underWay[publisher]--
		}
		data = data[token:]
	}
}
