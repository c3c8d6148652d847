//go:build !release

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/protocol"
	"parley/wwwroot"
)

// maxPackage is what a function may have to be downloaded at a cold start.
const maxPackage = 4_000_000 // bytes

// TestPackages builds the zips as they are deployed, twice, and prints their sizes.
func TestPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two programs")
	}
	folder, stdout, progress := t.TempDir(), &bytes.Buffer{}, &bytes.Buffer{}
	if err := run(t.Context(), []string{"package", "--out", folder}, func(string) string { return "" }, strings.NewReader(""), stdout, progress); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s%s", progress, stdout)
	for _, told := range []string{"building functions/bootstrap for linux/arm64\n", "built functions/website: "} {
		if !strings.Contains(progress.String(), told) {
			t.Errorf("progress lacks %q", told)
		}
	}
	again, err := buildPackages(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for name, second := range map[string][]byte{"functions.zip": again.functions, "website.zip": again.website} {
		first, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s: the same source gave %d bytes, then %d others", name, len(first), len(second))
		}
		if len(first) > maxPackage {
			t.Errorf("%s has %d bytes, at most %d are wanted", name, len(first), maxPackage)
		}
		program := unzip(t, first)
		executable, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if executable.Machine != elf.EM_AARCH64 || executable.Section(".interp") != nil || executable.Section(".debug_info") != nil {
			t.Errorf("%s is for %s; static and stripped it should be", name, executable.Machine)
		}
		for _, unwanted := range []string{"net/rpc", "aws-sdk-go-v2/config", folder} {
			if bytes.Contains(program, []byte(unwanted)) {
				t.Errorf("%s: %s is in it", name, unwanted)
			}
		}
		if here, err := os.Getwd(); err != nil || bytes.Contains(program, []byte(here)) {
			t.Errorf("%s tells where it was built", name)
		}
		if !bytes.Contains(program, []byte(version)) {
			t.Errorf("%s does not know the version %s", name, version)
		}
	}
	if site := unzip(t, again.website); !bytes.Contains(site, []byte("<title>Parley</title>")) {
		t.Error("website.zip has no page in it")
	}
}

// unzip returns the one program of a package.
func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode() != 0o755 || z.File[0].Modified.Year() != 1980 {
		t.Fatalf("the zip holds %+v", z.File[0].FileHeader)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	program, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// TestZipProgram: neither the file's time nor its place is in the zip.
func TestZipProgram(t *testing.T) {
	var zips [2][]byte
	for i := range zips {
		path := filepath.Join(t.TempDir(), "bootstrap")
		if err := os.WriteFile(path, []byte("the program"), 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2001+i, 1, 1, 0, 0, 0, 0, time.Local)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		var err error
		if zips[i], err = zipProgram(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(zips[0], zips[1]) || string(unzip(t, zips[0])) != "the program" {
		t.Errorf("%d bytes, then %d", len(zips[0]), len(zips[1]))
	}
}

// TestPackagesRefused: what is missing is told, with what to do.
func TestPackagesRefused(t *testing.T) {
	t.Run("no Go", func(t *testing.T) {
		t.Setenv("PATH", "")
		t.Setenv("GOROOT", t.TempDir())
		_, err := buildPackages(t.Context(), io.Discard)
		wantFailure(t, err, "the functions are built with the Go toolchain", "take a release of parley")
	})
	t.Run("Go only in GOROOT", func(t *testing.T) {
		t.Setenv("PATH", "")
		root := t.TempDir()
		command := filepath.Join(root, "bin", "go")
		if os.PathSeparator == '\\' {
			command += ".exe"
		}
		if err := os.MkdirAll(filepath.Dir(command), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(command, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOROOT", root)
		if found, err := goCommand(); err != nil || found != command {
			t.Errorf("found %q, %v", found, err)
		}
	})
	t.Run("what does not compile", func(t *testing.T) {
		command, err := goCommand()
		if err != nil {
			t.Skip(err)
		}
		source := t.TempDir()
		for name, content := range map[string]string{"go.mod": "module parley\n\ngo 1.26.0\n", "functions/website/main.go": "package main\n\nfunc main() { x }\n"} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(source, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err = compile(t.Context(), command, source, "functions/website", filepath.Join(t.TempDir(), "bootstrap"))
		wantFailure(t, err, "undefined: x", "go build ./... in "+source+" should work first")
	})
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := buildPackages(ctx, io.Discard); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("the page has changed since", func(t *testing.T) {
		source := t.TempDir()
		if err := os.CopyFS(filepath.Join(source, "wwwroot"), wwwroot.Files()); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(source, "protocol"), protocol.Specification); err != nil {
			t.Fatal(err)
		}
		if err := sameSite(source); err != nil {
			t.Errorf("it has not: %v", err)
		}
		for _, name := range []string{"wwwroot/sdk/chat.js", "protocol/asyncapi.yaml"} {
			if err := os.WriteFile(filepath.Join(source, filepath.FromSlash(name)), []byte("another"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := sameSite(source); err == nil || !strings.Contains(err.Error(), name+" in "+source+" has changed since this program was built") {
				t.Errorf("%s: the error is %v", name, err)
			}
		}
	})
	t.Run("somebody else's module", func(t *testing.T) {
		for _, mod := range []string{"", "module parleyx\n", "// module parley\n", "module parley"} {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte(mod), 0o644); err != nil {
				t.Fatal(err)
			}
			if isSource(folder) {
				t.Errorf("a folder with %q in go.mod is taken for the source", mod)
			}
		}
	})
}

func wantFailure(t *testing.T, err error, message, hint string) {
	t.Helper()
	var f *failure
	if !errors.As(err, &f) || !strings.Contains(f.Error(), message) || !strings.Contains(f.hint, hint) {
		t.Errorf("the error is %#v, want %q with the hint %q", err, message, hint)
	}
}
