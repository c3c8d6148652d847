package gateway_test

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/gateway"
)

// TestNoDescriptors fears a server that, out of descriptors, stops accepting for good, or writes a log line a
// microsecond.
func TestNoDescriptors(t *testing.T) {
	var logged log
	h := newHandler()
	s := start(t, gateway.Options{Engine: gateway.EngineEpoll, MaxConnections: 10_000, Logger: logged.logger()}, h, nil)
	// Client and server take the descriptors in turns. Where the server took the last
	// one, this is the client's, and the server's next accept finds none.
	spare, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer spare.Close()
	used, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = uint64(len(used)) + 15
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	var clients []net.Conn
	for end := time.Now().Add(patience); !strings.Contains(logged.String(), "cannot accept"); {
		if c, err := net.Dial("tcp", s.address); err == nil {
			defer c.Close()
			clients = append(clients, c)
		} else {
			time.Sleep(50 * time.Millisecond) // it may be complaining right now
			if !strings.Contains(logged.String(), "cannot accept") {
				spare.Close()
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%d connections, and nobody complains", len(clients))
		}
	}
	time.Sleep(100 * time.Millisecond) // some more attempts
	if n := strings.Count(logged.String(), "cannot accept"); n != 1 {
		t.Errorf("complained %d times", n)
	}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	c, _ := s.open()
	c.send(say("hello"))
	receive(t, h.acted)
}
