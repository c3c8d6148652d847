package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/protocol"
)

// TestResumeOverCrash has somebody away while messages are edited and deleted
// and the program dies: the pages bring what it has to what is said now.
func TestResumeOverCrash(t *testing.T) {
	p := start(t)
	ada := enter(t, p, "Ada")
	ada.send(`{"type":"join","room":"design"}`)
	joined := ada.next("joined")
	say := func(id, text string) uint64 {
		t.Helper()
		ada.send(map[string]any{"type": "message", "room": "design", "id": id, "text": text})
		return ada.next("message", "error").Seq
	}
	change := func(action map[string]any) {
		t.Helper()
		action["room"] = "design"
		ada.send(action)
		if e := ada.next("edit", "delete", "error"); e.Type == "error" {
			t.Fatal(e.raw)
		}
	}
	for i := 1; i <= 4; i++ {
		say(fmt.Sprint(i), fmt.Sprint("text ", i))
	}
	change(map[string]any{"type": "edit", "id": "e1", "target": 1, "text": "first edit"})
	change(map[string]any{"type": "delete", "id": "d2", "target": 2})
	p.kill()
	p = p.again()
	grace := connect(t, p, protocol.Subprotocol)
	grace.send(map[string]any{"type": "hello", "rooms": []any{map[string]any{"room": "design", "epoch": joined.Epoch, "after": 4}}})
	e := grace.next("joined")
	if !e.Complete || e.Epoch != joined.Epoch || len(e.Messages) != 0 || !strings.Contains(e.raw, `"text":"first edit"`) || !strings.Contains(e.raw, `{"type":"delete","seq":6,"target":2,"id":"d2"`) {
		t.Errorf("back from 4, over a crash: %s", e.raw)
	}
	grace.send(`{"type":"history","room":"design","before":5}`)
	e = grace.next("history")
	if len(e.Messages) != 4 || e.Messages[0].Text != "first edit" || e.Messages[0].Edited != 5 || !e.Messages[1].Deleted || e.Messages[1].Text != "" || e.Messages[2].Text != "text 3" {
		t.Errorf("as it is now: %s", e.raw)
	}
}

// TestRestoredFile puts an older data file back: who comes with a position of
// after it is told, whatever was said since.
func TestRestoredFile(t *testing.T) {
	p := start(t)
	say := func(id string) event {
		t.Helper()
		c := enter(t, p, "Ada "+id)
		c.send(map[string]any{"type": "message", "id": id, "text": id})
		return c.next("message", "error")
	}
	resume := func(epoch string, after uint64) event {
		t.Helper()
		c := connect(t, p, protocol.Subprotocol)
		c.send(map[string]any{"type": "hello", "rooms": []any{map[string]any{"room": "general", "epoch": epoch, "after": after}}})
		return c.next("joined")
	}
	say("one")
	p.terminate()
	file := filepath.Join(p.data, "parley.db")
	older, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p = p.again()
	last := say("two")
	epoch := resume("", last.Seq).Epoch
	if e := resume(epoch, 1); !e.Complete || e.Epoch != epoch {
		t.Errorf("before: %s", e.raw)
	}
	p.terminate()
	if err := os.WriteFile(file, older, 0o600); err != nil {
		t.Fatal(err)
	}
	p = p.again()
	say("another two") // its sequence was somebody else's
	if e := resume(epoch, last.Seq); e.Complete || e.Epoch == epoch || len(e.Messages) != 2 {
		t.Errorf("after an older file was put back: %s", e.raw)
	}
	if !strings.Contains(p.output.String(), "restored") {
		t.Error("the operator is not told")
	}
}
