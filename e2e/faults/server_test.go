//go:build linux

package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a running parley, and the next ones on the same port and data.
type server struct {
	t       testing.TB
	wrap    []string // what starts it, before its own name: sh -c 'ulimit …'
	flags   []string
	as      uint32 // user, where this test is root's; 0: root
	data    string
	host    string // 127.0.0.1:PORT
	command *exec.Cmd
	output  *output
	ended   chan struct{}
}

// serve runs the program until the test ends.
func serve(t testing.TB, flags ...string) *server {
	t.Helper()
	s := &server{t: t, data: t.TempDir(), host: "127.0.0.1:0", flags: flags, output: &output{}}
	s.start()
	return s
}

// limited is serve under limits of the shell's ulimit: "-n 64".
func limited(t testing.TB, ulimit string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, data: t.TempDir(), host: "127.0.0.1:0", flags: flags, output: &output{}}
	s.wrap = []string{"sh", "-c", "ulimit " + ulimit + ` && exec "$0" "$@"`}
	s.start()
	return s
}

func (s *server) socket() string { return "ws://" + s.host + "/socket" }

// start runs the program anew, on the same port and data, and returns when it serves.
func (s *server) start() {
	s.t.Helper()
	if err := s.tryStart(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) tryStart() error {
	binary, err := parley()
	if err != nil {
		return err
	}
	args := append(append([]string{}, s.wrap...), binary, "serve", "--listen", s.host, "--data", s.data, "--rate-limits", "off")
	if !slices.Contains(s.flags, "--management") {
		args = append(args, "--management", "off")
	}
	args = append(args, s.flags...)
	command := exec.Command(args[0], args[1:]...)
	command.Stderr = s.output
	if s.as != 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.as, Gid: s.as}}
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	first := s.command == nil
	s.command, s.ended = command, make(chan struct{})
	ended, addresses := s.ended, make(chan string, 1)
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if website, ok := strings.CutPrefix(lines.Text(), "Website URL: http://"); ok {
				addresses <- website
			}
		}
		io.Copy(io.Discard, stdout)
		command.Wait()
	}()
	if first {
		s.t.Cleanup(func() {
			s.kill()
			if s.t.Failed() {
				s.t.Logf("what the program wrote last:\n%s", s.output.tail(40))
			}
		})
	}
	select {
	case s.host = <-addresses:
		return nil
	case <-ended:
		return fmt.Errorf("parley ended at once with %s\n%s", command.ProcessState, s.output.tail(20))
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("parley did not print its addresses\n%s", s.output.tail(20))
	}
}

// kill ends the program as a crash would, and waits until it is gone.
func (s *server) kill() {
	s.command.Process.Kill()
	<-s.ended
}

// terminate asks the program to end, and returns its exit code.
func (s *server) terminate() int {
	s.t.Helper()
	s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Errorf("the program still ran %s after SIGTERM", patience)
		s.kill()
	}
	return s.command.ProcessState.ExitCode()
}

// output keeps the end of what the programs write.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	const keep = 1 << 20 // bytes
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() > 2*keep {
		rest := bytes.Clone(o.text.Bytes()[keep:])
		o.text.Reset()
		o.text.Write(rest)
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) tail(lines int) string {
	all := strings.Split(strings.TrimSpace(o.String()), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
