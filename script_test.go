package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// waitFile waits until a file matches a pattern and keeps its first group in
// a variable: waitfile FILE PATTERN [VARIABLE]
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waitfile FILE PATTERN [VARIABLE]")
	}
	pattern := regexp.MustCompile(args[1])
	const patience = 20 * time.Second // far more than it takes; it only has to end
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			continue
		}
		if m := pattern.FindSubmatch(b); m != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], string(m[1]))
			}
			return
		}
	}
	ts.Fatalf("%s never matched %s", args[0], args[1])
}

// get asks for a URL and prints status and body: get URL
func get(ts *testscript.TestScript, neg bool, args []string) {
	r, err := http.Get(args[0])
	if err != nil {
		if neg {
			return
		}
		ts.Fatalf("%v", err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	ts.Check(err)
	if neg {
		ts.Fatalf("it answers %s", r.Status)
	}
	ts.Stdout().Write([]byte(r.Status + "\n" + strings.TrimSpace(string(body)) + "\n"))
}

// post posts an empty object, with a token if there is one, and prints status and
// body: post URL [TOKEN]
func post(ts *testscript.TestScript, neg bool, args []string) {
	r, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader("{}"))
	ts.Check(err)
	if len(args) > 1 {
		r.Header.Set("Authorization", "Bearer "+args[1])
	}
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	ts.Stdout().Write([]byte(answer.Status + "\n" + strings.TrimSpace(string(body)) + "\n"))
}

// occupy takes a free port until the script ends: occupy VARIABLE
func occupy(ts *testscript.TestScript, neg bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	_, port, err := net.SplitHostPort(ln.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}
