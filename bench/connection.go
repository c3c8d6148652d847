package bench

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gobwas/ws"

	"parley/protocol"
)

// connection is one of many, so it holds little. What is read from it is taken
// in by the shard that it belongs to, one piece at a time.
type connection struct {
	wire io.Writer
	room int // index of its room

	// Only its shard touches these until reading has ended.
	rest    []byte // of a frame that has not come as a whole
	seen    tally  // sequences
	speaker *publisher
	entry   entry
	in      bool       // its room
	entered chan error // capacity 1: it is in, or why not
	end     error      // why it ended; nil: it did not

	sending sync.Mutex
	out     []byte // reused
}

// shard counts what comes on its connections. It is locked for each piece that
// is read, so that whoever asks gets counts that belong together.
type shard struct {
	mu      sync.Mutex
	began   time.Time
	latency histogram
	closing bool // an end is our own from now on
	counts
}

// counts only ever grow.
type counts struct {
	deliveries, bytes, reads uint64 // messages, what they had on the wire, and the reads they came with
	refused                  uint64 // error events
	ended                    uint64 // connections
	refusal                  error  // the first
}

func (c *counts) add(other counts) {
	c.deliveries += other.deliveries
	c.bytes += other.bytes
	c.reads += other.reads
	c.refused += other.refused
	c.ended += other.ended
	if c.refusal == nil {
		c.refusal = other.refusal
	}
}

// take takes in what was read from a connection. The clock is read once for all
// of it. An error means that the connection is of no more use.
func (s *shard) take(c *connection, data []byte) error {
	now := time.Since(s.began)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(c.rest) > 0 {
		c.rest = append(c.rest, data...)
		data = c.rest
	}
	s.reads++
	for {
		op, payload, rest, found, err := nextFrame(data)
		if err != nil {
			return err
		}
		if !found {
			break
		}
		data = rest
		if err := s.frame(c, op, payload, now); err != nil {
			return err
		}
	}
	if len(data) == 0 {
		c.rest = nil
	} else {
		c.rest = append(c.rest[:0:0], data...)
	}
	return nil
}

func (s *shard) frame(c *connection, op ws.OpCode, payload []byte, now time.Duration) error {
	switch op {
	case ws.OpPing:
		go c.send(ws.OpPong, append([]byte(nil), payload...)) // rare; a reader must not wait for its own server
		return nil
	case ws.OpClose:
		return closedBy(payload)
	case ws.OpPong:
		return nil
	}
	if !c.in {
		return s.enter(c, op, payload)
	}
	d, ok := readDelivery(payload)
	if !ok {
		s.other(c, payload)
		return nil
	}
	s.deliveries++
	s.bytes += uint64(len(payload))
	s.latency.add(now - time.Duration(d.stamp))
	c.seen.take(d.seq)
	if c.speaker != nil {
		c.speaker.heard(payload)
	}
	return nil
}

// enter is called for a frame that comes before a connection is in its room.
func (s *shard) enter(c *connection, op ws.OpCode, payload []byte) error {
	in, err := c.entry.take(op, payload)
	if in {
		c.in, c.seen.high = true, c.entry.head
		c.entered <- nil
	}
	return err
}

func closedBy(payload []byte) error {
	code, reason := ws.ParseCloseFrameData(payload)
	return fmt.Errorf("the server closed with %d %q", code, reason)
}

// other is called for a frame that is no message of ours.
func (s *shard) other(c *connection, payload []byte) {
	var e protocol.Error
	if err := json.Unmarshal(payload, &e); err != nil {
		e = protocol.Error{Type: "error", Code: protocol.Malformed, Message: "what the server itself sent is no JSON object"}
	}
	if e.Type != "error" {
		return // presence and the like
	}
	s.refused++
	if s.refusal == nil {
		s.refusal = refusal(e)
	}
	if c.speaker != nil && e.ID != "" {
		c.speaker.refused()
	}
}

// end notes that nothing more will come.
func (s *shard) end(c *connection, err error) {
	if errors.Is(err, io.EOF) {
		err = errors.New("the server closed without a close frame")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing || c.end != nil:
	case !c.in:
		c.end = err
		c.entered <- err
	default:
		c.end = err
		s.ended++
	}
	if c.speaker != nil {
		c.speaker.gone()
	}
}

// send writes one frame, waiting while the server takes no more.
func (c *connection) send(op ws.OpCode, payload []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.out = appendFrame(c.out[:0], op, payload)
	_, err := c.wire.Write(c.out)
	return err
}
