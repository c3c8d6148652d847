//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// multitude is many people in their rooms, each with a connection, a session and a
// position, who come back as our clients do.
type multitude struct {
	b       *testing.B
	host    string
	rooms   []*room
	members []*member
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	quiet   func()        // ends the talk
	door    chan struct{} // lets in so many at a time who come first: nobody has to wait long

	last              atomic.Uint32 // id of a message
	online, said      atomic.Int64
	dials, handshakes atomic.Int64
	lastError         atomic.Value // string

	mu    sync.Mutex
	first time.Time // handshake, since begin
	final time.Time
	took  []time.Duration // from dial to caught up
}

// room is what all in it have to agree on.
type room struct {
	name         string
	mu           sync.Mutex
	acknowledged map[uint32]uint64 // sequence by id
}

func (r *room) acknowledge(id uint32, seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acknowledged[id] = seq
}

func (c *multitude) nextID() uint32 { return c.last.Add(1) }

func (c *multitude) stop() {
	c.quiet()
	c.cancel()
	for _, m := range c.members {
		m.mu.Lock()
		if m.conn != nil {
			m.conn.Close()
		}
		m.mu.Unlock()
	}
	c.running.Wait()
}

func (c *multitude) caughtUp() bool {
	return !slices.ContainsFunc(c.members, func(m *member) bool { return !m.caughtUp.Load() })
}

func (c *multitude) pending() (n int) {
	for _, m := range c.members[:len(c.rooms)] {
		m.mu.Lock()
		if m.pending != 0 {
			n++
		}
		m.mu.Unlock()
	}
	return n
}

// talk has somebody in each room say something once in a second. Who has no
// connection, or no answer yet, is silent meanwhile.
func (c *multitude) talk(ctx context.Context) {
	each := time.NewTicker(time.Second / time.Duration(len(c.rooms)))
	defer each.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-each.C:
			c.members[i%len(c.rooms)].speak()
		}
	}
}

// begin counts handshakes and dials anew.
func (c *multitude) begin() {
	c.dials.Store(0)
	c.handshakes.Store(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.first, c.final, c.took = time.Time{}, time.Time{}, nil
}

// rush is how many handshakes there were since begin, and within what time.
func (c *multitude) rush() (int64, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handshakes.Load(), c.final.Sub(c.first)
}

func (c *multitude) shookHands() {
	c.handshakes.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.final = time.Now(); c.first.IsZero() {
		c.first = c.final
	}
}

// catchUp is how long it took so many of hundred from dial to caught up, or less.
func (c *multitude) catchUp(percent int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.took)
	return c.took[min(len(c.took)*percent/100, len(c.took)-1)]
}

// member is one of them.
type member struct {
	*multitude
	room     *room
	name     string
	session  string
	epoch    string
	seen     []uint32      // id by sequence - 1
	position atomic.Uint64 // len(seen)
	caughtUp atomic.Bool   // it has what was there when it came
	paged    uint64        // the position that pages brought it to: the first live messages may be in them, too

	letIn sync.Once // it has been there

	doubled, skipped int
	first            string // of these

	mu      sync.Mutex
	conn    *rawConnection
	pending uint32 // what it said and has no answer for; 0: nothing
	resent  uint32 // what it said again: that may come twice
}

// The back-off of client/live.go and wwwroot/sdk/connection.js: full jitter
// between 500 ms and a bound that doubles from 1 s to 30 s.
const (
	leastBackoff = 500 * time.Millisecond
	mostBackoff  = 30 * time.Second
	dialWithin   = 10 * time.Second // and then as long until the welcome
)

func (m *member) live() {
	select {
	case m.door <- struct{}{}:
	case <-m.ctx.Done():
	}
	for tries := 0; m.ctx.Err() == nil; tries++ {
		if err := m.sit(); m.ctx.Err() == nil {
			m.lastError.Store(err.Error())
		}
		bound := min(mostBackoff, 2*leastBackoff<<min(tries, 10))
		select {
		case <-m.ctx.Done():
		case <-time.After(leastBackoff + rand.N(bound-leastBackoff)):
		}
	}
}

