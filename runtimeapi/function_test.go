package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/runtimeapi"
)

func TestInvoke(t *testing.T) {
	f, l := function(t, "", runtimeapi.FunctionOptions{Handler: "OnAction", Memory: 512, Region: "eu-central-1", Env: map[string]string{"TABLE_NAME": "chat"}})
	t.Run("an idle environment is used again", func(t *testing.T) {
		if one, two := must(t, f, "pid"), must(t, f, "pid"); one != two {
			t.Errorf("processes %s and %s", one, two)
		}
	})
	t.Run("the environment is Lambda's, and nothing of ours", func(t *testing.T) {
		t.Setenv("AWS_PROFILE", "somebody")
		g, _ := function(t, "", runtimeapi.FunctionOptions{Handler: "OnAction", Memory: 512, Region: "eu-central-1", Env: map[string]string{"TABLE_NAME": "chat", "AWS_SESSION_TOKEN": "mine", "_HANDLER": "ignored"}})
		folder := filepath.Dir(os.Args[0])
		got := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(must(t, g, "environ"), "127.0.0.1:PORT")
		want := strings.Join([]string{
			"AWS_ACCESS_KEY_ID=local", "AWS_DEFAULT_REGION=eu-central-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "AWS_LAMBDA_FUNCTION_NAME=OnTest",
			"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/OnTest",
			"AWS_LAMBDA_LOG_STREAM_NAME=local", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:PORT", "AWS_REGION=eu-central-1", "AWS_SECRET_ACCESS_KEY=local",
			"AWS_SESSION_TOKEN=mine", "BEHAVE=", "LAMBDA_RUNTIME_DIR=" + folder, "LAMBDA_TASK_ROOT=" + folder, "LANG=en_US.UTF-8",
			"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin", "TABLE_NAME=chat", "TZ=:UTC", "_HANDLER=OnAction"}, "\n")
		if runtime.GOOS != "windows" && got != want { // where SYSTEMROOT is added
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("headers tell what Lambda's do", func(t *testing.T) {
		var h map[string][]string
		if err := json.Unmarshal([]byte(must(t, f, "headers")), &h); err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string]string{
			"Lambda-Runtime-Aws-Request-Id":       `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
			"Lambda-Runtime-Invoked-Function-Arn": `^arn:aws:lambda:eu-central-1:\d{12}:function:OnTest$`,
			"Lambda-Runtime-Trace-Id":             `^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`,
			"Lambda-Runtime-Deadline-Ms":          `^\d{13}$`,
		} {
			if len(h[name]) != 1 || !regexp.MustCompile(form).MatchString(h[name][0]) {
				t.Errorf("%s is %q, want %s", name, h[name], form)
			}
		}
		deadline, _ := strconv.ParseInt(h["Lambda-Runtime-Deadline-Ms"][0], 10, 64)
		if left := time.Until(time.UnixMilli(deadline)); left < 20*time.Second || left > 29*time.Second {
			t.Errorf("%v left, want a little less than 29 s", left)
		}
	})
	t.Run("what it prints is in the log, with its name", func(t *testing.T) {
		must(t, f, "print")
		must(t, f, "print")
		l.has(t, "level=WARN", "from json", "function=OnTest")
		l.has(t, "level=INFO", `msg="plain line"`, "function=OnTest", "environment=1")
		l.has(t, "without an end")
	})
	t.Run("AWS's own library: an answer, an error, a panic", func(t *testing.T) {
		f, _ := function(t, "library", runtimeapi.FunctionOptions{})
		if got := must(t, f, `{"a":1}`); got != `{"a":1}` {
			t.Errorf("got %s", got)
		}
		e := fails(t, f, `"error"`, runtimeapi.KindUnhandled, "errorString: no room")
		if string(e.Payload) == "" {
			t.Error("the payload is lost")
		}
		fails(t, f, `"panic"`, runtimeapi.KindUnhandled, "at the disco")
		if got := must(t, f, `"after"`); got != `"after"` {
			t.Errorf("got %s", got)
		}
	})
	t.Run("web pages cannot poll", func(t *testing.T) {
		if got := must(t, f, "guarded"); got != "[403 403]" {
			t.Errorf("statuses %s", got)
		}
	})
}

// TestContained fears that one bad invocation costs another one, or is not told in a line one understands.
func TestContained(t *testing.T) {
	f, l := function(t, "", runtimeapi.FunctionOptions{Timeout: 2 * time.Second})
	afresh := func(t *testing.T, before string) {
		t.Helper()
		if after := must(t, f, "pid"); after == before {
			t.Errorf("process %s goes on", after)
		}
	}
	t.Run("crash", func(t *testing.T) {
		pid := must(t, f, "pid")
		fails(t, f, "crash", runtimeapi.KindExit, "exit status 3", "anew")
		afresh(t, pid)
	})
	t.Run("crash after the answer", func(t *testing.T) {
		pid := must(t, f, "pid")
		if got := must(t, f, "answer-crash"); got != "ok" {
			t.Errorf("got %q", got)
		}
		l.has(t, "ended after its answer", "exit status 4", "OnTest")
		afresh(t, pid)
	})
	t.Run("crash while idle", func(t *testing.T) {
		pid, _ := strconv.Atoi(must(t, f, "pid"))
		time.Sleep(50 * time.Millisecond) // until it is idle
		p, _ := os.FindProcess(pid)
		p.Kill()
		l.has(t, "although nothing was asked of it", "killed", "OnTest")
		afresh(t, strconv.Itoa(pid))
	})
	t.Run("hang", func(t *testing.T) {
		pid := must(t, f, "pid")
		fails(t, f, "hang", runtimeapi.KindTimeout, "not done after 2s", "timeout")
		wantEnd(t, pid)
		afresh(t, pid)
	})
	t.Run("caller leaves, the function works on", func(t *testing.T) {
		pid := must(t, f, "pid")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := f.Invoke(ctx, []byte("sleep 300ms")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if other := must(t, f, "pid"); other == pid {
			t.Error("a busy environment was given another event")
		}
	})
	t.Run("error of its own", func(t *testing.T) {
		pid := must(t, f, "pid")
		fails(t, f, "error", runtimeapi.KindUnhandled, "errorString: no room")
		if after := must(t, f, "pid"); after != pid {
			t.Errorf("process %s after %s: an error is no reason to start anew", after, pid)
		}
	})
	t.Run("answers twice", func(t *testing.T) {
		if got := must(t, f, "twice"); got != "one" {
			t.Errorf("got %q", got)
		}
		l.has(t, "second answer: status 400")
		l.has(t, "answered an event that it does not have", "OnTest")
	})
	t.Run("answers somebody else's event", func(t *testing.T) {
		if got := must(t, f, "foreign"); got != "own" {
			t.Errorf("got %q", got)
		}
		l.has(t, "foreign answer: status 400")
	})
	t.Run("does not answer", func(t *testing.T) {
		fails(t, f, "silent", runtimeapi.KindNoAnswer, "without having answered")
		must(t, f, "pid")
	})
	t.Run("answers too much", func(t *testing.T) {
		fails(t, f, "large", runtimeapi.KindTooLarge, "more than 6 MB")
		l.has(t, "large answer: status 413")
		must(t, f, "pid")
	})
	t.Run("is asked too much", func(t *testing.T) {
		fails(t, f, strings.Repeat("x", 6<<20+1), runtimeapi.KindTooLarge, "6 MB")
	})
	t.Run("6 MB both ways", func(t *testing.T) {
		if got := must(t, f, strings.Repeat("x", 6<<20)); len(got) != 6<<20 {
			t.Errorf("got %d bytes", len(got))
		}
	})
	t.Run("floods its output", func(t *testing.T) {
		if got := must(t, f, "flood"); got != "flooded" {
			t.Errorf("got %q", got)
		}
		l.has(t, "prints too much", "dropped", "OnTest")
		if size := len(l.String()); size > 1<<20 {
			t.Errorf("%d bytes in the log", size)
		}
	})
	t.Run("leaves a process behind", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("no process groups")
		}
		f, _ := function(t, "", runtimeapi.FunctionOptions{})
		child := must(t, f, "child")
		fails(t, f, "crash", runtimeapi.KindExit)
		wantEnd(t, child)
	})
}

func TestStart(t *testing.T) {
	for behave, words := range map[string][]string{
		"refuses to start": {"failed to start", "Function.Configuration: TABLE_NAME is not set"},
		"crashes at start": {"ended before it asked", "exit status 2"},
		"never polls":      {"did not ask for an event within 1s", "Lambda program"},
	} {
		t.Run(behave, func(t *testing.T) {
			f, l := function(t, behave, runtimeapi.FunctionOptions{InitTimeout: time.Second})
			fails(t, f, "pid", runtimeapi.KindInit, words...)
			if behave == "crashes at start" {
				l.has(t, "panic: no table")
			}
		})
	}
	t.Run("no program", func(t *testing.T) {
		for _, path := range []string{"", "/nowhere/bootstrap", t.TempDir()} {
			if _, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{Name: "OnTest", Program: path}); err == nil || !strings.Contains(err.Error(), "OnTest") {
				t.Errorf("%q: error %v", path, err)
			}
		}
		path := filepath.Join(t.TempDir(), "bootstrap")
		os.WriteFile(path, []byte("not for this machine"), 0o755)
		f, _ := function(t, "", runtimeapi.FunctionOptions{Program: path})
		fails(t, f, "pid", runtimeapi.KindInit, "cannot be started", "for this machine")
	})
}

func TestConcurrency(t *testing.T) {
	t.Run("as many processes as invocations, then they wait, then they are throttled", func(t *testing.T) {
		f, _ := function(t, "starts slowly", runtimeapi.FunctionOptions{MaxEnvironments: 3, MaxWaiting: 4})
		var all sync.WaitGroup
		pids := make(chan string, 10)
		throttled := make(chan int, 10)
		for range 10 {
			all.Go(func() {
				b, err := f.Invoke(t.Context(), []byte("sleep 300ms"))
				var e *runtimeapi.Error
				switch {
				case err == nil:
					pids <- string(b)
				case errors.As(err, &e) && e.Kind == runtimeapi.KindThrottled:
					throttled <- e.HTTPStatus()
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		close(pids)
		close(throttled)
		different := map[string]bool{}
		for pid := range pids {
			different[pid] = true
		}
		if len(different) != 3 || len(throttled) != 3 {
			t.Errorf("%d processes and %d throttled, want 3 and 3", len(different), len(throttled))
		}
		for status := range throttled {
			if status != 429 {
				t.Errorf("status %d, want 429", status)
			}
		}
	})
	t.Run("who has waited long enough is throttled", func(t *testing.T) {
		f, _ := function(t, "", runtimeapi.FunctionOptions{MaxEnvironments: 1, MaxWait: 100 * time.Millisecond, Timeout: time.Second})
		busy := make(chan error, 1)
		go func() {
			_, err := f.Invoke(t.Context(), []byte("hang"))
			busy <- err
		}()
		for must := time.Now().Add(patience); time.Now().Before(must); {
			if _, err := f.Invoke(t.Context(), []byte("pid")); err != nil {
				break
			}
		}
		fails(t, f, "pid", runtimeapi.KindThrottled, "all 1 environments")
		<-busy
		must(t, f, "pid")
	})
	t.Run("who waits for a place gets it when an environment crashes", func(t *testing.T) {
		f, _ := function(t, "", runtimeapi.FunctionOptions{MaxEnvironments: 1})
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { f.Invoke(t.Context(), []byte("crash")) })
			all.Go(func() { must(t, f, "pid") })
		}
		all.Wait()
	})
	t.Run("idle environments are reaped", func(t *testing.T) {
		f, _ := function(t, "", runtimeapi.FunctionOptions{IdleTimeout: 100 * time.Millisecond})
		pid := must(t, f, "pid")
		wantEnd(t, pid)
		if other := must(t, f, "pid"); other == pid {
			t.Error("the same process")
		}
	})
	t.Run("a storm with reaping, crashes and impatience loses no answer", func(t *testing.T) {
		f, _ := function(t, "", runtimeapi.FunctionOptions{MaxEnvironments: 3, IdleTimeout: time.Millisecond, MaxWait: patience})
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				for j := range 10 {
					want := fmt.Sprintf("%d.%d", i, j)
					switch (i + j) % 10 {
					case 0:
						fails(t, f, "crash", runtimeapi.KindExit)
					case 1:
						ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
						f.Invoke(ctx, []byte("sleep 10ms"))
						cancel()
					default:
						if got := must(t, f, want); got != want {
							t.Errorf("got %q, want %q", got, want)
						}
					}
				}
			})
		}
		all.Wait()
	})
}

func TestClose(t *testing.T) {
	t.Run("ends what is under way, waits or is idle", func(t *testing.T) {
		f, _ := function(t, "", runtimeapi.FunctionOptions{MaxEnvironments: 2})
		pid := must(t, f, "pid")
		ends := make(chan error, 4)
		for range 4 {
			go func() {
				_, err := f.Invoke(context.Background(), []byte("hang"))
				ends <- err
			}()
		}
		time.Sleep(50 * time.Millisecond)
		f.Close()
		for range 4 {
			var e *runtimeapi.Error
			if err := <-ends; !errors.As(err, &e) || e.Kind != runtimeapi.KindNotRunning {
				t.Errorf("error %v", err)
			}
		}
		wantEnd(t, pid)
		fails(t, f, "pid", runtimeapi.KindNotRunning)
		f.Close()
	})
	t.Run("no orphan survives kill -9 of the parent", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("only Linux ends a child with its parent; elsewhere it ends when it polls")
		}
		parent := exec.Command(os.Args[0])
		parent.Env = append(os.Environ(), "TEST_PARENT=echo")
		out, _ := parent.StdoutPipe()
		parent.Stderr = os.Stderr
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		var pid string
		if _, err := fmt.Fscan(out, &pid); err != nil {
			t.Fatal(err)
		}
		if !lives(pid) {
			t.Fatal("no child to begin with")
		}
		parent.Process.Kill()
		parent.Wait()
		wantEnd(t, pid)
	})
}

// lives tells whether a process is there, other than as a zombie.
func lives(pid string) bool {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(b), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

func wantEnd(t *testing.T, pid string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	for end := time.Now().Add(patience); lives(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %s lives", pid)
		}
	}
}
