package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// maxZip is what the program may have to be downloaded at each cold start. arm64,
// which the stack runs by default, has a tenth less than amd64.
const maxZip = 4_200_000 // bytes

// TestSize prints how large the program is as it is deployed.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two programs")
	}
	for _, arch := range []string{"arm64", "amd64"} {
		path := filepath.Join(t.TempDir(), "bootstrap")
		compile(t, "linux", arch, path)
		program, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		size := zipped(t, program)
		t.Logf("linux/%s: %d bytes, %d as zip", arch, len(program), size)
		if size > maxZip {
			t.Errorf("linux/%s: the zip has %d bytes, at most %d are wanted", arch, size, maxZip)
		}
		for _, unwanted := range []string{"net/rpc", "aws-sdk-go-v2/config"} {
			if bytes.Contains(program, []byte(unwanted)) {
				t.Errorf("linux/%s: %s is linked", arch, unwanted)
			}
		}
	}
}

// built is the program for this machine, made by the first test that runs it.
var built struct {
	once sync.Once
	dir  string
}

func own(t testing.TB) string {
	t.Helper()
	path := filepath.Join(built.dir, "bootstrap")
	built.once.Do(func() { compile(t, runtime.GOOS, runtime.GOARCH, path) })
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "parley-bootstrap")
	if err != nil {
		panic(err)
	}
	built.dir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// compile builds the program as it is deployed.
func compile(t testing.TB, system, arch, to string) {
	t.Helper()
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc,nethttpomithttp2", "-ldflags", "-s -w -X main.version=test", "-o", to, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

func zipped(t testing.TB, program []byte) int {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	f, err := z.Create("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func TestSettings(t *testing.T) {
	whole := map[string]string{
		"_HANDLER": "OnConnect", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "TABLE_NAME": "chat",
		"MANAGEMENT_ENDPOINT": "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live", "SITE_ORIGIN": "https://chat.example.com,https://www.example.com",
	}
	with := func(name, value string) func(string) string {
		return func(asked string) string {
			if asked == name {
				return value
			}
			return whole[asked]
		}
	}
	if _, err := build(with("", ""), io.Discard); err != nil {
		t.Errorf("whole: %v", err)
	}
	for _, name := range []string{"_HANDLER", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TABLE_NAME", "MANAGEMENT_ENDPOINT", "SITE_ORIGIN"} {
		if _, err := build(with(name, ""), io.Discard); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for name, value := range map[string]string{"_HANDLER": "bootstrap", "MANAGEMENT_ENDPOINT": "a1b2c3d4e5", "SHARE_FROM": "many"} {
		if _, err := build(with(name, value), io.Discard); err == nil || !strings.Contains(err.Error(), value) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	whole["_HANDLER"] = "OnAction"
	whole["AWS_LAMBDA_FUNCTION_NAME"] = "chat-OnAction"
	if _, err := build(with("SITE_ORIGIN", ""), io.Discard); err != nil {
		t.Errorf("OnAction needs no SITE_ORIGIN: %v", err)
	}
	if _, err := build(with("SHARE_FROM", "0"), io.Discard); err != nil {
		t.Errorf("no sharing: %v", err)
	}
	_, err := build(func(string) string { return "" }, io.Discard)
	if err == nil || strings.Count(err.Error(), "\n") < 4 {
		t.Errorf("all that is missing is said at once: %v", err)
	}
}
