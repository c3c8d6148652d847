package protocol

import (
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzDecodeAction: whatever comes in, an action or an error comes out, the
// error is an event that fits a frame, and what was taken keeps its promises.
func FuzzDecodeAction(f *testing.F) {
	for _, file := range []string{"message-sample", "edit", "delete", "hello-again", "history", "ping-rooms"} {
		f.Add(goldenFrame(f, file))
	}
	f.Add([]byte(`{"type":"message","text":"\ud83d x \udead"}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		a, err := DecodeAction(frame)
		if (a == nil) == (err == nil) {
			t.Fatalf("%q: action %v, error %v", frame, a, err)
		}
		if err != nil {
			e := Encode(err)
			if len(e) > 2<<10 || !utf8.Valid(e) || !jsontext.Value(e).IsValid() {
				t.Fatalf("%q: error event %q", frame, e)
			}
			return
		}
		if m, ok := a.(*Message); ok {
			if CheckRoom(m.Room) != nil || m.Text == "" || utf8.RuneCountInString(m.Text) > MaxTextRunes {
				t.Fatalf("%q: %#v", frame, m)
			}
			said := Encode(&Said{Type: "message", Room: m.Room, Seq: MaxSequence, ID: m.ID, Text: m.Text, At: 1 << 53})
			if len(said) > MaxFrameBytes-1<<10 {
				t.Fatalf("an event of %d bytes", len(said))
			}
		}
	})
}
