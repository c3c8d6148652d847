package main

import (
	"testing"

	"github.com/go-json-experiment/json"

	"parley/protocol"
)

// Before each close that the gateway decides a client hears whether to come
// back, and when: not all at once.
func TestFarewell(t *testing.T) {
	for _, c := range []struct {
		close int
		code  protocol.Code
		back  bool
	}{
		{protocol.CloseRestarting, protocol.Restarting, true},
		{protocol.CloseSlowReader, protocol.SlowReader, true},
		{protocol.CloseTryLater, protocol.Unavailable, true},
		{protocol.CloseGoingAway, protocol.TimedOut, true},
		{protocol.ClosePolicy, protocol.TimedOut, true},
		{protocol.CloseTooBig, protocol.TooLarge, true},
		{protocol.CloseBinary, protocol.NotText, false},
		{protocol.CloseNotUTF8, protocol.NotText, false},
		{protocol.CloseProtocol, protocol.ProtocolError, false},
	} {
		after := map[int64]bool{}
		for range 50 {
			var e protocol.Error
			if err := json.Unmarshal(farewell(c.close), &e); err != nil {
				t.Fatal(err)
			}
			if e.Type != "error" || e.Code != c.code || (e.After > 0) != c.back {
				t.Fatalf("%d: got %+v", c.close, e)
			}
			after[e.After] = true
		}
		if c.back && c.close != protocol.CloseTooBig && len(after) < 10 {
			t.Errorf("%d: all are told to come back after %v ms", c.close, after)
		}
	}
}
