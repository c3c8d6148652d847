package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"parley/client"
	"parley/protocol"
)

// A bot stays the same bot; somebody else does not get its name.
func TestIdentity(t *testing.T) {
	p := serve(t)
	file := client.IdentityFile(filepath.Join(t.TempDir(), "state", "bot.json"))
	first := dial(t, client.Options{URL: p.url(), Name: "robot", Identity: file})
	you := first.You()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := dial(t, client.Options{URL: p.url(), Name: "another name", Identity: file})
	if again.You() != you || you.Name != "robot" {
		t.Errorf("was %+v, is %+v", you, again.You())
	}
	if info, err := os.Stat(string(file)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	var taken *protocol.Error
	if c, err := client.Dial(t.Context(), client.Options{URL: p.url(), Name: "ROBOT"}); !errors.As(err, &taken) || taken.Code != protocol.NameTaken || taken.Suggestion == "" {
		t.Errorf("got %v, %v; want name_taken with a suggestion", c, err)
	}
	if c := dial(t, client.Options{URL: p.url(), Name: "ROBOT", AnyName: true}); c.You().Name != taken.Suggestion {
		t.Errorf("is called %q, want %q", c.You().Name, taken.Suggestion)
	}

	if err := again.Rename(t.Context(), "Robot L."); err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil { // which waits until it is kept
		t.Fatal(err)
	}
	if kept, err := file.Load(); err != nil || kept.Name != "Robot L." {
		t.Errorf("kept %q, %v", kept.Name, err)
	}

	nameless := client.IdentityFile(filepath.Join(t.TempDir(), "reader.json"))
	dial(t, client.Options{URL: p.url(), Identity: nameless})
	if _, err := os.Stat(string(nameless)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("who has no name is kept: %v", err)
	}
}

// A damaged file is told and left as it is; an outbox that was cut off in the
// middle of a line is not damaged.
func TestDamagedFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"", "{", "null", "[]", `{"session":7}`, `{"name":"x"}`, `{"session":" x","name":"y"}`, "\x00\x00"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var damaged *client.DamagedError
		if p, err := client.IdentityFile(name).Load(); !errors.As(err, &damaged) {
			t.Errorf("%q: %+v, %v", content, p, err)
		}
		if c, err := client.New(client.Options{URL: "http://127.0.0.1:1", Identity: client.IdentityFile(name)}); !errors.As(err, &damaged) {
			t.Errorf("New with %q: %v, %v", content, c, err)
		}
		if now, err := os.ReadFile(name); err != nil || string(now) != content {
			t.Errorf("%q became %q", content, now)
		}
	}
	for content, want := range map[string]int{
		"{\"add\":{\"id\":\"a\",\"room\":\"r\",\"text\":\"t\"}}\n{\"add\":{\"id\":\"b\",\"room\":\"r\",\"text\":\"t\"}}\n{\"remove\":\"a\"}\n": 1,
		"{\"add\":{\"id\":\"a\",\"room\":\"r\",\"text\":\"t\"}}\n{\"add\":{\"id\":\"b\",\"ro":                                                  1,
		"{\"add\":": 0,
		"x\n":       -1,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		items, err := client.NewOutboxFile(name).Load()
		if want < 0 != (err != nil) || err == nil && len(items) != want {
			t.Errorf("%q: %v, %v", content, items, err)
		}
	}
}

func TestDialRefuses(t *testing.T) {
	p := serve(t)
	for _, url := range []string{"", "chat", "ftp://127.0.0.1", "http://127.0.0.1:1", "ws://127.0.0.1:1/socket", p.url() + "/nope", "ws://" + p.address + "/nope"} {
		c, err := client.Dial(t.Context(), client.Options{URL: url})
		if err != nil {
			continue
		}
		if c.Close(); url != p.url()+"/nope" { // of a site only the host counts
			t.Errorf("connected to %q", url)
		}
	}
}
