package e2e

import (
	"encoding/json"
	"fmt"
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
	inBothHomes(t, func(t *testing.T, p *program) {
		bystander := enter(t, p, "Grace")
		// try has the frames answered by new connections, each of which is refused
		// less often and more slowly than the limits of a deployed chat allow.
		try := func(t *testing.T, come func(n int) *connection, types ...string) {
			var c *connection
			for n, bad := range cases {
				if n%20 == 0 {
					c = come(n)
				}
				c.send(bad.Frame)
				e := c.next(types...)
				if e.Type != "error" || e.Code != bad.Code || e.Retry || e.Message == "" {
					t.Errorf("%s: %.200s\ngot %s\nwant code %s", bad.Why, bad.Frame, e.raw, bad.Code)
				}
				if e.ID != bad.ID {
					t.Errorf("%s: %.200s\ngot %s\nwant id %q", bad.Why, bad.Frame, e.raw, bad.ID)
				}
			}
			c.send(map[string]any{"type": "ping", "id": "alive"})
			if e := c.next("pong", "error"); e.ID != "alive" {
				t.Errorf("the connection does not answer: %s", e.raw)
			}
		}
		answers := []string{"error", "message", "history", "joined", "rooms", "pong", "welcome"}
		t.Run("with the sub-protocol", func(t *testing.T) {
			try(t, func(n int) *connection { return enter(t, p, fmt.Sprintf("Ada %d", n)) }, answers...)
		})
		t.Run("with the sub-protocol, before hello", func(t *testing.T) {
			try(t, func(int) *connection { return connect(t, p, protocol.Subprotocol) }, "error", "message", "joined")
		})
		t.Run("plain", func(t *testing.T) {
			try(t, func(int) *connection { return connect(t, p) }, answers...)
		})

		bystander.send(map[string]any{"type": "message", "id": "first", "text": "still nothing"})
		if e := bystander.next("message", "error"); e.Seq != 1 || e.ID != "first" {
			t.Errorf("something was posted or stored before: %s", e.raw)
		}
	})
}
