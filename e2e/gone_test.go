package e2e

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// API Gateway delivers $disconnect at best effort. A connection whose row has
// stayed is found out by the first post to it: its rows are deleted once, and
// all who are there get the message.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
func TestGone(t *testing.T) {
	const all, gone = 1000, 100
	proxy := startProxy(t)
	p := startStackOn(t, proxy.url)
	c := crowd(t, p, gone)
	settled := time.Now().Add(10 * time.Second) // a silent one that is younger may be connecting still
	c = append(c, crowd(t, p, all-gone)...)

	// Their OnDisconnect is invoked, but can do nothing.
	var mu sync.Mutex
	missed := map[string]bool{}
	proxy.let(func(c call) fate {
		pk, _ := c.key()
		mu.Lock()
		defer mu.Unlock()
		missed[pk] = true
		return denied
	})
	for _, left := range c[:gone] {
		left.ws.CloseNow()
	}
	wait(t, "$disconnect for each that has gone", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(missed) >= gone
	})
	proxy.take()
	proxy.let(nil)
	time.Sleep(time.Until(settled))

	sender := c[gone]
	for round := 1; round <= 3; round++ {
		sender.send(sampleFrame)
		wait(t, "the message for all who are there", func() bool {
			n := 0
			for _, there := range c[gone:] {
				if there.heard.Load() >= int64(round) {
					n++
				}
			}
			return n == all-gone
		})
		want := 0
		if round == 1 {
			want = gone
			wait(t, "the rows' deletion", func() bool { return proxy.count("DeleteItem") >= 2*gone })
		}
		calls := proxy.take()
		t.Logf("message %d to %d: %s", round, all-gone, tell(calls))
		members, rows := map[string]int{}, map[string]int{}
		for _, call := range calls {
			pk, sk := call.key()
			switch {
			case call.operation != "DeleteItem":
			case strings.HasPrefix(pk, "M#"):
				members[sk]++
			default:
				rows[pk+" "+sk]++
			}
		}
		if len(members) != want || len(rows) != want {
			t.Errorf("message %d: %d members and %d connections were deleted, want %d", round, len(members), len(rows), want)
		}
		for _, deleted := range []map[string]int{members, rows} {
			for key, times := range deleted {
				if times != 1 || !missed["C#"+key] && !missed[strings.Fields(key)[0]] {
					t.Errorf("message %d: %s was deleted %d times; had its connection gone?", round, key, times)
				}
			}
		}
	}
	for i, there := range c[gone:] {
		if n := there.heard.Load(); n != 3 {
			t.Errorf("connection %d got %d messages, want 3", i, n)
		}
	}
}

// counting is a connection that counts the messages it gets.
type counting struct {
	*connection
	heard atomic.Int64
}

// crowd connects n times without the sub-protocol, all of which are in the
// general room at once.
func crowd(t testing.TB, p *program, n int) []*counting {
	t.Helper()
	const atOnce = 16
	all := make([]*counting, n)
	ctx, cancel := context.WithCancel(t.Context())
	var dialing, reading sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		for _, c := range all {
			if c != nil {
				c.ws.CloseNow()
			}
		}
		reading.Wait()
	})
	var next atomic.Int64
	for range atOnce {
		dialing.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				c, err := dial(ctx, t, p.socket)
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				counts := &counting{connection: c}
				all[i] = counts
				reading.Go(func() {
					for {
						e, err := c.read(ctx)
						if err != nil {
							return
						}
						if e.Type == "message" {
							counts.heard.Add(1)
						}
					}
				})
			}
		})
	}
	dialing.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// wait waits until something is so.
func wait(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", 2*patience, what)
		}
	}
}
