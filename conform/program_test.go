package conform

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var scratch string // removed after the tests

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "parley-conform-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// parley is the program, and bootstrap that of its Lambda functions, built once
// for all tests.
var (
	parley    = sync.OnceValues(func() (string, error) { return build("parley", ".") })
	bootstrap = sync.OnceValues(func() (string, error) { return build("bootstrap", "./functions/bootstrap", "-tags", "lambda.norpc") })
)

func build(name, folder string, flags ...string) (string, error) {
	binary := filepath.Join(scratch, name)
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	command := exec.Command("go", slices.Concat([]string{"build", "-o", binary}, flags, []string{folder})...)
	command.Dir = ".."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", folder, err, out)
	}
	return binary, nil
}

// serve runs parley serve, as a home of its own.
func serve(t *testing.T, flags ...string) Target {
	t.Helper()
	target, data := serveData(t, flags...)
	target.Operator = operatorLink(t, "--data", data)
	return target
}

// serveData is serve without an operator's link; data is where more of them come from.
func serveData(t *testing.T, flags ...string) (target Target, data string) {
	t.Helper()
	// What comes back must survive a crash here, not a power cut: thousands of
	// syncs would be most of what the tests take.
	target, data = program(t, append([]string{"--management", "127.0.0.1:0", "--durability", "normal"}, flags...)...)
	target.Local, target.Limits = true, true
	return target, data
}

// operatorLink is the token of a link that parley operator link prints, as soon
// as the server that has the chat takes commands.
func operatorLink(t *testing.T, flags ...string) string {
	t.Helper()
	binary, err := parley()
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var stderr bytes.Buffer
		command := exec.Command(binary, append([]string{"operator", "link"}, flags...)...)
		command.Stderr = &stderr
		out, err := command.Output()
		if _, token, ok := strings.Cut(strings.TrimSpace(string(out)), "#operator="); err == nil && ok {
			return token
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("parley operator link: %v\n%s%s", err, out, &stderr)
		}
	}
}

// program runs the program on a free port with data of its own until the test
// ends, and returns it as a target, and the folder of the data.
func program(t *testing.T, flags ...string) (target Target, data string) {
	t.Helper()
	binary, err := parley()
	if err != nil {
		t.Fatal(err)
	}
	data = t.TempDir()
	command := exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, flags...)...)
	var log bytes.Buffer // written by the goroutine of Cmd, read after Wait
	command.Stderr = &log
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	website, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if address, ok := strings.CutPrefix(lines.Text(), "Website URL: "); ok {
				website <- address
			}
		}
		io.Copy(io.Discard, stdout)
		command.Wait()
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("what the program wrote:\n%s", log.String())
		}
	})
	select {
	case address := <-website:
		target, err := Find(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		return target, data
	case <-ended:
		t.Fatalf("parley ended at once:\n%s", log.String())
	case <-time.After(20 * time.Second):
		t.Fatal("parley did not print its addresses")
	}
	panic("unreachable")
}
