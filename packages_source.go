//go:build !release

package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"parley/wwwroot"
)

// buildPackages compiles the Lambda programs from the source that this program
// was built from, which takes a minute the first time and a second later on.
// progress gets a line for each. An error is a failure that says what to do.
func buildPackages(ctx context.Context, progress io.Writer) (packages, error) {
	source, err := sourceFolder()
	if err != nil {
		return packages{}, &failure{err: err, hint: "take a release of parley, which carries the functions within itself, or run this in a clone of its source: go run . deploy", code: exitFailed}
	}
	compiler, err := goCommand()
	if err != nil {
		return packages{}, &failure{err: err, hint: "install Go (https://go.dev/dl), or take a release of parley, which needs no compiler", code: exitFailed}
	}
	scratch, err := os.MkdirTemp("", "parley-packages-")
	if err != nil {
		return packages{}, err
	}
	defer os.RemoveAll(scratch)
	var p packages
	for _, program := range []struct {
		folder string
		zip    *[]byte
	}{{"functions/bootstrap", &p.functions}, {"functions/website", &p.website}} {
		fmt.Fprintf(progress, "building %s for linux/arm64\n", program.folder)
		started := time.Now()
		executable := filepath.Join(scratch, "bootstrap")
		if err := compile(ctx, compiler, source, program.folder, executable); err != nil {
			return packages{}, err
		}
		if *program.zip, err = zipProgram(executable); err != nil {
			return packages{}, fmt.Errorf("package %s: %w", program.folder, err)
		}
		fmt.Fprintf(progress, "built %s: %.1f MB zipped, %.1f s\n", program.folder, float64(len(*program.zip))/1e6, time.Since(started).Seconds())
	}
	return p, nil
}

// compile builds a Lambda program; functions/bootstrap says why with these flags.
// Nothing of this machine gets into it, nor the commit, which would make another
// program of the same code.
func compile(ctx context.Context, compiler, source, folder, to string) error {
	build := exec.CommandContext(ctx, compiler, "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc,nethttpomithttp2",
		"-ldflags", "-s -w -X main.version="+version, "-o", to, "./"+folder)
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64", "GOARM64=v8.0", "GOEXPERIMENT=", "GOWORK=off")
	build.WaitDelay = 5 * time.Second // then its own children's output is not waited for
	out, err := build.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("build %s: %w", folder, context.Cause(ctx))
	case err != nil:
		return &failure{err: fmt.Errorf("build %s: %w\n%s", folder, err, bytes.TrimSpace(out)), hint: "go build ./... in " + source + " should work first", code: exitFailed}
	}
	return nil
}

// zipProgram packs an executable: same program, same bytes.
func zipProgram(executable string) ([]byte, error) {
	program, err := os.ReadFile(executable)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)} // the first day that a zip can tell
	header.SetMode(0o755)                                                                                                    // Lambda runs what may be executed
	w, err := z.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// goCommand is the go of PATH, or else of GOROOT.
func goCommand() (string, error) {
	path, err := exec.LookPath("go")
	if err == nil {
		return path, nil
	}
	if root := os.Getenv("GOROOT"); root != "" {
		if path, err := exec.LookPath(filepath.Join(root, "bin", "go")); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the functions are built with the Go toolchain: %w", err)
}

// sourceFolder is where this program was built from, by what the compiler wrote
// down, or a folder above the program itself. The working directory does not
// count: what lies there somebody else may have written.
func sourceFolder() (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) { // not so with -trimpath
		if folder := filepath.Dir(file); isSource(folder) {
			return folder, sameSite(folder)
		}
	}
	if program, err := os.Executable(); err == nil {
		for folder := filepath.Dir(program); ; folder = filepath.Dir(folder) {
			if isSource(folder) {
				return folder, sameSite(folder)
			}
			if folder == filepath.Dir(folder) {
				break
			}
		}
	}
	return "", errors.New("the source of the functions, which have to be built, is not here")
}

func isSource(folder string) bool {
	mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if first, _, _ := strings.Cut(string(mod), "\n"); err != nil || strings.TrimSpace(first) != "module parley" {
		return false
	}
	_, err = os.Stat(filepath.Join(folder, "functions", "bootstrap"))
	return err == nil
}

// sameSite refuses a source whose page is no longer the one in this program: the
// function would hold another site than the stack is told of.
func sameSite(folder string) error {
	root := os.DirFS(folder)
	return fs.WalkDir(wwwroot.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ours, err := fs.ReadFile(wwwroot.Files(), path)
		if err != nil {
			return err
		}
		name := "wwwroot/" + path
		if path == wwwroot.Specification {
			name = "protocol/" + path
		}
		if now, err := fs.ReadFile(root, name); err != nil || !bytes.Equal(ours, now) {
			return fmt.Errorf("%s in %s has changed since this program was built", name, folder)
		}
		return nil
	})
}
