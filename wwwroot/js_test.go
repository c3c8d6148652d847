package wwwroot_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/e2e"
)

// What JavaScript and CSS may have, compressed, in bytes: what every page loads,
// and what it fetches only when it is asked for.
const (
	budget   = 60 << 10
	onDemand = 14_000
)

// served returns the front-end's files by their paths: what a browser may get.
func served(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name == "test" {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(name) {
		case ".js", ".css", ".html", ".svg":
			text, err := os.ReadFile(name)
			files[name] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files["index.html"] == "" {
		t.Fatal("no index.html")
	}
	return files
}

// The JavaScript's own tests.
func TestJavaScript(t *testing.T) {
	node := e2e.Need(t, "node")
	var files []string
	err := filepath.WalkDir("test", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".test.js") {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.test.js below wwwroot/test: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), node, append([]string{"--test"}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "# tests") || strings.HasPrefix(line, "ℹ tests") {
			t.Logf("%d files, %s", len(files), strings.TrimSpace(line))
		}
	}
}

// The types that the JavaScript's comments tell are those it uses.
func TestTypes(t *testing.T) {
	node := e2e.Need(t, "node")
	tsc := filepath.Join(e2e.NodeModules(t), "typescript", "bin", "tsc")
	out, err := exec.CommandContext(t.Context(), node, tsc, "--noEmit", "-p", "jsconfig.json").CombinedOutput()
	if err != nil {
		t.Fatalf("tsc --noEmit -p wwwroot/jsconfig.json: %v\n%s", err, out)
	}
}

// Text enters the page as text. What parses markup or code from a string stays
// out, so that nobody has to ask where a string came from.
func TestNoSinks(t *testing.T) {
	sinks := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|createContextualFragment|srcdoc|DOMParser|setHTML|\.cssText\b|javascript:`)
	for name, text := range served(t) {
		for i, line := range strings.Split(text, "\n") {
			if found := sinks.FindString(line); found != "" {
				t.Errorf("%s:%d has %s: %s", name, i+1, found, strings.TrimSpace(line))
			}
		}
	}
}

// The policy of the page forbids what stands inline.
func TestNothingInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:\s+type="?\w+"?)?\s*>|<style|\sstyle=|\son\w+=`)
	for name, text := range served(t) {
		if ext := path.Ext(name); ext != ".html" && ext != ".svg" {
			continue
		}
		if found := inline.FindString(text); found != "" {
			t.Errorf("%s has %q inline", name, found)
		}
	}
}

// The page asks nobody but its own host for anything.
func TestNoThirdParty(t *testing.T) {
	address := regexp.MustCompile(`(?:https?|wss?)://[\w\[][^\s'"` + "`" + `)]*`)
	remote := regexp.MustCompile(`(?:src|href)="//|url\(["']?//|@import\s+(?:url\()?["']?(?:https?:)?//`)
	for name, text := range served(t) {
		for i, line := range strings.Split(text, "\n") {
			for _, found := range address.FindAllString(line, -1) {
				if !strings.HasPrefix(found, "http://www.w3.org/") && !isComment(line) { // names of markup languages, never fetched
					t.Errorf("%s:%d names %s", name, i+1, found)
				}
			}
			if found := remote.FindString(line); found != "" {
				t.Errorf("%s:%d has %s", name, i+1, found)
			}
		}
	}
}

func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "*") || strings.HasPrefix(line, "/*")
}

// Each file that the page or a module names is there.
func TestFilesThatAreNamed(t *testing.T) {
	files := served(t)
	inPage := regexp.MustCompile(`(?:src|href)="(/[^"#]*)"`)
	page := inPage.FindAllStringSubmatch(files["index.html"], -1)
	if len(page) < 2 {
		t.Errorf("index.html names only %q", page)
	}
	for _, m := range page {
		if m[1] == "/config.json" {
			continue // the server's
		}
		if _, err := os.Stat("." + m[1]); err != nil {
			t.Errorf("index.html names %s: %v", m[1], err)
		}
	}
	for name, text := range files {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, target := range imported(text) {
			if !strings.HasPrefix(target, "./") && !strings.HasPrefix(target, "../") {
				t.Errorf("%s imports %q: only relative paths work without an import map", name, target)
			} else if _, err := os.Stat(path.Join(path.Dir(name), target)); err != nil {
				t.Errorf("%s imports %q: %v", name, target, err)
			}
		}
	}
}

var inModule = regexp.MustCompile(`(?m)^(?:import\s|export\s|\}).*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)`)

// imported returns what a module imports when it runs. An import('…') within a
// comment is a type, and nothing is fetched for it.
func imported(module string) []string {
	var all []string
	for _, m := range inModule.FindAllStringSubmatch(inComment.ReplaceAllString(module, ""), -1) {
		all = append(all, m[1]+m[2]+m[3])
	}
	return all
}

var inComment = regexp.MustCompile(`(?s)/\*\*.*?\*/`)

// typesOnly are all comments: the page never asks for them, so they cost a phone nothing.
var typesOnly = []string{"sdk/types.js", "elements/types.js"}

// later are the files that the page fetches only for who asks for them: for help,
// for the menu about oneself, and for moderators.
var later = []string{"elements/help.js", "elements/account.js", "elements/moderation.js", "elements/notices.js", "elements/orders.js", "elements/panel.js", "elements/styled.js", "later.css"}

// A slow phone gets the page in a second only if there is little of it.
func TestBudget(t *testing.T) {
	files := served(t)
	var first, second int
	for name, text := range files {
		if ext := path.Ext(name); ext != ".js" && ext != ".css" || slices.Contains(typesOnly, name) {
			continue
		}
		for _, target := range imported(text) {
			if slices.Contains(typesOnly, path.Join(path.Dir(name), target)) {
				t.Errorf("%s imports %s, which the budget leaves out", name, target)
			}
		}
		if slices.Contains(later, name) {
			second += compressed(t, text)
		} else {
			first += compressed(t, text)
		}
	}
	t.Logf("JavaScript and CSS with gzip: %d bytes of %d allowed, and on demand %d of %d", first, budget, second, onDemand)
	if first >= budget {
		t.Errorf("%d bytes of JavaScript and CSS with gzip, %d allowed", first, budget)
	}
	if second >= onDemand {
		t.Errorf("%d bytes with gzip of what is fetched on demand, %d allowed", second, onDemand)
	}
}

// What is fetched on demand is not named where a page would fetch it at once.
func TestOnDemand(t *testing.T) {
	atOnce := regexp.MustCompile(`(?m)^(?:import\s|export\s|\}).*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]`)
	for name, text := range served(t) {
		for _, file := range append(slices.Clone(later), typesOnly...) {
			if name == "index.html" && strings.Contains(text, file) {
				t.Errorf("index.html names %s", file)
			}
		}
		if slices.Contains(later, name) || path.Ext(name) != ".js" {
			continue
		}
		for _, m := range atOnce.FindAllStringSubmatch(inComment.ReplaceAllString(text, ""), -1) {
			if target := path.Join(path.Dir(name), m[1]+m[2]); slices.Contains(later, target) {
				t.Errorf("%s imports %s for everybody", name, target)
			}
		}
	}
}

func compressed(t *testing.T, text string) int {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression) // as it is served
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}
