package e2e

import (
	"testing"
	"time"
)

// TestSweepKilled: a function that sweeps is killed again and again, before a
// call is done and after. Each run goes on where the last one died.
func TestSweepKilled(t *testing.T) {
	t.Parallel()
	s, proxy := newSilent(t, 30), startProxy(t)
	p := start(t, "--management", "127.0.0.1:0", "--functions", bootstrap(t), "--dynamodb-endpoint", proxy.url, "--table", s.table, "--sweep-every", "1s")
	proxy.kill = func() { killFunctions(t, p, "OnAction") }
	const most, every = 10, 23 // kills, and writes between two
	writes, kills := 0, 0
	proxy.let(func(c call) fate {
		if c.operation != "PutItem" && c.operation != "DeleteItem" || kills == most {
			return done
		}
		if writes++; writes%every != 0 {
			return done
		}
		kills++
		return []fate{notDone, unnoticed}[kills%2]
	})
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if rules, err := s.AllRules(t.Context()); err == nil && len(rules) == 1 && len(s.left()) == 0 {
			break
		}
	}
	proxy.let(nil)
	if kills < 3 {
		t.Errorf("killed only %d times", kills)
	}
	t.Logf("killed %d times, at %d writes", kills, writes)
	s.swept()
}
