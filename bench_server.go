package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// benchServer is parley serve in a process of its own, with data of its own.
type benchServer struct {
	command *exec.Cmd
	data    string
	socket  string // its URL
	log     *lastBytes
	exited  chan error
}

const (
	startPatience = 20 * time.Second
	stopPatience  = 15 * time.Second // longer than serve itself takes, at most
)

// startServer starts this program once more. Its data stand in a new folder below
// dir, or below the system's temporary one.
func startServer(ctx context.Context, args []string, dir string, cores pinning) (*benchServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	data, err := os.MkdirTemp(dir, "parley-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server's data: %w", err)
	}
	s := &benchServer{data: data, log: &lastBytes{}, exited: make(chan error, 1)}
	s.command = exec.Command(self)
	s.command.Args = append([]string{"parley", "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data", data}, args...)
	s.command.Env = withoutSettings(os.Environ())
	s.command.Stderr = s.log
	s.command.SysProcAttr = apart()
	stdout, err := s.command.StdoutPipe()
	if err == nil {
		err = cores.start(s.command)
	}
	if err != nil {
		os.RemoveAll(data)
		return nil, fmt.Errorf("start the server: %w", err)
	}
	said := make(chan string, 1)
	go func() { // ends with the server's standard output
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if socket, found := strings.CutPrefix(lines.Text(), "WebSocket URL: "); found {
				said <- socket
			}
		}
		s.exited <- s.command.Wait()
	}()
	select {
	case s.socket = <-said:
		return s, nil
	case err = <-s.exited:
		s.exited <- err
		err = fmt.Errorf("the server did not start (%v):\n%s", err, s.log)
	case <-time.After(startPatience):
		err = errors.New("the server did not start in time")
	case <-ctx.Done():
		err = &failure{err: errors.New("interrupted"), code: exitInterrupted}
	}
	s.stop()
	return nil, err
}

func (s *benchServer) pid() int { return s.command.Process.Pid }

// stop ends the server and deletes its data.
func (s *benchServer) stop() {
	if s.command.Process.Signal(os.Interrupt) != nil { // Windows has no such signal
		s.command.Process.Kill()
	}
	select {
	case <-s.exited:
	case <-time.After(stopPatience):
		s.command.Process.Kill()
		<-s.exited
	}
	os.RemoveAll(s.data)
}

// withoutSettings is an environment without what parley reads from it: what is
// measured is what the command line says.
func withoutSettings(all []string) (rest []string) {
	for _, variable := range all {
		if !strings.HasPrefix(variable, "PARLEY_") {
			rest = append(rest, variable)
		}
	}
	return rest
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lastBytes) Write(b []byte) (int, error) {
	const most = 4 << 10
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(b)
	l.b.Next(max(0, l.b.Len()-most))
	return len(b), nil
}

func (l *lastBytes) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(l.b.String())
}
