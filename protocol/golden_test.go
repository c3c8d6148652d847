package protocol

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// golden reads the frames of a folder of testdata by their names.
func golden(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden frames in %s: %v", folder, err)
	}
	frames := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frames[strings.TrimSuffix(filepath.Base(file), ".json")] = []byte(strings.TrimSpace(string(b)))
	}
	return frames
}

func seq(n uint64) *uint64 { return &n }

func TestGoldenActions(t *testing.T) {
	want := map[string]Action{
		"message-sample":  &Message{Room: "general", From: "<username>", Text: "<message>"},
		"message":         &Message{ID: "c1-7", Room: "design", Text: "Shall we?\nI think so. 👍"},
		"edit":            &Edit{ID: "c1-8", Room: "design", Target: 42, Text: "Shall we meet?"},
		"edit-general":    &Edit{Room: "general", Target: 1, Text: "better"},
		"delete":          &Delete{ID: "c1-9", Room: "design", Target: 42},
		"hello":           &Hello{ID: "h1"},
		"hello-again":     &Hello{ID: "h1", Name: "Ada", Session: "AAECAwQFBgcICQoLDA0ODw", Rooms: []Position{{Room: "general", Epoch: "k3v9q2", After: seq(41)}, {Room: "design"}}},
		"hello-link":      &Hello{ID: "h1", Link: "EBESExQVFhcYGRobHB0eHw"},
		"join":            &Join{ID: "j1", Position: Position{Room: "design"}},
		"join-after":      &Join{ID: "j2", Position: Position{Room: "design", Epoch: "k3v9q2", After: seq(0)}},
		"leave":           &Leave{ID: "l1", Room: "design"},
		"rename":          &Rename{ID: "r1", Name: "Ada L."},
		"history":         &ReadHistory{ID: "p1", Room: "general", Before: seq(42), Limit: 40},
		"history-after":   &ReadHistory{ID: "p2", Room: "general", After: seq(42), Limit: 40},
		"typing":          &Typing{Room: "general"},
		"rooms":           &ListRooms{ID: "q1"},
		"mute":            &Mute{ID: "m1", Room: "design", Person: "bcdefghijk234567", Until: seq(1795374000000), Reason: "Too loud"},
		"mute-everywhere": &Mute{ID: "m2", Person: "bcdefghijk234567"},
		"unmute":          &Mute{ID: "m3", Room: "design", Person: "bcdefghijk234567", Until: seq(0)},
		"ban":             &Ban{ID: "m4", Person: "bcdefghijk234567", Reason: "Spam", Address: true},
		"kick":            &Kick{ID: "m5", Person: "bcdefghijk234567", Reason: "Calm down"},
		"purge":           &Purge{ID: "m6", Room: "design", Person: "bcdefghijk234567"},
		"lock":            &Lock{ID: "m7", Room: "design", Until: seq(1795374000000), Reason: "Back after lunch"},
		"slow":            &Slow{ID: "m8", Room: "design", Every: 30000},
		"invited":         &Invited{ID: "m9", Room: "design", On: true},
		"invite":          &Invite{ID: "m10", Room: "design", Until: seq(1795456800000), Uses: 20},
		"revoke":          &Revoke{ID: "m11", Key: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		"appoint":         &Appoint{ID: "m12", Person: "bcdefghijk234567", Role: RoleModerator},
		"creation":        &Creation{ID: "m13", Role: RoleModerator},
		"retain":          &Retain{ID: "m14", Room: "design", Days: 30},
		"retain-default":  &Retain{ID: "m21", Room: "design", Default: true},
		"erase":           &Erase{ID: "m15"},
		"erase-person":    &Erase{ID: "m16", Person: "bcdefghijk234567"},
		"sign_out":        &SignOut{ID: "m17"},
		"link":            &UseLink{ID: "m18", Link: "EBESExQVFhcYGRobHB0eHw"},
		"moderation":      &ListModeration{ID: "m19", Room: "design"},
		"audit":           &ReadAudit{ID: "m20", Before: 101, Limit: 100},
		"ping":            &Ping{ID: "g1"},
		"ping-rooms":      &Ping{ID: "g2", Rooms: []Position{{Room: "general", Epoch: "k3v9q2", After: seq(42)}}},
	}
	frames := golden(t, "actions")
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeAction(frame)
			if err != nil {
				t.Fatalf("%s: %v", frame, err)
			}
			if !reflect.DeepEqual(got, want[name]) {
				t.Errorf("%s\ngot  %#v\nwant %#v", frame, got, want[name])
			}
		})
	}
	if len(frames) != len(want) {
		t.Errorf("%d golden actions, %d expected", len(frames), len(want))
	}
}

