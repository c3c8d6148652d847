//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own program be the other servers.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		fmt.Fprintln(os.Stderr, serve(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestPeers has each of them carry each case, with few connections.
func TestPeers(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("two cores are needed: one for the server, one for the generator")
	}
	o := options{peers: names(), runs: 1, duration: 200 * time.Millisecond, divisor: 50}
	for name, l := range loads {
		l.name = name
		o.cases = append(o.cases, l)
	}
	results, err := measureAll(t.Context(), o, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	if want := len(loads) * len(peers); len(results) != want {
		t.Errorf("%d results, want %d", len(results), want)
	}
	for _, r := range results {
		if r.Lost != 0 {
			t.Errorf("%s, %s: %d deliveries lost", r.Case, r.Peer, r.Lost)
		}
		if idle := loads[r.Case].publishers == 0; !idle && (r.Deliveries == 0 || r.CPU <= 0 || r.P99 < r.P50 || r.P50 <= 0) || idle && r.Accept <= 0 {
			t.Errorf("nothing was measured: %+v", r)
		}
	}
	if text := table(results); !strings.Contains(text, "| fanout: CPU s per million deliveries |") {
		t.Error(text)
	}
}

// TestLook finds marks wherever a read ends.
func TestLook(t *testing.T) {
	stream := "junk^000000000xx^000000001yy" + string(mark) + "000000002"
	for _, step := range []int{1, 3, 10, len(stream)} {
		g := &generator{sentAt: [][]time.Time{make([]time.Time, 3)}, underWay: []int{3}}
		c := &connection{publisher: 0}
		for part := range slices.Chunk([]byte(stream), step) {
			if err := g.look(c, part); err != nil {
				t.Fatal(step, err)
			}
		}
		if len(g.took) != 3 || g.underWay[0] != 0 {
			t.Errorf("in steps of %d: %d deliveries, %d under way", step, len(g.took), g.underWay[0])
		}
	}
	g := &generator{sentAt: [][]time.Time{nil}}
	if err := g.look(&connection{}, []byte("^000000000")); err == nil {
		t.Error("a mark that was never sent was taken")
	}
}
