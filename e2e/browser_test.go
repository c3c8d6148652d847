package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The flows of browser/*.test.mjs, each file by itself, in a real Chromium
// against the real program. PARLEY_SCREENSHOTS=1 keeps pictures of the states
// in e2e/screenshots, for people to look at.
func TestBrowser(t *testing.T) {
	files, err := filepath.Glob("browser/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no browser tests: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.mjs"), func(t *testing.T) {
			browse(t, file)
		})
	}
}

// Most of the same flows, unchanged, against the chat of Lambda functions, in
// one look each; and what only API Gateway does: it ends connections.
func TestBrowserFunctions(t *testing.T) {
	for _, flow := range []string{"talk", "sample", "outage", "unsent", "change", "moderation", "keeping", "functions/ends"} {
		t.Run(flow, func(t *testing.T) {
			browse(t, "browser/"+flow+".test.mjs",
				"PARLEY_LOOKS=desktop light", "PARLEY_FUNCTIONS="+bootstrap(t), "PARLEY_DYNAMODB_ENDPOINT="+DynamoDB(t))
		})
	}
}

// browse has node run a file of tests with Chromium.
func browse(t *testing.T, file string, environment ...string) {
	t.Helper()
	node, chromium := Need(t, "node"), Need(t, "chromium")
	NodeModules(t)
	run := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", "--test-timeout=240000", file)
	run.Env = append(os.Environ(), "PARLEY_BINARY="+parley(t), "PARLEY_CHROMIUM="+chromium)
	if os.Getenv("PARLEY_SCREENSHOTS") != "" {
		folder, err := filepath.Abs("screenshots")
		if err != nil {
			t.Fatal(err)
		}
		run.Env = append(run.Env, "PARLEY_SCREENSHOTS="+folder)
	}
	run.Env = append(run.Env, environment...)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", file, err, out)
	}
	t.Logf("%s", out)
}
