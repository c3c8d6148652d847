// Package chattest is what every implementation of chat's ports is held to:
// the maps of package memory, the file of package sqlite, a DynamoDB table. It
// tests what the ports promise and nothing that only one home happens to do.
package chattest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley/protocol"
)

// hostile are names, ids and texts that have broken somebody's keys, queries or
// logs. None is longer than the protocol lets through, and all differ, also
// where an implementation might fold case, normalise or trim.
var hostile = []string{
	"room#x", "room:x", "room", "Room", "room ", " room", "#", "##", ":", "#:#",
	"I#room#id", "L#room", "room\x00", "room\x00x", "\x00", "'", `"`, `'; DROP TABLE entry; --`,
	`\`, `\u0000`, "%", "_", "?", "?1", "$x", "{}", "[]", "null", "NULL", "0", "-1", "../room",
	"caf\u00e9", "cafe\u0301", "👩‍👩‍👧", "\u2028", "\u2029", "\u202eroom", "\ufeff", "\U0010ffff", "\n", "\r\n", "\t",
	strings.Repeat("r", protocol.MaxRoomRunes), strings.Repeat("\U0001f600", protocol.MaxIDBytes/4),
}

// unique tells apart what tests leave behind in one store.
var unique atomic.Uint64

// fresh returns a name that no other call in this process returns.
func fresh(what string) string { return fmt.Sprintf("%s-%d", what, unique.Add(1)) }

// together calls do(0) … do(n-1) at once and waits for all.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

// cancelled returns a context that is over.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// must ends the test if a call on which the rest depends has failed.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}
