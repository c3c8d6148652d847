package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A function is killed at each call it makes of DynamoDB for a message, before
// it is done and after. The sender tries again: the message is in the log once,
// without a hole, and everybody has it.
func TestKilledFunction(t *testing.T) {
	proxy := startProxy(t)
	p := startStackOn(t, proxy.url)
	proxy.kill = func() { killFunctions(t, p, "OnAction") }
	rooms := 0
	for _, c := range []struct {
		name   string
		before int // messages in the room
		when   fate
	}{
		{"before a call, in a new room", 0, notDone},
		{"after a call, in a new room", 0, unnoticed},
		{"before a call", 2, notDone},
		{"after a call", 2, unnoticed},
	} {
		t.Run(c.name, func(t *testing.T) {
			points := 0
			for ; ; points++ {
				rooms++
				if !killAt(t, p, proxy, fmt.Sprintf("room %d", rooms), c.before, points+1, c.when) {
					break
				}
				if t.Failed() {
					return
				}
			}
			if points < 6 {
				t.Errorf("only %d points were tried", points)
			}
			t.Logf("killed at each of %d calls", points)
		})
	}
}

// killAt says a message in a room, and has the function killed at the n-th call
// that it makes; false: it made fewer.
func killAt(t *testing.T, p *program, proxy *dynamodbProxy, room string, before, n int, when fate) (killed bool) {
	t.Helper()
	sender := enter(t, p, "Ada in "+room)
	members := []*connection{sender, enter(t, p, "Grace in "+room), connect(t, p, "parley.v1")}
	members[2].send(`{"type":"hello"}`)
	for _, c := range members {
		c.send(map[string]any{"type": "join", "room": room})
		for e := c.next("joined", "error"); e.Room != room; e = c.next("joined", "error") {
			if e.Type == "error" {
				t.Fatalf("join was answered by %s", e.raw)
			}
		}
		defer c.ws.CloseNow()
	}
	say := func(id string) {
		sender.send(map[string]any{"type": "message", "room": room, "id": id, "text": "this is " + id})
	}
	for i := range before {
		say(fmt.Sprint("before ", i))
		sender.next("message")
	}
	proxy.take()
	calls, at := 0, ""
	proxy.let(func(c call) fate {
		if calls++; calls != n {
			return done
		}
		killed, at = true, c.operation
		return when
	})
	say("x")
	first := sender.next("", "message", "error") // API Gateway's own word has no type
	proxy.let(nil)
	at = fmt.Sprintf("killed at call %d, %s", n, at)
	if killed != (first.Type == "") || killed && first.Message != "Internal server error" {
		t.Errorf("%s: the sender was told %s", at, first.raw)
	}
	// An idle process was killed as well, and may be found dead by the second try.
	own := first
	for tries := 0; own.Type == "" && tries < 3; tries++ {
		say("x")
		own = sender.next("", "message", "error")
	}
	for i, c := range members {
		e := own
		if i > 0 {
			for e = c.next("message", "error"); e.Seq <= uint64(before); {
				e = c.next("message", "error")
			}
		}
		if e.Type != "message" || e.ID != "x" || e.Seq != uint64(before+1) {
			t.Errorf("%s: member %d got %s, want sequence %d", at, i, e.raw, before+1)
		}
	}
	stored := history(t, p, room) // it has looked for holes
	if len(stored) != before+1 || stored[before].ID != "x" {
		t.Errorf("%s: stored are %+v, want %d messages", at, stored, before+1)
	}
	return killed
}

// killFunctions ends all processes of one function.
func killFunctions(t testing.TB, p *program, name string) {
	for _, pid := range functionProcesses(t, p, name) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// functionProcesses returns the processes that a stack runs for a function. It
// may be called by any goroutine.
func functionProcesses(t testing.TB, p *program, name string) (pids []int) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.command.Process.Pid))
	if err != nil || len(lists) == 0 {
		t.Errorf("no list of children: %v", err)
	}
	for _, list := range lists {
		children, _ := os.ReadFile(list) // a thread may end meanwhile
		for _, child := range strings.Fields(string(children)) {
			environment, _ := os.ReadFile("/proc/" + child + "/environ")
			if bytes.Contains(environment, []byte("_HANDLER="+name+"\x00")) {
				pid, _ := strconv.Atoi(child)
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
