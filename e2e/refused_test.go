package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"parley/protocol"
)

// Each bad frame is answered by its error, the connection stays, and nothing
// is stored or posted.
func TestRefused(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "protocol", "testdata", "refused.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Why, Frame, Code, ID string }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	p := start(t)
	bystander := enter(t, p, "Grace")
	try := func(t *testing.T, c *connection) {
		c.t = t
		for _, bad := range cases {
			c.send(bad.Frame)
			e := c.next("error", "message", "history", "joined", "rooms", "pong", "welcome")
			if e.Type != "error" || e.Code != bad.Code || e.ID != bad.ID || e.Retry || e.Message == "" {
				t.Errorf("%s: %.200s\ngot %s\nwant code %s, id %q", bad.Why, bad.Frame, e.raw, bad.Code, bad.ID)
			}
		}
		c.send(map[string]any{"type": "ping", "id": "alive"})
		if e := c.next("pong", "error"); e.ID != "alive" {
			t.Errorf("the connection does not answer: %s", e.raw)
		}
	}
	t.Run("with the sub-protocol", func(t *testing.T) { try(t, enter(t, p, "Ada")) })
	t.Run("with the sub-protocol, before hello", func(t *testing.T) {
		c := connect(t, p, protocol.Subprotocol)
		for _, bad := range cases {
			c.send(bad.Frame)
			if e := c.next("error", "message", "joined"); e.Type != "error" || e.Code != bad.Code {
				t.Errorf("%s: got %s, want code %s", bad.Why, e.raw, bad.Code)
			}
		}
	})
	t.Run("plain", func(t *testing.T) { try(t, connect(t, p)) })

	bystander.send(map[string]any{"type": "message", "id": "first", "text": "still nothing"})
	if e := bystander.next("message", "error"); e.Seq != 1 || e.ID != "first" {
		t.Errorf("something was posted or stored before: %s", e.raw)
	}
}
