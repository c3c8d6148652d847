package e2e

import (
	"os"
	"os/exec"
	"testing"
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
