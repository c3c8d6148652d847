package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// do runs the program with a subcommand, on the data of another that runs.
func (p *program) do(args ...string) (string, error) {
	out, err := exec.Command(parley(p.t), append(args, "--data", p.data)...).CombinedOutput()
	return string(out), err
}

// sayMany says so many messages that have a text in them.
func sayMany(c *connection, n int, text string) {
	const window = 200 // unread, far from being too slow a reader
	for said := 0; said < n; said += window {
		for i := range min(window, n-said) {
			c.send(map[string]any{"type": "message", "id": fmt.Sprint("client-id-", said+i), "text": fmt.Sprint(text, " ", said+i)})
		}
		for range min(window, n-said) {
			if e := c.next("message", "error"); e.Type != "message" {
				c.t.Fatal(e.raw)
			}
		}
	}
}

// TestErasedIsGone looks for a person in all files of the data directory after it
// was erased: while the program runs, and when the erasure was cut short by a
// crash and the next start has finished it.
func TestErasedIsGone(t *testing.T) {
	t.Parallel()
	const name, secret = "Mallory Quickfoot", "correct horse battery staple"
	traces := []string{name, "malloryqu", "ma11oryqu", secret, "127.0.0.1"}
	left := func(p *program) (found []string) {
		for _, of := range traces {
			for _, file := range filesWith(t, p.data, of) {
				if file != "parley.office" { // where commands go, no person's
					found = append(found, fmt.Sprintf("%q in %s", of, file))
				}
			}
		}
		return found
	}
	setUp := func(t *testing.T, n int) *program {
		p := start(t, "--management", "127.0.0.1:0")
		other := enter(t, p, "Ada")
		other.send(map[string]any{"type": "message", "id": "kept", "text": "what stays"})
		other.next("message")
		sayMany(enter(t, p, name), n, secret)
		if len(left(p)) < 3 {
			t.Fatalf("there was never anything to find: %v", left(p))
		}
		return p
	}
	goneWithin := func(t *testing.T, p *program, patience time.Duration) {
		t.Helper()
		for end := time.Now().Add(patience); len(left(p)) > 0; time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("left: %v", left(p))
			}
		}
		if len(filesWith(t, p.data, "what stays")) == 0 {
			t.Error("what others said went, too")
		}
	}

	t.Run("while it runs", func(t *testing.T) {
		t.Parallel()
		p := setUp(t, 500)
		out, err := p.do("erase", "--name", name)
		if err != nil || !strings.Contains(out, "who had said 500 messages") {
			t.Fatalf("%v: %s", err, out)
		}
		goneWithin(t, p, time.Minute)
		c := enter(t, p, "Grace")
		for before := 502; before > 1; before -= 100 {
			c.send(map[string]any{"type": "history", "room": "general", "before": before, "limit": 100})
			if e := c.next("history", "error"); e.Type != "history" || strings.Contains(e.raw, name) || strings.Contains(e.raw, secret) {
				t.Errorf("in the history: %.300s", e.raw)
			}
		}
	})
	t.Run("over a crash", func(t *testing.T) {
		t.Parallel()
		p := setUp(t, 4000)
		done := make(chan string, 1)
		go func() {
			out, _ := p.do("erase", "--name", name)
			done <- out
		}()
		watch := enter(t, p, "Grace")
		if e := watch.next("delete"); e.Type != "delete" { // it is under way
			t.Fatal(e.raw)
		}
		p.kill()
		if out := <-done; strings.Contains(out, "erased ") {
			t.Fatalf("it was done before it was killed: %s", out)
		}
		if len(left(p)) == 0 {
			t.Fatal("nothing was left to be finished")
		}
		p = p.again()
		goneWithin(t, p, time.Minute)
		out, err := p.do("audit")
		if err != nil || !strings.Contains(out, "erase  erased person") {
			t.Errorf("the audit log: %v: %s", err, out)
		}
	})
}
