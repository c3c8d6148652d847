package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/gobwas/ws"

	"parley/protocol"
)

// mostFrameBytes is what a frame of a server may have before it is taken for
// nonsense: a page of history is told in one, and has less than this.
const mostFrameBytes = 1 << 20

var errFragmented = errors.New("the server sent a message in fragments, or a frame that is too large")

// nextFrame cuts the first frame off what a server has sent. Without a whole
// one, found is false. The payload is a part of data.
func nextFrame(data []byte) (op ws.OpCode, payload, rest []byte, found bool, err error) {
	if len(data) < 2 {
		return 0, nil, data, false, nil
	}
	op = ws.OpCode(data[0] & 0x0f)
	length, head := int(data[1]&0x7f), 2
	switch length { // RFC 6455, section 5.2
	case 126:
		if head = 4; len(data) < head {
			return 0, nil, data, false, nil
		}
		length = int(binary.BigEndian.Uint16(data[2:]))
	case 127:
		if head = 10; len(data) < head {
			return 0, nil, data, false, nil
		}
		length = int(min(binary.BigEndian.Uint64(data[2:]), mostFrameBytes+1))
	}
	if data[0]&0x80 == 0 || op == ws.OpContinuation || data[1]&0x80 != 0 || length > mostFrameBytes {
		return 0, nil, data, false, errFragmented
	}
	if len(data) < head+length {
		return 0, nil, data, false, nil
	}
	return op, data[head : head+length], data[head+length:], true, nil
}

// appendFrame appends a frame as a client sends it. It is masked with zeros: the
// key keeps a page's script from choosing what stands on the wire (RFC 6455,
// section 10.3), and nothing here is anybody's page.
func appendFrame(b []byte, op ws.OpCode, payload []byte) []byte {
	b = append(b, 0x80|byte(op))
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

// stampBytes is the length of what a text begins with: when it was sent, in
// nanoseconds since the run began, as hexadecimal digits.
const stampBytes = 16

const filler = "Shall we meet at noon, at the usual place by the river? I will bring the bread. "

// appendText appends a text of size bytes.
func appendText(b []byte, stamp int64, size int) []byte {
	const digits = "0123456789abcdef"
	for shift := 4 * (stampBytes - 1); shift >= 0; shift -= 4 {
		b = append(b, digits[stamp>>shift&15])
	}
	for left := size - stampBytes; left > 0; {
		n := min(left, len(filler))
		b = append(b, filler[:n]...)
		left -= n
	}
	return b
}

// delivery is what is read of a message event.
type delivery struct {
	seq   uint64
	stamp int64 // of the text
}

var (
	messageStart = []byte(`{"type":"message"`)
	seqKey       = []byte(`"seq":`) // within a string its quotes would be escaped
	textKey      = []byte(`"text":"`)
)

// readDelivery reads a message event as far as it matters, without decoding it:
// this is done a million times a second. ok is false for anything else, and for
// a text that is none of ours.
func readDelivery(frame []byte) (d delivery, ok bool) {
	if !bytes.HasPrefix(frame, messageStart) {
		return d, false
	}
	if d.seq, ok = numberAfter(frame, seqKey); !ok {
		return d, false
	}
	at := bytes.Index(frame, textKey)
	if at < 0 || len(frame) < at+len(textKey)+stampBytes {
		return d, false
	}
	stamp, err := strconv.ParseInt(string(frame[at+len(textKey):][:stampBytes]), 16, 64)
	d.stamp = stamp
	return d, err == nil
}

// numberAfter reads the digits that follow a key.
func numberAfter(frame, key []byte) (n uint64, found bool) {
	at := bytes.Index(frame, key)
	if at < 0 {
		return 0, false
	}
	for _, c := range frame[at+len(key):] {
		if c < '0' || c > '9' {
			break
		}
		n, found = n*10+uint64(c-'0'), true
	}
	return n, found
}

// refusal is an error event as a Go error.
func refusal(e protocol.Error) error { return fmt.Errorf("the server says %s: %s", e.Code, e.Message) }
