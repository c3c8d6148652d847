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
	node, chromium := Need(t, "node"), Need(t, "chromium")
	NodeModules(t)
	environment := append(os.Environ(), "PARLEY_BINARY="+parley(t), "PARLEY_CHROMIUM="+chromium)
	if os.Getenv("PARLEY_SCREENSHOTS") != "" {
		folder, err := filepath.Abs("screenshots")
		if err != nil {
			t.Fatal(err)
		}
		environment = append(environment, "PARLEY_SCREENSHOTS="+folder)
	}
	files, err := filepath.Glob("browser/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no browser tests: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.mjs"), func(t *testing.T) {
			run := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", "--test-timeout=240000", file)
			run.Env = environment
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", file, err, out)
			}
			t.Logf("%s", out)
		})
	}
}
