package bench

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// publisher says messages on a connection of its own, and hears them come back:
// its own copy is the acknowledgement.
type publisher struct {
	conn   *connection
	began  time.Time
	head   []byte // of the action, up to the number in its id
	mark   []byte // of its own copies, up to the same number
	size   int    // bytes of a text
	sent   atomic.Uint64
	done   atomic.Uint64 // own copies and refusals
	quiet  atomic.Bool   // says no more
	ended  atomic.Bool   // hears no more either
	wake   chan struct{} // capacity 1
	copies tally         // numbers of own copies; of the connection's shard
	action []byte        // reused
}

func newPublisher(c *connection, began time.Time, number int, room string, size int) *publisher {
	mark := `"id":"` + strconv.Itoa(number) + `-`
	p := &publisher{
		conn: c, began: began, size: size, wake: make(chan struct{}, 1),
		head: []byte(`{"type":"message","room":"` + room + `",` + mark), mark: []byte(mark),
	}
	c.speaker = p
	return p
}

// heard is called with each message that comes to its connection.
func (p *publisher) heard(frame []byte) {
	n, own := numberAfter(frame, p.mark)
	if !own {
		return
	}
	if p.copies.take(n) {
		p.done.Add(1)
		p.nudge()
	}
}

// refused is called for an error that answers a message. A server that wants less
// is left alone: the run has failed, whatever else is said.
func (p *publisher) refused() { p.done.Add(1); p.quiet.Store(true); p.nudge() }

// gone is called when its connection has ended.
func (p *publisher) gone() { p.ended.Store(true); p.quiet.Store(true); p.nudge() }

func (p *publisher) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// keep keeps so many messages outstanding until ctx ends.
func (p *publisher) keep(ctx context.Context, outstanding int) {
	for ctx.Err() == nil && !p.quiet.Load() {
		if n := outstanding - int(p.sent.Load()-p.done.Load()); n > 0 {
			p.say(n, time.Since(p.began))
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
		}
	}
}

// say writes n messages, as of a time since the run began. Each one has a write
// of its own, as it has where different people speak.
func (p *publisher) say(n int, at time.Duration) {
	for range n {
		p.action = strconv.AppendUint(append(p.action[:0], p.head...), p.sent.Add(1), 10)
		p.action = append(p.action, `","text":"`...)
		p.action = appendText(p.action, int64(at), p.size)
		p.action = append(p.action, `"}`...)
		if err := p.conn.send(ws.OpText, p.action); err != nil {
			p.gone() // who reads learns why
			return
		}
	}
}

// pace says messages by the clock, the publishers in turn, until ctx ends. A
// message counts from when it should have been said, so that what comes late
// here does not look quick there.
func pace(ctx context.Context, publishers []*publisher, began time.Time, perSecond float64) {
	start := time.Since(began)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		due := start + time.Duration(float64(i)/perSecond*float64(time.Second))
		if wait := due - time.Since(began); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() != nil {
			return
		}
		if p := publishers[i%len(publishers)]; !p.quiet.Load() {
			p.say(1, due)
		}
	}
}
