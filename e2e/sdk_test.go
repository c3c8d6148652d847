package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
		bot := func() (stop func()) { return startBot(t, node, "sdk/echo.mjs", p.socket, "general", file) }
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
		const unsent = "this was not sent"
		leaveUnsent(t, file, p, unsent)
		for _, id := range []string{"2", "3"} {
			ada.send(map[string]any{"type": "message", "room": "general", "id": id, "text": "ping"})
			ada.next("message")
		}
		defer bot()()
		said := map[string]int{}
		for range 3 {
			e := answer()
			if said[e.Text]++; e.From != "echo" || e.Person != first.Person {
				t.Errorf("after the restart came %s, the first answer was %s", e.raw, first.raw)
			}
		}
		if said["pong, Ada"] != 2 || said[unsent] != 1 {
			t.Errorf("after the restart it said %v, want two answers and what it had not sent", said)
		}
		if all := history(t, p, "general"); len(all) != 7 {
			t.Errorf("%d messages are stored, want 3 questions, 3 answers and what was not sent", len(all))
		}
	})
}

// leaveUnsent puts what the bot could not send any more into what it keeps, as
// sdk/session.js does.
func leaveUnsent(t *testing.T, file string, p *program, text string) {
	t.Helper()
	kept := map[string]string{}
	was, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(was, &kept)
	}
	if err != nil {
		t.Fatal(err)
	}
	kept["parley.unsent"+strings.TrimSuffix(p.socket, "/socket")+" page general"] = `[{"id":"unsent","kind":"message","target":0,"text":"` + text + `","at":1,"person":"","drops":0}]`
	now, err := json.Marshal(kept)
	if err == nil {
		err = os.WriteFile(file, now, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// startBot starts a program of Node.js, and returns when it has said that it is
// here. One that does not is asked what it waits for before it is killed.
func startBot(t *testing.T, node string, arguments ...string) (stop func()) {
	t.Helper()
	run := exec.Command(node, append([]string{"--report-on-signal", "--report-signal=SIGINT", "--report-filename=stderr"}, arguments...)...)
	var complaints bytes.Buffer
	run.Stderr = &complaints // not to be read before Wait has returned
	run.WaitDelay = time.Second
	says, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() {
		run.Process.Signal(os.Interrupt) // --report-on-signal, in vain on Windows
		time.Sleep(3 * time.Second)
		run.Process.Kill()
	})
	lines := bufio.NewScanner(says)
	for lines.Scan() {
		if lines.Text() == "here I am: echo in general" {
			return func() {
				late.Stop()
				run.Process.Signal(syscall.SIGTERM)
				if err := run.Wait(); err != nil {
					t.Errorf("%s: %v\n%s", arguments[0], err, complaints.Bytes())
				}
			}
		}
	}
	ended := run.Wait()
	late.Stop()
	t.Fatalf("%s did not say that it is here, and ended with %v\n%s", arguments[0], ended, waitsFor(complaints.String()))
	return nil
}

// waitsFor leaves of Node.js' report the stack and what the event loop waits for:
// the rest, the environment among it, is nobody's business.
func waitsFor(complaints string) string {
	words, report, _ := strings.Cut(complaints, "\n{\n")
	var kept struct {
		JavaScriptStack any `json:"javascriptStack"`
		LibUV           any `json:"libuv"`
	}
	if json.Unmarshal([]byte("{"+report), &kept) != nil {
		return words
	}
	short, _ := json.MarshalIndent(kept, "", " ") // of what was JSON just now
	return words + "\n" + string(short)
}
