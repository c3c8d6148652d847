package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesTests: what SECURITY.md and docs/asvs.md say is held by a
// test is held by one that exists.
func TestSecurityNamesTests(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	known := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		folder := filepath.ToSlash(filepath.Dir(path))
		if folder == "." {
			folder = "main"
		}
		for _, name := range declared.FindAllStringSubmatch(string(text), -1) {
			known[folder+"."+name[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"SECURITY.md", "docs/asvs.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile("`([a-z0-9/]+\\.(?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(text), -1)
		if len(named) < 20 {
			t.Errorf("%s names %d tests", file, len(named))
		}
		for _, n := range named {
			if !known[n[1]] {
				t.Errorf("%s names %s, which does not exist", file, n[1])
			}
		}
		for _, path := range regexp.MustCompile("`((?:e2e|testdata)/[\\w/.]+)`").FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(path[1]); err != nil && !regexp.MustCompile(`\.Test`).MatchString(path[1]) {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
