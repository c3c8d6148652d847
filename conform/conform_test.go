package conform

import (
	"os"
	"strings"
	"testing"
	"time"
)

// holds runs the whole suite and fails the test for each case that does not hold.
func holds(t *testing.T, target Target) {
	t.Helper()
	skipped := 0
	err := Run(t.Context(), target, func(r Result) {
		switch {
		case r.Err != nil:
			t.Errorf("%s: %s\n%v", r.Case.Name, r.Case.Why, r.Err)
		case r.Skipped != "":
			skipped++
			t.Logf("%s: not run: %s", r.Case.Name, r.Skipped)
		case r.Took > 3*time.Second:
			t.Logf("%s took %s", r.Case.Name, r.Took.Round(time.Millisecond))
		}
	})
	if err != nil && !t.Failed() {
		t.Error(err)
	}
	if all := len(Cases()); all < 50 || skipped > 5 && target.Operator != "" {
		t.Errorf("%d cases, of which %d were skipped", all, skipped)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	holds(t, serve(t, "--rate-limits", "off"))
}

// The limits of the default are kept by waiting as one is told.
func TestServeWithRateLimits(t *testing.T) {
	t.Parallel()
	target := serve(t)
	target.AtOnce = 16 // most of the time they wait
	holds(t, target)
}

// TestURL runs the suite against any chat: PARLEY_URL is the address of its
// site or of its socket, PARLEY_OPERATOR the token of an operator's link or
// nothing.
func TestURL(t *testing.T) {
	address := os.Getenv("PARLEY_URL")
	if address == "" {
		t.Skip("PARLEY_URL is not set")
	}
	target, err := Find(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	target.Operator = os.Getenv("PARLEY_OPERATOR")
	holds(t, target)
}

func TestNoServer(t *testing.T) {
	err := Run(t.Context(), Target{WebSocket: "ws://127.0.0.1:1/socket", Patience: time.Second}, func(r Result) {
		t.Errorf("%s was run", r.Case.Name)
	})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("without a server: %v", err)
	}
}

func TestFindRefuses(t *testing.T) {
	for _, address := range []string{"", "chat", "chat.example.com", "ftp://127.0.0.1/", "http://127.0.0.1:1", "https://"} {
		if target, err := Find(t.Context(), address); err == nil {
			t.Errorf("%q: %+v", address, target)
		}
	}
}

// All cases have a name of their own and say why they are there.
func TestCasesAreTold(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Cases() {
		if names[c.Name] || !strings.Contains(c.Name, "/") || !strings.HasSuffix(c.Why, ".") {
			t.Errorf("%q: %q", c.Name, c.Why)
		}
		names[c.Name] = true
	}
}
