// Package e2e tests the whole program from outside: the built binary, a real
// browser, the tools that people have. This file helps every package's tests
// to find such a tool, or to say in one line what they left out.
package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// RequireVariable names the environment variable with the tools, separated by
// commas, whose absence fails a test instead of skipping it. CI sets it.
const RequireVariable = "PARLEY_TEST_REQUIRE"

// tools tells where each tool may be, and how to get it.
var tools = map[string]struct {
	names []string // the first that is found counts
	hint  string
}{
	"node":     {[]string{"node"}, "install Node.js 20 or newer"},
	"npm":      {[]string{"npm"}, "install Node.js 20 or newer, npm comes with it"},
	"chromium": {[]string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}, "install Chromium, on Debian: apt-get install chromium"},
	"make":     {[]string{"gmake", "make"}, "install GNU make"},
	"aws":      {[]string{"aws"}, "install the AWS command line interface"},
}

// Need returns the path of an outside tool. Where it is absent the test is
// skipped, or fails if PARLEY_TEST_REQUIRE names the tool.
func Need(t testing.TB, tool string) string {
	t.Helper()
	known, ok := tools[tool]
	if !ok {
		known.names = []string{tool}
		known.hint = "install " + tool
	}
	for _, name := range known.names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	absent(t, tool, tool+" is not installed", known.hint)
	return ""
}

// absent ends a test that cannot run here.
func absent(t testing.TB, tool, what, hint string) {
	t.Helper()
	required := strings.Split(os.Getenv(RequireVariable), ",")
	if slices.ContainsFunc(required, func(name string) bool { return strings.TrimSpace(name) == tool }) {
		t.Fatalf("%s, and %s requires it; to get it: %s", what, RequireVariable, hint)
	}
	t.Skipf("%s left out: %s; to run it: %s", t.Name(), what, hint)
}

// Root returns the folder of the repository: the nearest one above the test's
// own with a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("no go.mod above %s", here)
		}
	}
}
