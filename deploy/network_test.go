package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEveryCallIsLostOnce loses each call on its way, or its answer, so that only the second attempt is heard of. Nobody
// has to run anything again, and nothing is done twice.
func TestEveryCallIsLostOnce(t *testing.T) {
	t.Parallel()
	for _, answers := range []bool{false, true} {
		t.Run(fmt.Sprintf("its answer only %v", answers), func(t *testing.T) {
			undisturbed := newQuickAccount(t)
			undisturbed.mustDeploy("one", "created")
			a := newQuickAccount(t)
			a.LoseEvery(2, answers)
			a.mustDeploy("one", "created")
			if got, want := kindsOf(a), kindsOf(undisturbed); got != want {
				t.Errorf("in the account: got %s, want %s", got, want)
			}
			a.mustDeploy("two", "updated")
			if got, want := kindsOf(a), kindsOf(undisturbed); got != want {
				t.Errorf("in the account after an update: got %s, want %s", got, want)
			}
			a.mustDeploy("two", "unchanged")
			if _, err := a.destroy(t.Context()); err != nil {
				t.Fatalf("%v\n%s", err, a.told())
			}
			a.wantLeft()
			if strings.Contains(a.told(), "left:") {
				t.Errorf("left: %q", a.Left())
			}
		})
	}
}

// TestTheNetworkIsAwayForLong has it come back only after the SDK has given up every call several times.
func TestTheNetworkIsAwayForLong(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	hung := a.Hang("Distribution")
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		a.awaitWork()
		a.Cut(1, 1500*time.Millisecond)
		time.Sleep(1500 * time.Millisecond)
		hung()
	}()
	_, err := a.deploy(t.Context(), release("one"), Settings{})
	<-cut
	if err != nil {
		t.Fatalf("%v\n%s", err, a.told())
	}
	a.wantTold("AWS goes on meanwhile", "AWS is back", "Website URL: https://")
}

// awaitWork waits until AWS is at work on a first deploy.
func (a *account) awaitWork() {
	for !slices.Contains(a.Left(), "stack "+a.name+" CREATE_IN_PROGRESS") {
		time.Sleep(time.Millisecond)
	}
}

// TestTheNetworkIsGone ends with a sentence and a hint, wherever it goes away for good before AWS is at work.
func TestTheNetworkIsGone(t *testing.T) {
	undisturbed := newQuickAccount(t)
	undisturbed.mustDeploy("one", "created")
	for i, call := range undisturbed.Calls() {
		if call.Operation == "DescribeStackEvents" {
			break
		}
		t.Run(fmt.Sprintf("%d %s", i+1, call.Operation), func(t *testing.T) {
			a := newQuickAccount(t)
			a.Cut(i+1, time.Hour)
			_, err := a.deploy(t.Context(), release("one"), Settings{})
			var e *Error
			if !errors.As(err, &e) || e.Kind != Unreachable || e.Hint == "" {
				t.Errorf("got %#v, want that AWS cannot be reached", err)
			}
		})
	}
}

// TestCredentialsExpireInTheMiddle ends the watching, not the work: the same command goes on with new ones.
func TestCredentialsExpireInTheMiddle(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	hung := a.Hang("Distribution")
	done := make(chan error, 1)
	go func() {
		_, err := a.deploy(t.Context(), release("one"), Settings{})
		done <- err
	}()
	a.awaitWork()
	a.Expire(true)
	err := <-done
	var e *Error
	if !errors.As(err, &e) || e.Kind != NotSignedIn {
		t.Fatalf("got %v, want that the credentials have expired", err)
	}
	a.Expire(false)
	hung()
	a.mustDeploy("one", "unchanged")
	a.wantTold("under way already", "Website URL: https://")
}

// TestAThrottledAccount takes every third call only.
func TestAThrottledAccount(t *testing.T) {
	a := newQuickAccount(t)
	a.Throttle(3)
	a.mustDeploy("one", "created")
	a.mustDeploy("two", "updated")
	if _, err := a.destroy(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, a.told())
	}
	a.wantLeft()
}
