package runtimeapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/runtimeapi"
)

const patience = 10 * time.Second // for what must come; a test that waits for all of it fails

// TestMain makes this binary the function's program too: with a Runtime API it is one, and asked to it is a process that
// runs one and gets killed.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("AWS_LAMBDA_RUNTIME_API") != "":
		program()
	case os.Getenv("TEST_PARENT") != "":
		parent()
	default:
		goleak.VerifyTestMain(m)
	}
}

// log keeps what is logged.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has waits until all parts stand in one line.
func (l *log) has(t testing.TB, parts ...string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	lines:
		for line := range strings.Lines(l.String()) {
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue lines
				}
			}
			return
		}
	}
	t.Fatalf("no line with %q in the log:\n%s", parts, l)
}

// function runs this binary as a function that behaves as told, closed at the test's end.
func function(t testing.TB, behave string, o runtimeapi.FunctionOptions) (*runtimeapi.Function, *log) {
	t.Helper()
	l := &log{}
	o.Name = "OnTest"
	if o.Program == "" {
		o.Program = os.Args[0]
	}
	env := map[string]string{"BEHAVE": behave}
	maps.Copy(env, o.Env)
	o.Env = env
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	f, err := runtimeapi.NewFunction(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, l
}

// must invokes what must succeed.
func must(t testing.TB, f *runtimeapi.Function, event string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b, err := f.Invoke(ctx, []byte(event))
	if err != nil {
		t.Fatalf("invoke %.80q: %v", event, err)
	}
	return string(b)
}

// fails invokes what must not, and holds the error to its kind and to words of its line.
func fails(t testing.TB, f *runtimeapi.Function, event, kind string, words ...string) *runtimeapi.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b, err := f.Invoke(ctx, []byte(event))
	var e *runtimeapi.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("invoke %.80q: answer %.80q, error %v; want kind %s", event, b, err, kind)
	}
	for _, word := range append(words, "OnTest") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("invoke %.80q: %q lacks %q", event, err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than a line", err)
	}
	return e
}

// post says something to a Runtime API, as a program without a library would.
func post(path, body string, header ...string) int {
	r, _ := http.NewRequest("POST", "http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/"+path, strings.NewReader(body))
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func next() (id, event string, header http.Header) {
	resp, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		os.Exit(0) // who asks has gone
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 {
		fmt.Printf("next: status %d %s\n", resp.StatusCode, b)
		os.Exit(0)
	}
	return resp.Header.Get("Lambda-Runtime-Aws-Request-Id"), string(b), resp.Header
}
