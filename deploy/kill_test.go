package deploy

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync/atomic"
	"testing"
	"time"
)

// killer stands between a command and AWS. From its k-th call on the command
// is dead: nothing of it arrives any more, and its context ends. What it
// cannot do is what kill -9 would keep it from, too.
type killer struct {
	proxy  http.Handler
	at     int64 // the call, from 1; 0: none
	lost   bool  // the k-th call arrives, and only its answer does not
	calls  atomic.Int64
	killed context.CancelFunc
}

func newKiller(a *account) *killer {
	target, err := url.Parse(a.URL)
	if err != nil {
		a.t.Fatal(err)
	}
	k := &killer{proxy: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(k)
	a.t.Cleanup(server.Close)
	a.endpoint = server.URL
	return k
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := k.calls.Add(1)
	if k.at == 0 || n < k.at {
		k.proxy.ServeHTTP(w, r)
		return
	}
	if k.lost && n == k.at {
		k.proxy.ServeHTTP(httptest.NewRecorder(), r)
	}
	k.killed()
	panic(http.ErrAbortHandler)
}

// TestKilledAtEachCall kills deploy, an update, a rotation and destroy at each of their
// calls, before it arrives and before its answer does. The same command again
// ends well, the account has what it has after an undisturbed one, and nobody was
// locked out meanwhile.
func TestKilledAtEachCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		before  func(*account)
		command func(*account, context.Context) error
	}{
		{"first deploy", func(*account) {}, func(a *account, ctx context.Context) error {
			_, err := a.deploy(ctx, release("one"), Settings{})
			return err
		}},
		{"update", func(a *account) { a.mustDeploy("one", "created") }, func(a *account, ctx context.Context) error {
			_, err := a.deploy(ctx, release("two"), Settings{})
			return err
		}},
		{"another origin secret", func(a *account) { a.mustDeploy("one", "created") }, func(a *account, ctx context.Context) error {
			_, err := a.deploy(ctx, release("one"), Settings{RotateOriginSecret: true})
			return err
		}},
		{"destroy", func(a *account) { a.mustDeploy("one", "created") }, func(a *account, ctx context.Context) error {
			_, err := a.destroy(ctx)
			return err
		}},
	} {
		undisturbed := newQuickAccount(t)
		c.before(undisturbed)
		counting := newKiller(undisturbed)
		if err := c.command(undisturbed, t.Context()); err != nil {
			t.Fatal(err)
		}
		want, all := kindsOf(undisturbed), undisturbed.Calls()
		calls := all[len(all)-int(counting.calls.Load()):]
		for i, call := range calls {
			if i > 0 && call == calls[i-1] {
				continue // it looks again and again
			}
			at := int64(i + 1)
			for _, lost := range []bool{false, true} {
				if lost && asks.MatchString(call.Operation) {
					continue // the same as if it had not arrived
				}
				t.Run(fmt.Sprintf("%s/%d %s, answer lost %v", c.name, at, call.Operation, lost), func(t *testing.T) {
					t.Parallel()
					a := newQuickAccount(t)
					c.before(a)
					a.told()
					k := newKiller(a)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					k.at, k.lost, k.killed = at, lost, cancel
					first := c.command(a, ctx)
					if k.calls.Load() >= at && first == nil {
						return // killed while it looked, after the end
					}
					before := a.told()
					a.endpoint = a.URL
					if err := c.command(a, t.Context()); err != nil {
						t.Fatalf("run again: %v\nkilled: %v\n%s\nagain:\n%s", err, first, before, a.told())
					}
					if got := kindsOf(a); got != want {
						t.Errorf("in the account: got %s, want %s\nkilled: %v\n%s\nagain:\n%s", got, want, first, before, a.told())
					}
				})
			}
		}
	}
}

// asks are calls that change nothing.
var asks = regexp.MustCompile(`^(Describe|List|Head|Get)`)

// newQuickAccount is one in which a distribution takes 15 ms and the site nothing.
func newQuickAccount(t *testing.T) *account {
	a := newAccount(t)
	a.Speed, a.Custom, a.poll = 20_000, nil, time.Millisecond
	a.watchSecrets()
	return a
}

// kindsOf counts what is in the account by its kind.
func kindsOf(a *account) string {
	counts := map[string]int{}
	for _, thing := range a.Left() {
		var kind, rest string
		fmt.Sscan(thing, &kind, &rest)
		counts[kind]++
	}
	return fmt.Sprint(counts)
}
