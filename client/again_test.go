package client_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/client"
	"parley/protocol"
)

// TestPlacesAreKept is about positions: none may lead to entries twice, or past some.
func TestPlacesAreKept(t *testing.T) {
	in(t, "a log that was replaced while the reader took nothing", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{Buffer: 2 << 10})
		w.says(40)
		time.Sleep(time.Minute)
		w.mu.Lock()
		w.epoch, w.log, w.claims = "e2", nil, map[string]uint64{}
		for range 3 {
			w.someoneSays()
		}
		w.mu.Unlock()
		w.cut()
		time.Sleep(time.Minute)
		e := next(t, r)
		for ; e.Epoch == "e1" && e.Kind == client.KindMessage; e = next(t, r) {
		}
		if e.Kind != client.KindGap || e.Seq != 0 || e.Epoch != "e2" {
			t.Fatalf("heard %+v, want a gap before the new log", e)
		}
		for want := uint64(1); want <= 3; want++ {
			if e := next(t, r); e.Seq != want || e.Epoch != "e2" {
				t.Errorf("heard %+v, want %d of e2", e, want)
			}
		}
		w.says(1)
		if e := next(t, r); e.Seq != 4 || e.Epoch != "e2" {
			t.Errorf("heard %+v, want 4 of e2", e)
		}
	})
	in(t, "Now, before the first entry was taken", func(t *testing.T, w *world) {
		w.says(9)
		_, r := come(t, w, client.Options{})
		w.says(1)
		time.Sleep(time.Second)
		if p := r.Position(); p != (client.Position{Epoch: "e1", Seq: 9}) {
			t.Errorf("at %+v, want 9", p)
		}
		next(t, r)
		if p := r.Position(); p.Seq != 10 {
			t.Errorf("at %+v, want 10", p)
		}
	})
}

func TestJoinAgain(t *testing.T) {
	joins := func(w *world, act func(*link, frame) bool) {
		w.instead(func(l *link, f frame) bool { return f["type"] == "join" && act(l, f) })
	}
	in(t, "what an earlier process left is sent when a join fails first", func(t *testing.T, w *world) {
		outbox := client.NewOutboxFile(filepath.Join(t.TempDir(), "outbox"))
		if err := outbox.Add(client.Item{ID: "left-1", Room: w.room, Text: "left over"}); err != nil {
			t.Fatal(err)
		}
		joins(w, func(*link, frame) bool { return true }) // no answer
		c := dial(t, client.Options{URL: "ws://world/socket", HTTP: w.client(), Name: "ada", Outbox: outbox})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Join(ctx, w.room, client.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		w.instead(nil)
		if e := next(t, join(t, c, w.room, client.Now())); e.Text != "left over" {
			t.Errorf("heard %+v", e)
		}
		if err := errors.Join(c.Close(), outbox.Close()); err != nil {
			t.Error(err)
		}
	})
	in(t, "one who gives up takes nobody along", func(t *testing.T, w *world) {
		joins(w, func(l *link, f frame) bool {
			time.AfterFunc(3*time.Second, func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.answer(l, f)
			})
			return true
		})
		c := dial(t, client.Options{URL: "ws://world/socket", HTTP: w.client(), Name: "ada"})
		patient := make(chan error, 1)
		go func() {
			_, err := c.Join(context.Background(), w.room, client.Now())
			patient <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Join(ctx, w.room, client.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the impatient one: %v", err)
		}
		if err := <-patient; err != nil {
			t.Errorf("the patient one: %v", err)
		}
	})
	in(t, "left while away, and joined again: it stays", func(t *testing.T, w *world) {
		c, r := come(t, w, client.Options{})
		left := false
		w.instead(func(l *link, f frame) bool {
			if f["type"] == "leave" {
				left, l.joined = true, false
			}
			return f["type"] == "leave"
		})
		w.cut()
		time.Sleep(10 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		err := r.Leave(ctx)
		r = join(t, c, w.room, client.Now())
		time.Sleep(time.Minute)
		if err != nil || left {
			t.Errorf("Leave: %v; a leave was sent over the connection that joined: %t", err, left)
		}
		w.says(1)
		if e := next(t, r); e.Seq != 1 {
			t.Errorf("heard %+v", e)
		}
	})
}

// What was sent when the server told to stay away may have been said: the error
// must not look like a refusal of it.
func TestStoppedWhileSending(t *testing.T) {
	in(t, "banned", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		w.instead(func(l *link, f frame) bool {
			if f["type"] == "message" {
				w.give(l, protocol.Errorf("banned", "You may not come back."))
				time.AfterFunc(time.Second, func() { l.ws.Close(protocol.CloseBanned, "") })
			}
			return f["type"] == "message"
		})
		sent, err := r.Post("sent")
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := r.Post("not sent")
		if err != nil {
			t.Fatal(err)
		}
		var refusal *protocol.Error
		if _, err := sent.Wait(t.Context()); !errors.Is(err, client.ErrUnanswered) || !errors.As(err, &refusal) {
			t.Errorf("what was sent: %v, want ErrUnanswered, and why", err)
		}
		if _, err := waiting.Wait(t.Context()); errors.Is(err, client.ErrUnanswered) || !errors.As(err, &refusal) {
			t.Errorf("what was not sent: %v, want the refusal alone", err)
		}
	})
}

// A server that has forgotten everybody is told the name that one has by now.
func TestNameOutlivesTheServersMemory(t *testing.T) {
	in(t, "renamed", func(t *testing.T, w *world) {
		c, _ := come(t, w, client.Options{})
		w.instead(func(l *link, f frame) bool {
			if f["type"] == "rename" {
				w.give(l, &protocol.Renamed{Type: "renamed", ID: f.text("id"), Person: l.person, From: "ada", To: f.text("name")})
			}
			return f["type"] == "rename"
		})
		if err := c.Rename(t.Context(), "grace"); err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		clear(w.people)
		w.mu.Unlock()
		w.cut()
		time.Sleep(time.Minute)
		if you := c.You(); you.Name != "grace" {
			t.Errorf("it came back as %q", you.Name)
		}
	})
}

// A disk that is full for a while must cost neither what was kept before nor
// what is kept after.
func TestOutboxOnAFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("needs root on Linux, to mount a small file system")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	name, ballast := filepath.Join(dir, "outbox"), filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	outbox, kept, refused := client.NewOutboxFile(name), []string{}, 0
	for _, id := range strings.Fields("a b c d e f g h i j k l") {
		err := outbox.Add(client.Item{ID: id, Room: "general", Text: strings.Repeat("x", 1000)})
		if err == nil {
			kept = append(kept, id)
			continue
		}
		refused++
		os.Remove(ballast)
	}
	if refused == 0 {
		t.Fatal("the disk was never full")
	}
	if err := outbox.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name) // the small disk has no space for a second one
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "outbox")
	if err := os.WriteFile(copied, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	items, err := client.NewOutboxFile(copied).Load()
	if err != nil || len(items) != len(kept) {
		t.Fatalf("%d refused: kept %q, loaded %d, %v", refused, kept, len(items), err)
	}
	for i := range items {
		if items[i].ID != kept[i] {
			t.Errorf("item %d is %q, want %q", i, items[i].ID, kept[i])
		}
	}
}
