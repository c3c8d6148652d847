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

// parley is the program, built once for all tests.
var parley = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "parley")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// serve runs the program on a free port with data of its own until the test
// ends, and returns it as a target.
func serve(t *testing.T, flags ...string) Target {
	t.Helper()
	binary, err := parley()
	if err != nil {
		t.Fatal(err)
	}
	// What comes back must be durable by a crash, not by a power cut: thousands
	// of syncs would be most of what the tests take.
	command := exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--management", "off", "--data", t.TempDir(), "--durability", "normal"}, flags...)...)
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
		target.Local = true
		return target
	case <-ended:
		t.Fatalf("parley ended at once:\n%s", log.String())
	case <-time.After(20 * time.Second):
		t.Fatal("parley did not print its addresses")
	}
	panic("unreachable")
}
