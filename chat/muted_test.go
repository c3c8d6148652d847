package chat_test

import (
	"context"
	"testing"
	"time"

	"parley/protocol"

	"pgregory.net/rapid"
)

// TestNoWayAroundAMute: whatever moderators do and however the person comes and
// goes, a guest who is muted does not speak, and whoever is not muted does.
func TestNoWayAroundAMute(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := newOffice(t)
		here, everywhere := time.Time{}, time.Time{} // when the mutes end
		guest := true
		for range rapid.IntRange(1, 20).Draw(r, "acts") {
			o.now = o.now.Add(5 * time.Second) // so no rate is reached
			by := rapid.SampledFrom([]string{"mona", "olga"}).Draw(r, "by")
			switch act := rapid.SampledFrom([]string{"mute", "unmute", "appoint", "come back", "join", "slow", "wait"}).Draw(r, "act"); act {
			case "mute", "unmute":
				end, a := time.Time{}, map[string]any{"type": "mute", "person": o.id["gus"], "until": 0}
				if act == "mute" {
					end = o.now.Add(time.Minute)
					a["until"] = end.UnixMilli()
				}
				of := &everywhere
				if rapid.Bool().Draw(r, "in the room") {
					of, a["room"] = &here, "hall"
				}
				if o.do(by, a) == "moderated" {
					*of = end
				} else if guest || by == "olga" {
					r.Fatalf("%s may not %s", by, act)
				}
			case "appoint":
				role := rapid.SampledFrom([]string{protocol.RoleGuest, protocol.RoleModerator}).Draw(r, "role")
				o.do("olga", map[string]any{"type": "appoint", "person": o.id["gus"], "role": role})
				guest, o.session["gus"] = role == protocol.RoleGuest, o.last("gus", "session").str("session")
			case "come back":
				if err := o.OnDisconnect(context.Background(), "gus"); err != nil {
					r.Fatal(err)
				}
				o.connect("gus", protocol.Subprotocol)
				o.act("gus", map[string]any{"type": "hello", "session": o.session["gus"], "rooms": []any{map[string]any{"room": "hall"}}})
			case "join":
				o.act("gus", map[string]any{"type": "leave", "room": "hall"}, map[string]any{"type": "join", "room": "hall"})
			case "slow":
				o.do(by, map[string]any{"type": "slow", "room": "hall", "every": 1000})
			case "wait":
				o.now = o.now.Add(time.Minute)
			}
			want := "message"
			if guest && (o.now.Before(here) || o.now.Before(everywhere)) {
				want = "muted"
			}
			if got := o.says("gus"); got != want {
				r.Fatalf("gus speaks: %s, want %s", got, want)
			}
		}
	})
}
