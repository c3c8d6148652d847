package bench

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"parley/protocol"
)

// TestNextFrame feeds frames of all lengths byte by byte.
func TestNextFrame(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 65535, 65536, 100_000} {
		payload := bytes.Repeat([]byte("x"), length)
		frame, err := ws.CompileFrame(ws.NewTextFrame(payload))
		if err != nil {
			t.Fatal(err)
		}
		for _, cut := range []int{0, 1, 2, 3, 5, len(frame) - 1} {
			if cut >= len(frame) {
				continue
			}
			if _, _, _, found, err := nextFrame(frame[:cut]); found || err != nil {
				t.Errorf("%d of %d bytes: found %v, %v", cut, len(frame), found, err)
			}
		}
		op, got, rest, found, err := nextFrame(append(frame, "more"...))
		if op != ws.OpText || !bytes.Equal(got, payload) || string(rest) != "more" || !found || err != nil {
			t.Errorf("%d bytes: %d bytes, rest %q, %v, %v", length, len(got), rest, found, err)
		}
	}
}

func TestNextFrameRefuses(t *testing.T) {
	for name, frame := range map[string][]byte{
		"a fragment":     {0x01, 1, 'x'},
		"a continuation": {0x80, 1, 'x'},
		"a masked frame": {0x81, 0x81, 0, 0, 0, 0, 'x'},
		"an exabyte":     {0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, _, _, _, err := nextFrame(frame); !errors.Is(err, errFragmented) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAppendFrame(t *testing.T) {
	for _, length := range []int{0, 125, 126, 65535, 65536} {
		payload := bytes.Repeat([]byte("y"), length)
		frame := bytes.NewBuffer(appendFrame(nil, ws.OpText, payload))
		header, err := ws.ReadHeader(frame)
		got := frame.Bytes()
		ws.Cipher(got, header.Mask, 0)
		if err != nil || !header.Masked || header.Length != int64(length) || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: %v %v", length, header, err)
		}
	}
}

// TestReadDelivery reads what the protocol's own encoder writes.
func TestReadDelivery(t *testing.T) {
	const stamp = 0x0123456789abcdef
	said := protocol.Said{
		Type: "message", Room: `"seq":9`, Seq: 1234567890, ID: "3-77", From: `a "seq":8 name`, Person: "p",
		Text: string(appendText(nil, stamp, 200)) + `"seq":5, "id":"3-5`, At: 1,
	}
	frame := protocol.Encode(said)
	if d, ok := readDelivery(frame); !ok || d.seq != said.Seq || d.stamp != stamp {
		t.Errorf("%+v %v of %s", d, ok, frame)
	}
	if n, own := numberAfter(frame, []byte(`"id":"3-`)); !own || n != 77 {
		t.Errorf("number %d %v of %s", n, own, frame)
	}
	for _, other := range []string{
		``, `{}`, `{"type":"presence","seq":1,"text":"0000000000000001"}`, `{"type":"message","seq":1}`,
		`{"type":"message","seq":1,"text":"0123"}`, `{"type":"message","text":"0000000000000001"}`, `{"type":"message","seq":1,"text":"what somebody else says here"}`,
	} {
		if d, ok := readDelivery([]byte(other)); ok {
			t.Errorf("%s is read as %+v", other, d)
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, size := range []int{stampBytes, 64, mostText} {
		if got := appendText(nil, 255, size); len(got) != size || !strings.HasPrefix(string(got), "00000000000000ff") {
			t.Errorf("%d bytes: %d, %.20q", size, len(got), got)
		}
	}
}

// BenchmarkTake is what a delivery costs the generator, reading apart.
func BenchmarkTake(b *testing.B) {
	c, s := &connection{in: true}, &shard{}
	seq := uint64(0)
	text := string(appendText(nil, 1, 64))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		all := []byte{}
		for range 32 {
			seq++
			payload := protocol.Encode(protocol.Said{Type: "message", Room: "r", Seq: seq, ID: "0-1", From: "alice", Person: "p", Text: text, At: 1})
			frame, err := ws.CompileFrame(ws.NewTextFrame(payload))
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, frame...)
		}
		b.StartTimer()
		if err := s.take(c, all); err != nil {
			b.Fatal(err)
		}
	}
	if s.deliveries != seq {
		b.Fatalf("%d of %d", s.deliveries, seq)
	}
}
