package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// startTimeout is how long the program may take to print its addresses.
const startTimeout = 20 * time.Second

var scratch string // removed after the tests

func TestMain(m *testing.M) {
	if os.Getenv(hubVariable) != "" {
		os.Exit(serveHub())
	}
	if flooders := os.Getenv(floodVariable); flooders != "" {
		os.Exit(serveFlood(flooders, os.Args[1]))
	}
	code := 1
	func() {
		var err error
		if scratch, err = os.MkdirTemp("", "parley-e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		defer os.RemoveAll(scratch)
		code = m.Run()
		StopDynamoDB()
		if left := leftovers(); left != nil {
			fmt.Fprintln(os.Stderr, "the tests left something behind:", left)
			code = max(code, 1)
		}
	}()
	os.Exit(code)
}

// leftovers tells of goroutines, and on Linux of processes, that outlive the tests.
func leftovers() error {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); err != nil {
		return err
	}
	children, _ := filepath.Glob("/proc/self/task/*/children") // elsewhere none is found
	for _, file := range children {
		if pids, err := os.ReadFile(file); err == nil && len(pids) > 0 {
			return fmt.Errorf("child processes %s", pids)
		}
	}
	return nil
}

// build compiles the program once for all tests.
var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "parley")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	command := exec.Command("go", "build", "-o", binary, ".")
	command.Dir = ".."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

func parley(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// program is a running parley.
type program struct {
	t       testing.TB
	command *exec.Cmd
	website string // http://127.0.0.1:PORT
	socket  string // ws://127.0.0.1:PORT/socket
	data    string
	output  *logBuffer
	ended   chan struct{}
	state   error // what Wait returned; read it after ended is closed
	flags   []string
}

// host is what stands between the scheme and the path.
func (p *program) host() string { return strings.TrimPrefix(p.website, "http://") }

// start runs the program on a free port with data of its own, until the test ends.
func start(t testing.TB, flags ...string) *program {
	t.Helper()
	return startOn(t, "127.0.0.1:0", t.TempDir(), flags...)
}

func startOn(t testing.TB, listen, data string, flags ...string) *program {
	t.Helper()
	p := &program{t: t, data: data, output: &logBuffer{}, ended: make(chan struct{}), flags: flags}
	p.command = exec.Command(parley(t), append([]string{"serve", "--listen", listen, "--management", "off", "--data", data, "--rate-limits", "off"}, flags...)...)
	p.command.Stderr = p.output
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("what the program wrote:\n%s", p.output.tail(200))
		}
	})
	addresses := make(chan struct{})
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			fmt.Fprintln(p.output, lines.Text())
			if website, ok := strings.CutPrefix(lines.Text(), "Website URL: "); ok {
				p.website = website
			}
			if socket, ok := strings.CutPrefix(lines.Text(), "WebSocket URL: "); ok {
				p.socket = socket
				close(addresses)
			}
		}
		io.Copy(io.Discard, stdout)
		p.state = p.command.Wait()
	}()
	select {
	case <-addresses:
	case <-p.ended:
		t.Fatalf("parley ended at once: %v\n%s", p.state, p.output.tail(60))
	case <-time.After(startTimeout):
		t.Fatalf("parley did not print its addresses\n%s", p.output.tail(60))
	}
	return p
}

// again starts the program anew, on the same port and data.
func (p *program) again() *program {
	p.t.Helper()
	return startOn(p.t, p.host(), p.data, p.flags...)
}

// kill ends the program as a crash would, and waits until it is gone.
func (p *program) kill() {
	p.command.Process.Kill()
	<-p.ended
}

// terminate asks the program to end, and returns its exit code; any goroutine
// may call it.
func (p *program) terminate() int {
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.command.Process.Signal(syscall.SIGQUIT) // it writes what it is doing
		select {
		case <-p.ended:
		case <-time.After(5 * time.Second):
		}
		p.t.Error("the program still ran 30 s after SIGTERM")
		return -1
	}
	return p.command.ProcessState.ExitCode()
}

// logBuffer gathers what several goroutines write.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) tail(lines int) string {
	all := strings.Split(b.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
