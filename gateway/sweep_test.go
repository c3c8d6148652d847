package gateway

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestNobodyIsGivenUpUnasked fears a process that was stopped for a minute (a laptop's lid, a busy machine) and then
// takes its own absence for everybody's silence.
func TestNobodyIsGivenUpUnasked(t *testing.T) {
	s := New(Options{})
	client, server := net.Pipe()
	defer client.Close()
	go io.Copy(io.Discard, client)
	c := &connection{server: s}
	a := &attended{connection: c, socket: newSocket(server)}
	a.idle.L = &c.mu
	c.carrier = a
	c.check(time.Minute)
	if !c.isOpen() || time.Duration(c.pinged.Load()) != time.Minute {
		t.Fatalf("open %t, pinged at %v; want it asked", c.isOpen(), time.Duration(c.pinged.Load()))
	}
	c.mu.Lock()
	for c.flushing { // the ping has not gone out
		a.idle.Wait()
	}
	c.mu.Unlock()
	c.check(time.Minute + answerTimeout)
	if !c.isOpen() {
		t.Fatal("given up before it could answer")
	}
	c.check(time.Minute + answerTimeout + sweepInterval)
	if c.isOpen() {
		t.Error("never given up")
	}
}
