package gateway

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// FuzzFrameReader feeds any bytes, whole and in pieces: the same events have to come of both, nothing above the limit,
// nothing that is not UTF-8, and nothing but a close or a violation is the last.
func FuzzFrameReader(f *testing.F) {
	f.Add([]byte{}, uint8(1))
	f.Add(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("hello")))), uint8(1))
	const limit = 300
	f.Fuzz(func(t *testing.T, sent []byte, piece uint8) {
		whole := readAll(t, limit, sent, len(sent)+1)
		pieces := readAll(t, limit, sent, int(piece)+1)
		if whole != pieces {
			t.Fatalf("whole: %s\nin pieces of %d: %s", whole, int(piece)+1, pieces)
		}
	})
}

func readAll(t *testing.T, limit int, sent []byte, piece int) (told string) {
	r := frameReader{limit: limit}
	for _, part := range cut(bytes.Clone(sent), piece) {
		for {
			var e event
			part, e = r.next(part)
			if e.kind == eventNone {
				if len(part) > 0 {
					t.Fatalf("%d bytes left over", len(part))
				}
				break
			}
			told += fmt.Sprintf("%d %d %q %q\n", e.kind, e.code, e.reason, e.payload)
			switch {
			case e.kind == eventText && (len(e.payload) > limit || !utf8.Valid(e.payload)):
				t.Fatalf("text of %d bytes, limit %d, UTF-8: %t", len(e.payload), limit, utf8.Valid(e.payload))
			case e.kind == eventPing && len(e.payload) > 125:
				t.Fatalf("ping of %d bytes", len(e.payload))
			case e.kind == eventViolation && !validCloseCode(e.code):
				t.Fatalf("violation %d", e.code)
			case e.kind == eventClose || e.kind == eventViolation:
				return told
			}
		}
		if len(r.message) > limit || len(r.control) > 125 {
			t.Fatalf("holds %d bytes of a message, %d of a control frame", len(r.message), len(r.control))
		}
	}
	return told
}

func cut(b []byte, piece int) (parts [][]byte) {
	for len(b) > 0 {
		n := min(piece, len(b))
		parts, b = append(parts, b[:n]), b[n:]
	}
	return parts
}

// TestFrameReaderHoldsNothing after whole messages: an idle connection must cost no buffer.
func TestFrameReaderHoldsNothing(t *testing.T) {
	r := frameReader{limit: 1000}
	message := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(bytes.Repeat([]byte("x"), 900))))
	for _, part := range [][]byte{message[:1], message[1:7], message[7:500], message[500:]} {
		if r.idle() != (&part[0] == &message[0]) {
			t.Errorf("idle %t", r.idle())
		}
		r.next(part)
	}
	if !r.idle() || r.message != nil || r.control != nil {
		t.Errorf("idle %t, holds %d and %d bytes", r.idle(), cap(r.message), cap(r.control))
	}
}

// TestQueue takes and drops at random; what comes out must be whole frames in order, with control frames only between
// them, and no more than is counted.
func TestQueue(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		q, pushed, bytesOut := &queue{}, 0, []byte(nil)
		buffer := make([]byte, 20+r.IntN(2000))
		take := func() bool {
			borrow := func() []byte { return buffer }
			if r.IntN(2) == 0 {
				b := q.take(len(buffer), borrow)
				bytesOut = append(bytesOut, b...)
				return b != nil
			}
			b := q.peek(len(buffer), borrow)
			if len(b) == 0 {
				return false
			}
			n := 1 + r.IntN(len(b))
			bytesOut = append(bytesOut, b[:n]...)
			q.done(n)
			return true
		}
		for range 100 {
			switch r.IntN(12) {
			default:
				var texts [][]byte
				for range 1 + r.IntN(4) {
					texts = append(texts, fmt.Appendf(nil, "%d %s", pushed, bytes.Repeat([]byte("x"), r.IntN(300))))
					pushed++
				}
				q.push(encode(texts))
			case 0, 1, 2, 3:
				take()
			case 4:
				q.pong, q.ping = appendFrame(nil, ws.OpPong, []byte("p")), true
			case 5:
				q.drop()
				if begun := q.begun(); q.bytes != begun {
					t.Fatalf("seed %d: %d bytes after drop, %d of a frame begun", seed, q.bytes, begun)
				}
			}
		}
		for take() {
		}
		if q.bytes != 0 {
			t.Errorf("seed %d: %d bytes counted, none left", seed, q.bytes)
		}
		in, last := bytes.NewReader(bytesOut), -1
		for in.Len() > 0 {
			header, err := ws.ReadHeader(in)
			if err != nil || header.Length > int64(in.Len()) {
				t.Fatalf("seed %d: after message %d: %v, error %v", seed, last, header, err)
			}
			payload := make([]byte, header.Length)
			in.Read(payload)
			if header.OpCode.IsControl() {
				continue
			}
			var n int
			if _, err := fmt.Sscan(string(payload), &n); err != nil || n <= last {
				t.Fatalf("seed %d: message %.10q after %d, error %v", seed, payload, last, err)
			}
			last = n
		}
	}
}

func TestFrameEnd(t *testing.T) {
	var b []byte
	ends := []int{0}
	for _, n := range []int{0, 1, 125, 126, 1<<16 - 1, 1 << 16, 3} {
		b = appendFrame(b, ws.OpText, make([]byte, n))
		ends = append(ends, len(b))
	}
	for i := 1; i < len(ends); i++ {
		for offset := ends[i-1] + 1; offset <= ends[i]; offset += max(1, (ends[i]-ends[i-1])/100) {
			if got := frameEnd(b, offset); got != ends[i] {
				t.Fatalf("frameEnd(%d) = %d, want %d", offset, got, ends[i])
			}
		}
	}
}

func TestIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := newID()
		if !validID(id) || len(id) != 16 || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
	for _, id := range []string{"", "AAAA", "AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAB=", "AAAAAAA/AAAAAAA=", "AAAAAAAAAAAAAAA=\n", "AAAAAAAAAAAAAAAAAAA="} {
		if validID(id) {
			t.Errorf("%q is valid", id)
		}
	}
}
