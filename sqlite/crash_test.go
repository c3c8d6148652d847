package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parley/chat"
)

// childEnv tells the test binary to be a server that will be killed: it holds
// the directory and what to do there, separated by a space.
const childEnv = "PARLEY_SQLITE_TEST_CHILD"

func runChild(what string) {
	job, dir, _ := strings.Cut(what, " ")
	s, err := Open(ctx(), Options{Dir: dir, Durability: Durability(os.Getenv("PARLEY_SQLITE_TEST_DURABILITY"))})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	switch job {
	case "hold":
		fmt.Println("open")
	case "append":
		for speaker := range 8 {
			go appendForEver(s, speaker)
		}
	}
	select {} // until killed
}

// appendForEver prints each acknowledgement, as soon as there is one, in one
// write: a line is complete or not there.
func appendForEver(s *Store, speaker int) {
	run := os.Getpid()
	for n := 0; ; n++ {
		room, person := fmt.Sprint("room", n%3), fmt.Sprintf("p%d", speaker)
		entries := []chat.Entry{message(person, n), message(person, n)}
		for i := range entries {
			entries[i].ID = fmt.Sprintf("%d.%d.%d", run, n, i)
			entries[i].Text = entries[i].ID + strings.Repeat(" and so on", n%50)
		}
		appended, err := s.Append(ctx(), room, entries...)
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		var lines strings.Builder
		for _, a := range appended {
			fmt.Fprintln(&lines, "acknowledged", room, a.Seq, person, a.ID)
		}
		os.Stdout.WriteString(lines.String())
	}
}

func startChild(t *testing.T, what string, env ...string) (lines *bufio.Scanner, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(append(os.Environ(), childEnv+"="+what), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines = bufio.NewScanner(out)
	kill = func() { cmd.Process.Kill() } // SIGKILL: nothing can be tidied up
	t.Cleanup(func() {
		kill()
		cmd.Wait()
	})
	return lines, kill
}

// TestKill kills a process that appends as fast as it can, several times over,
// and wants what it had acknowledged, once and in its place.
func TestKill(t *testing.T) {
	for _, durability := range []Durability{Full, Normal} {
		t.Run(string(durability), func(t *testing.T) { killAndReopen(t, durability) })
	}
}

func killAndReopen(t *testing.T, durability Durability) {
	type place struct {
		room string
		seq  uint64
	}
	dir := t.TempDir()
	acknowledged := make(map[place]string)
	epoch := ""
	for round := range 6 {
		lines, kill := startChild(t, "append "+dir, "PARLEY_SQLITE_TEST_DURABILITY="+string(durability))
		target := len(acknowledged) + 200 + 317*round
		timer := time.AfterFunc(20*time.Second, kill) // a child that hangs ends the scan
		for lines.Scan() {                            // to the end: what stood in the pipe when it died counts
			var p place
			var person, id string
			if _, err := fmt.Sscanf(lines.Text(), "acknowledged %s %d %s %s", &p.room, &p.seq, &person, &id); err != nil {
				t.Fatalf("child: %q", lines.Text())
			}
			if other, ok := acknowledged[p]; ok {
				t.Fatalf("%+v was acknowledged to %q and to %q", p, other, person+" "+id)
			}
			acknowledged[p] = person + " " + id
			if len(acknowledged) == target {
				kill()
			}
		}
		if !timer.Stop() {
			t.Fatal("the child hangs")
		}
		if len(acknowledged) < target {
			t.Fatalf("the child ended after %d of %d acknowledgements", len(acknowledged), target)
		}

		s := openTest(t, Options{Dir: dir, Durability: durability})
		seen := make(map[string]bool)
		for room := range 3 {
			name := fmt.Sprint("room", room)
			extent, err := s.Extent(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if epoch == "" {
				epoch = extent.Epoch
			}
			if extent.Epoch != epoch {
				t.Errorf("round %d: the epoch changed, though the machine ran on", round)
			}
			entries, err := s.Range(t.Context(), name, 1, extent.Head, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range entries {
				key := name + " " + e.Person + " " + e.ID
				if e.Seq != uint64(i)+1 || e.Lost || seen[key] {
					t.Fatalf("round %d, %s: entry %d is %+v, seen before: %v", round, name, i+1, e, seen[key])
				}
				seen[key] = true
				if i%2 == 1 && entries[i-1].Person != e.Person {
					t.Fatalf("round %d, %s: half of a call is there, at %d", round, name, e.Seq)
				}
				if who, ok := acknowledged[place{name, e.Seq}]; ok && who != e.Person+" "+e.ID {
					t.Errorf("%s, %d: acknowledged to %q, found %q", name, e.Seq, who, e.Person+" "+e.ID)
				}
			}
			if len(entries)%2 != 0 {
				t.Errorf("%s: %d entries, of calls of two", name, len(entries))
			}
			for p := range acknowledged {
				if p.room == name && p.seq > extent.Head {
					t.Errorf("round %d: %+v was acknowledged and is gone; head is %d", round, p, extent.Head)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
