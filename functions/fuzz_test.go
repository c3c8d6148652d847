package functions

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzEvent: of whatever a function is given comes an event or an error. Of what a client can decide in an event, body
// and headers, nothing reaches another field: a message is its bytes, and never an invocation of ours.
func FuzzEvent(f *testing.F) {
	events := map[string][]byte{}
	for name, kind := range map[string]string{"connect": "CONNECT", "message": "MESSAGE", "disconnect": "DISCONNECT"} {
		b, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		events[kind] = b
		f.Add(b, "")
	}
	f.Add([]byte(SweepEvent), SweepEvent)
	f.Fuzz(func(t *testing.T, payload []byte, said string) {
		for kind := range events {
			e, err := decode(payload, kind)
			if err != nil {
				continue
			}
			ours := e.Share != nil || e.Sweep != nil
			if ours == (e.Context.ConnectionID != "") || !ours && e.Context.EventType != kind || e.Share != nil && e.Sweep != nil {
				t.Fatalf("%s: %+v", kind, e)
			}
			if e.Sweep != nil && (kind != "MESSAGE" || e.Context != (eventContext{}) || e.Sweep.Slice < 0 || e.Sweep.Slice >= maxSlices) {
				t.Fatalf("%s: a sweep %+v of %+v", kind, e.Sweep, e)
			}
			e.frame()
			for _, item := range e.list("X-Forwarded-For") {
				if item == "" || strings.Contains(item, ",") || strings.TrimSpace(item) != item {
					t.Fatalf("item %q", item)
				}
			}
		}
		if !utf8.ValidString(said) {
			return // API Gateway closes with 1007
		}
		var event map[string]any
		if err := json.Unmarshal(events["MESSAGE"], &event); err != nil {
			t.Fatal(err)
		}
		event["body"], event["headers"] = said, map[string]string{"Origin": said, said: said}
		b, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		e, err := decode(b, "MESSAGE")
		if err != nil {
			t.Fatal(err)
		}
		if frame, err := e.frame(); err != nil || string(frame) != said || e.Share != nil || e.Sweep != nil || e.header("origin")[0] != said {
			t.Fatalf("said %q, read %q, %v, share %v, sweep %v", said, frame, err, e.Share, e.Sweep)
		}
	})
}
