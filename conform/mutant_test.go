package conform

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/protocol"
)

// A mutant is a server that is wrong in one way, with cases that find it.
type mutant struct {
	wrong   string
	foundBy string // names of cases
	says    string // what their breach has in it
	proxy   *proxy
}

// mutants are all of them; each topic has a file.
var mutants = slices.Concat(messageMutants, roomMutants, helloMutants, changeMutants, wireMutants, moderationMutants)

// sendBack ends the first connections that hear something, and tells them to come back.
func sendBack(times int) func(*link, string) []string {
	return func(l *link, frame string) []string {
		if l.number <= times+1 { // the first one is the probe's
			l.tell(`{"type":"error","code":"unavailable","message":"Please come back.","retry":true,"after":20}`)
			l.client.Close(protocol.CloseTryLater, "unavailable")
			return nil
		}
		return []string{frame}
	}
}

// Who is told to come back comes back.
func TestSentBack(t *testing.T) {
	target := (&proxy{event: sendBack(attempts - 1)}).start(t, serve(t))
	if err := RunCases(t.Context(), target, helloCases()[1:2], func(r Result) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}); err != nil {
		t.Error(err)
	}
}

// TestMutants shows that the suite can fail: each wrong server is found by the
// cases that are there for it, and for the reason that it is wrong.
func TestMutants(t *testing.T) {
	t.Parallel()
	upstream, data := serveData(t, "--rate-limits", "off")
	upstream.Patience = 2 * time.Second // presence comes after one; what does not come is most of this test's time
	found := map[string]bool{}
	var running sync.WaitGroup
	places := make(chan struct{}, 8) // more than t.Parallel would: they mostly wait
	for _, m := range mutants {
		for name := range strings.FieldsSeq(m.foundBy) {
			found[strings.ReplaceAll(name, "_", " ")] = true
		}
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			t.Run(m.wrong, func(t *testing.T) {
				target := m.proxy.start(t, upstream)
				for name := range strings.FieldsSeq(m.foundBy) {
					if strings.HasPrefix(name, "moderation/") {
						target.Operator = operatorLink(t, "--data", data)
					}
					fails(t, target, strings.ReplaceAll(name, "_", " "), m.says)
				}
			})
		})
	}
	running.Wait()
	for _, c := range Cases() {
		if !found[c.Name] {
			t.Errorf("no wrong server is found by %s", c.Name)
		}
	}
}

// fails checks that a case ends with a breach that says something.
func fails(t *testing.T, target Target, name, says string) {
	t.Helper()
	i := slices.IndexFunc(Cases(), func(c Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no case %s", name)
	}
	RunCases(context.WithoutCancel(t.Context()), target, Cases()[i:i+1], func(r Result) {
		var breach *Breach
		switch {
		case r.Err == nil:
			t.Errorf("%s holds", name)
		case !errors.As(r.Err, &breach):
			t.Errorf("%s fails, but by no breach: %v", name, r.Err)
		case !strings.Contains(r.Err.Error(), says):
			t.Errorf("%s does not say %q:\n%v", name, says, r.Err)
		case breach.Rule == "" || breach.Got == "":
			t.Errorf("%s: %+v", name, breach)
		}
	})
}
