package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// releaseVersion is what the releases of these tests are called.
const releaseVersion = "9.8.7-test"

// buildRelease runs make release for this machine, in a copy of the source: a
// release's files lie beside it. It returns the folder dist in that copy.
func buildRelease(t *testing.T) string {
	t.Helper()
	source := t.TempDir()
	copySource(t, Root(t), source)
	return makeRelease(t, source, releaseVersion)
}

func makeRelease(t *testing.T, source, version string) (dist string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), Need(t, "make"), "release", "VERSION=v"+version, "TARGETS="+runtime.GOOS+"/"+runtime.GOARCH)
	build.Dir = source
	build.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -buildvcs=false") // the copy has no commit
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make release: %v\n%s", err, out)
	}
	return filepath.Join(source, "dist")
}

// released is one release for all tests.
var released struct {
	sync.Once
	program string // beside which nothing lies
	dist    string
}

// release returns the released program of this machine.
func release(t *testing.T) string {
	t.Helper()
	released.Do(func() {
		dist := filepath.Join(scratch, "dist")
		if err := os.CopyFS(dist, os.DirFS(buildRelease(t))); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dist, releaseName(releaseVersion)))
		if err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(scratch, releaseName(releaseVersion))
		if err := os.WriteFile(program, content, 0o755); err != nil {
			t.Fatal(err)
		}
		released.dist, released.program = dist, program
	})
	if released.program == "" {
		t.Fatal("there is no release: see the first test that wanted it")
	}
	return released.program
}

func releaseName(version string) string {
	name := "parley_" + version + "_" + runtime.GOOS + "_" + runtime.GOARCH
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}

// copySource copies what a release is built from.
func copySource(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch base := d.Name(); {
		case d.IsDir() && (base == ".git" || base == "node_modules" || base == "dist" || base == "testdata" || base == "test"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular() || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// alone runs a program as on a machine that has nothing: no PATH, an empty home.
func alone(t *testing.T, program string, env []string, arguments ...string) (stdout, stderr string, err error) {
	t.Helper()
	home := t.TempDir()
	run := exec.CommandContext(t.Context(), program, arguments...)
	run.Dir = home
	run.Env = append([]string{"PATH=", "HOME=" + home, "USERPROFILE=" + home, "TMPDIR=" + home, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}, env...)
	var out, errs bytes.Buffer
	run.Stdout, run.Stderr = &out, &errs
	err = run.Run()
	return out.String(), errs.String(), err
}

// TestReleaseTwice: the same source gives the same release, wherever it lies, with
// checksums that are right. Prints them.
func TestReleaseTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two releases")
	}
	release(t)
	var sums [2]string
	for i, dist := range []string{released.dist, buildRelease(t)} {
		b, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = string(b)
		lines := strings.Split(strings.TrimSpace(sums[i]), "\n")
		if len(lines) != 3 || !strings.Contains(sums[i], releaseName(releaseVersion)) {
			t.Errorf("SHA256SUMS has\n%s", sums[i])
		}
		for _, line := range lines {
			sum, name, _ := strings.Cut(line, "  ")
			content, err := os.ReadFile(filepath.Join(dist, name))
			if err != nil {
				t.Fatal(err)
			}
			if is := sha256.Sum256(content); hex.EncodeToString(is[:]) != sum {
				t.Errorf("%s is %x, SHA256SUMS has %s", name, is, sum)
			}
			t.Logf("%s  %d bytes", line, len(content))
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("a first time\n%sa second time\n%s", sums[0], sums[1])
	}
}

// TestRelease: one file on a machine without anything else is the chat, and has
// the functions in it.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a release")
	}
	program := release(t)
	t.Run("version", func(t *testing.T) {
		out, errs, err := alone(t, program, nil, "version")
		if err != nil || !strings.HasPrefix(out, "parley "+releaseVersion+" ") || errs != "" {
			t.Errorf("%v: %s%s", err, out, errs)
		}
	})
	t.Run("package", func(t *testing.T) {
		folder := t.TempDir()
		out, errs, err := alone(t, program, nil, "package", "--out", folder)
		if err != nil || errs != "" || strings.Count(out, " bytes\n") != 2 {
			t.Fatalf("%v: %s%s", err, out, errs)
		}
		for _, name := range []string{"functions.zip", "website.zip"} {
			zip, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil || len(zip) < 1_000_000 || !bytes.Contains(zip, []byte("bootstrap")) {
				t.Errorf("%s: %d bytes, %v", name, len(zip), err)
			}
		}
	})
	t.Run("a build that is none says what to do", func(t *testing.T) {
		bare := filepath.Join(t.TempDir(), filepath.Base(parley(t)))
		if err := os.Link(parley(t), bare); err != nil {
			t.Fatal(err)
		}
		_, errs, err := alone(t, bare, nil, "package")
		if err == nil || !strings.Contains(errs, "hint: install Go (https://go.dev/dl), or take a release of parley") {
			t.Errorf("%v: %s", err, errs)
		}
	})
}