// Each golden event, read into its type and written again, is the same bytes:
// so types, field names, their order and what is left out are all as specified.
func TestGoldenEvents(t *testing.T) {
	types := map[string]func() any{
		"welcome": func() any { return new(Welcome) }, "joined": func() any { return new(Joined) },
		"history": func() any { return new(History) }, "message": func() any { return new(Said) },
		"edit": func() any { return new(Edited) }, "delete": func() any { return new(Deleted) },
		"left": func() any { return new(Left) }, "presence": func() any { return new(Presence) },
		"typing": func() any { return new(SomebodyTypes) }, "renamed": func() any { return new(Renamed) },
		"rooms": func() any { return new(Rooms) }, "pong": func() any { return new(Pong) },
		"moderated": func() any { return new(Moderated) }, "moderation": func() any { return new(Moderation) },
		"audit": func() any { return new(Audit) }, "invitation": func() any { return new(Invitation) },
		"session": func() any { return new(Session) }, "erased": func() any { return new(Erased) },
		"notice": func() any { return new(Notice) }, "error": func() any { return new(Error) },
	}
	seen := map[string]bool{}
	for name, frame := range golden(t, "events") {
		t.Run(name, func(t *testing.T) {
			var head struct {
				Type string `json:"type"`
			}
			if err := json.Unmarshal(frame, &head); err != nil {
				t.Fatal(err)
			}
			make := types[head.Type]
			if make == nil {
				t.Fatalf("no type for %s", head.Type)
			}
			seen[head.Type] = true
			event := make()
			if err := json.Unmarshal(frame, event, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("%s: %v", frame, err)
			}
			if got := Encode(event); string(got) != string(frame) {
				t.Errorf("got  %s\nwant %s", got, frame)
			}
			if len(frame) > MaxFrameBytes {
				t.Errorf("%d bytes", len(frame))
			}
			for _, p := range persons(event) {
				if p.Color != Hue(p.ID) {
					t.Errorf("color of %s is %d, want %d", p.ID, p.Color, Hue(p.ID))
				}
			}
		})
	}
	for name := range types {
		if !seen[name] {
			t.Errorf("no golden frame of type %s", name)
		}
	}
}

func persons(event any) []Person {
	switch e := event.(type) {
	case *Welcome:
		return []Person{e.You.Person}
	case *Session:
		return []Person{e.You.Person}
	case *Joined:
		return e.People
	case *Presence:
		return append(e.Joined, e.Left...)
	}
	return nil
}

func TestRefused(t *testing.T) {
	b, err := os.ReadFile("testdata/refused.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Why   string `json:"why"`
		Frame string `json:"frame"`
		Code  Code   `json:"code"`
		ID    string `json:"id"`
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Why, func(t *testing.T) {
			a, err := DecodeAction([]byte(c.Frame))
			if err == nil {
				t.Fatalf("%.200s was taken: %#v", c.Frame, a)
			}
			if err.Code != c.Code || err.ID != c.ID {
				t.Errorf("%.200s: got %s (id %q), want %s (id %q)", c.Frame, err, err.ID, c.Code, c.ID)
			}
			if err.Message == "" || err.Type != "error" {
				t.Errorf("not an event: %+v", err)
			}
		})
	}
}

func goldenFrame(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "actions", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSpace(string(b)))
}
