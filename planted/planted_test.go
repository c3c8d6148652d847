package planted_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"parley/planted"
)

// What people run has none of it: neither this package's code nor the names of
// its bugs are in the programs. With the tag they are, so that this test can fail.
func TestNotInReleases(t *testing.T) {
	for _, program := range []string{".", "./functions/bootstrap"} {
		for tags, want := range map[string]bool{"": false, "planted": true} {
			binary := filepath.Join(t.TempDir(), "program")
			run(t, "build", "-tags", tags, "-o", binary, program)
			if symbols := run(t, "tool", "nm", binary); bytes.Contains(symbols, []byte("parley/planted.")) != want {
				t.Errorf("%s with the tags %q: code of parley/planted in it: %v", program, tags, !want)
			}
			text, err := os.ReadFile(binary)
			if err != nil {
				t.Fatal(err)
			}
			named := 0
			for _, bug := range planted.Bugs() {
				if bytes.Contains(text, []byte(bug)) {
					named++
				}
			}
			if want != (named == len(planted.Bugs())) || !want && named > 0 {
				t.Errorf("%s with the tags %q has the names of %d bugs in it", program, tags, named)
			}
		}
	}
}

func run(t *testing.T, args ...string) []byte {
	t.Helper()
	command := exec.Command("go", args...)
	command.Dir = ".."
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", args, err, out)
	}
	return out
}
