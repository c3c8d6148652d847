package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport says for each package of ours which others of ours it may import.
// Files that are not tests; main may import all.
var mayImport = map[string][]string{
	"protocol":            {},
	"planted":             {},
	"gateway":             {"planted"},
	"runtimeapi":          {},
	"deploy":              {},
	"deploy/deploytest":   {},
	"wwwroot":             {"protocol"},
	"chat":                {"planted", "protocol"},
	"chat/chattest":       {"chat", "protocol"},
	"memory":              {"chat", "protocol"},
	"sqlite":              {"chat", "planted", "protocol"},
	"dynamo":              {"chat", "planted", "protocol"},
	"functions":           {"chat", "protocol"},
	"functions/bootstrap": {"chat", "dynamo", "functions", "protocol"},
	"functions/website":   {"wwwroot"},
	"client":              {"protocol"},
	"bench":               {"protocol"},
	"bench/peers":         {},
	"conform":             {"client", "protocol"},
	"e2e":                 {"client", "protocol"},
}

// forbidden are imports that the domain and the wire must not have, since both
// homes run them: drivers, sockets, HTTP, AWS.
var forbidden = map[string][]string{
	"protocol": {"net", "net/http", "os", "database/sql", "syscall", "github.com/aws/", "github.com/gobwas/", "github.com/coder/", "modernc.org/"},
	"chat":     {"net", "net/http", "os", "database/sql", "syscall", "github.com/aws/", "github.com/gobwas/", "github.com/coder/", "modernc.org/"},
}

const module = "parley"

// TestHouse holds every package to the import rules of ARCHITECTURE.md.
func TestHouse(t *testing.T) {
	checked := 0
	for _, f := range sources(t) {
		folder := filepath.ToSlash(filepath.Dir(f.path))
		if folder == "." {
			continue
		}
		allowed, known := mayImport[folder]
		if !known {
			t.Errorf("%s: package %s is not in the house; give it a row here and in ARCHITECTURE.md", f.path, folder)
			continue
		}
		for _, imported := range f.imports {
			if bad := breaks(folder, allowed, imported); bad != "" {
				t.Errorf("%s imports %q: %s", f.path, imported, bad)
			}
			checked++
		}
	}
	if checked < 50 {
		t.Errorf("only %d imports were looked at", checked)
	}
}

func breaks(folder string, allowed []string, imported string) string {
	if imported == module {
		return "main imports everybody, nobody imports main"
	}
	if ours, found := strings.CutPrefix(imported, module+"/"); found && !slices.Contains(allowed, ours) {
		return "only main introduces packages to each other"
	}
	if imported == "net/netip" { // addresses as values; it reaches nothing
		return ""
	}
	for _, f := range forbidden[folder] {
		if imported == f || strings.HasSuffix(f, "/") && strings.HasPrefix(imported, f) || strings.HasPrefix(imported, f+"/") {
			return "this package does no I/O"
		}
	}
	return ""
}

// TestHouseCanFail shows that the rules refuse what they are there for.
func TestHouseCanFail(t *testing.T) {
	for _, c := range []struct{ folder, imported string }{
		{"chat", "net/http"}, {"chat", "modernc.org/sqlite"}, {"chat", "parley/gateway"}, {"protocol", "parley/chat"},
		{"sqlite", "parley/memory"}, {"gateway", "parley/protocol"}, {"deploy", "parley/chat"}, {"client", "parley"},
	} {
		if breaks(c.folder, mayImport[c.folder], c.imported) == "" {
			t.Errorf("%s may import %s", c.folder, c.imported)
		}
	}
	if bad := breaks("chat", mayImport["chat"], "parley/protocol"); bad != "" {
		t.Errorf("chat may not import protocol: %s", bad)
	}
}

// guessable are the files that may use math/rand, for what nobody gains by guessing. Ids, tokens and epochs come from
// crypto/rand.
var guessable = []string{
	"bench/run.go",       // the names of its rooms
	"chat/identity.go",   // the digits after a name that is taken
	"chat/limits.go",     // when to come back
	"client/catchup.go",  // how long a gap is waited for
	"client/client.go",   // ids of messages, unique within a person and a room
	"client/live.go",     // when a connection is renewed
	"deploy/deploytest",  // a stand-in for tests
	"dynamo/retry.go",    // how long a throttled call waits
	"farewell.go",        // when to come back
	"functions/batch.go", // how long a throttled post waits
	"gateway/jitter.go",  // what a cloud may do to a message
	"gateway/limit.go",   // when to come back
}

// TestSecretsAreRandom: math/rand is only where its numbers are no secret.
func TestSecretsAreRandom(t *testing.T) {
	used := 0
	for _, f := range sources(t) {
		weak := slices.ContainsFunc(f.imports, func(name string) bool { return strings.HasPrefix(name, "math/rand") })
		path := filepath.ToSlash(f.path)
		if weak && !slices.Contains(guessable, path) && !slices.Contains(guessable, filepath.ToSlash(filepath.Dir(path))) {
			t.Errorf("%s imports math/rand: use crypto/rand, or name the file in guessable and what its numbers are", path)
		} else if weak {
			used++
		}
	}
	if used < len(guessable) {
		t.Errorf("%d files use math/rand, %d may: which does not any more?", used, len(guessable))
	}
}

type source struct {
	path    string
	imports []string
}

// sources are all Go files that are not tests.
func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{path: path}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
