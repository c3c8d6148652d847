package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// AWS promises no order between invocations, nor that $disconnect comes. The
// page's library ends in order all the same, and has everything once.
func TestLibraryUnderJitter(t *testing.T) {
	library(t, startStack(t, "--jitter", "50ms"))
}

// API Gateway ends a connection after silence, and at a certain age. The
// library comes back and resumes, those who talk and those who only listen.
func TestLibraryResumes(t *testing.T) {
	library(t, startStack(t, "--idle-timeout", "2s", "--max-age", "3s"), "PARLEY_MESSAGES=20", "PARLEY_EVERY=400", "PARLEY_ENDS=2")
}

// library has node run sdk/order.test.mjs.
func library(t *testing.T, p *program, environment ...string) {
	t.Helper()
	node := Need(t, "node")
	NodeModules(t)
	run := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", "--test-timeout=100000", "sdk/order.test.mjs")
	run.Env = append(append(os.Environ(), "PARLEY_SOCKET="+p.socket), environment...)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("sdk/order.test.mjs: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// The example of the library in Node.js is a bot that stays itself: it answers
// after a restart what was said while it was away, as the same person.
func TestLibraryExample(t *testing.T) {
	node := Need(t, "node")
	NodeModules(t)
	inBothHomes(t, func(t *testing.T, p *program) {
		file := filepath.Join(t.TempDir(), "echo.json")
		bot := func() (stop func()) {
			run := exec.Command(node, "sdk/echo.mjs", p.socket, "general", file)
			run.Stderr = os.Stderr
			says, err := run.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(time.Minute, func() { run.Process.Kill() })
			if line, err := bufio.NewReader(says).ReadString('\n'); line != "here I am: echo in general\n" {
				t.Fatalf("it says %q: %v", line, err)
			}
			return func() {
				late.Stop()
				run.Process.Signal(syscall.SIGTERM)
				if err := run.Wait(); err != nil {
					t.Errorf("echo.mjs: %v", err)
				}
			}
		}
		ada := enter(t, p, "Ada")
		answer := func() event {
			for {
				if e := ada.next("message"); e.From != "Ada" {
					return e
				}
			}
		}

		stop := bot()
		ada.send(`{"type":"message","room":"general","id":"1","text":"ping"}`)
		first := answer()
		stop()
		for _, id := range []string{"2", "3"} {
			ada.send(map[string]any{"type": "message", "room": "general", "id": id, "text": "ping"})
			ada.next("message")
		}
		defer bot()()
		for i := range 2 {
			if e := answer(); e.Text != "pong, Ada" || e.From != "echo" || e.Person != first.Person {
				t.Errorf("answer %d after the restart is %s, the first was %s", i+1, e.raw, first.raw)
			}
		}
		if all := history(t, p, "general"); len(all) != 6 {
			t.Errorf("%d messages are stored, want 3 questions and 3 answers", len(all))
		}
	})
}