// sit is one connection, from its dial to its end.
func (m *member) sit() error {
	dialed := time.Now()
	m.dials.Add(1)
	conn, err := tryRaw(m.b, m.host, "/socket", true)
	if err != nil {
		return err
	}
	m.shookHands()
	m.online.Add(1)
	defer m.online.Add(-1)
	defer m.caughtUp.Store(false)
	m.mu.Lock()
	m.conn = conn
	m.mu.Unlock()
	defer conn.Close()
	if m.ctx.Err() != nil {
		return m.ctx.Err()
	}
	conn.SetReadDeadline(time.Now().Add(dialWithin))
	if err := m.greet(); err != nil {
		return err
	}
	var early []talk // live messages before all pages have come
	for {
		e, err := m.hear()
		switch {
		case err != nil:
			return err
		case e.Type == "welcome":
			m.session = e.Session
			conn.SetReadDeadline(time.Time{})
		case e.Type == "error":
			return fmt.Errorf("%s was told %s", m.name, e.Code)
		case e.Type == "message" && !m.caughtUp.Load():
			early = append(early, e)
		case e.Type == "message":
			m.note(e.Seq, e.number())
		case e.Type == "joined" || e.Type == "history":
			if done, err := m.page(e); err != nil || !done {
				if err != nil {
					return err
				}
				continue
			}
			for _, e := range early {
				m.note(e.Seq, e.number())
			}
			m.arrived(time.Since(dialed))
		}
	}
}

func (m *member) greet() error {
	hello := map[string]any{"type": "hello", "name": m.name}
	if m.session != "" {
		hello["session"] = m.session
	}
	at := map[string]any{"room": m.room.name, "after": m.position.Load()}
	if m.epoch != "" {
		at["epoch"] = m.epoch
	}
	hello["rooms"] = []any{at}
	frame, err := json.Marshal(hello)
	if err != nil {
		return err
	}
	return m.conn.frame(opText, string(frame))
}

// page takes a page and asks for the next; done: there is none.
func (m *member) page(e talk) (done bool, err error) {
	if !e.Complete || m.epoch != "" && m.epoch != e.Epoch {
		return false, fmt.Errorf("%s cannot resume after %d", m.name, m.position.Load())
	}
	m.epoch = e.Epoch
	for _, item := range e.Messages {
		m.note(item.Seq, number(item.ID))
	}
	m.paged = m.position.Load()
	if e.More {
		return false, m.conn.frame(opText, fmt.Sprintf(`{"type":"history","room":"%s","after":%d,"limit":100}`, m.room.name, m.position.Load()))
	}
	return true, nil
}

// arrived tells that it is back, and says again what has no answer.
func (m *member) arrived(after time.Duration) {
	m.multitude.mu.Lock()
	m.took = append(m.took, after)
	m.multitude.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.caughtUp.Store(true)
	m.letIn.Do(func() { <-m.door })
	if m.pending != 0 {
		m.resent = m.pending
		m.conn.frame(opText, say(m.room.name, m.pending)) // an error shows where it is read
	}
}

func (m *member) speak() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.caughtUp.Load() && m.pending == 0 {
		m.pending = m.nextID()
		m.conn.frame(opText, say(m.room.name, m.pending))
	}
}

// note takes the next entry of the room.
func (m *member) note(seq uint64, id uint32) {
	m.mu.Lock()
	if id == m.pending {
		m.room.acknowledge(id, seq)
		m.said.Add(1)
		m.pending = 0
	}
	again := id == m.resent
	m.mu.Unlock()
	switch next := m.position.Load() + 1; {
	case seq == next:
		m.seen = append(m.seen, id)
		m.position.Store(next)
	case seq < next && (again || seq <= m.paged) && m.seen[seq-1] == id:
	case seq < next:
		m.doubled++
		m.first = fmt.Sprintf("%s got %d after %d", m.name, seq, next-1)
	default:
		m.skipped++
		m.first = fmt.Sprintf("%s got %d after %d", m.name, seq, next-1)
	}
}

// talk has the fields of welcome, joined, history, message and error that matter here.
type talk struct {
	Type, ID, Session, Epoch, Code string
	Seq                            uint64
	Complete, More                 bool
	Messages                       []struct {
		Seq uint64
		ID  string
	}
}

// buffers hold frames while they are read.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

func (m *member) hear() (e talk, err error) {
	length, err := m.conn.header()
	if err != nil {
		return e, err
	}
	buffer := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	if _, err := io.ReadFull(m.conn.r, buffer[:length]); err != nil {
		return e, err
	}
	if strings.HasPrefix(string(buffer[:min(length, 32)]), `{"type":"presence"`) {
		return e, nil // most of what comes while all come back; it is not read here
	}
	return e, json.Unmarshal(buffer[:length], &e)
}

func (e *talk) read(b *testing.B, text string) {
	if err := json.Unmarshal([]byte(text), e); err != nil {
		b.Fatalf("%v: %s", err, text)
	}
}

func say(room string, id uint32) string {
	return fmt.Sprintf(`{"type":"message","room":"%s","id":"m%d","text":"Shall we meet at noon, at the usual place?"}`, room, id)
}

func (e *talk) number() uint32 { return number(e.ID) }

// number is the number in the id of a message.
func number(id string) uint32 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(id, "m"), 10, 32)
	return uint32(n)
}
