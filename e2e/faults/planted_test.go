//go:build linux && planted

package faults

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"parley/planted"
)

// findings tell for each bug which scenario finds it, and as what.
var findings = []struct {
	bug      planted.Bug
	scenario string
	as       fault // or more, separated by |
}{
	{planted.EarlyAcknowledgement, "kill", lost},
	{planted.NoDedupe, "cut", doubled},
	{planted.NoDedupe, "killed function", doubled},
	{planted.Reorder, "kill", outOfOrder},
	{planted.ResumeOffByOne, "storm", lost},
	{planted.BlockingBroadcast, "stopped reader", stalled},
	{planted.UnboundedQueue, "stopped reader", kept},
	{planted.NoReaping, "half-open", kept},
	{planted.NoChecksum, "flipped bytes", altered},
	{planted.NoSync, "power cuts", lost},
	{planted.LostEdit, "network", lost + "|" + refused},
	{planted.ClockTrusted, "clock", outOfOrder},
	{planted.EpochKept, "restored", lost},
	{planted.StaleMember, "storm", kept},
	{planted.IgnoredFailure, "full disk", lost},
	{planted.DescriptorLeak, "descriptors", kept},
	{planted.OverwrittenEntry, "rough cloud", altered + "|" + lost},
	{planted.LostClaim, "killed function", lost},
}

// TestPlanted runs the harness once for each bug that can be planted: a
// scenario finds it, and finds nothing where there is no bug. The programs and
// this test are the same both times.
func TestPlanted(t *testing.T) {
	if os.Getenv(planted.Variable) != "" {
		t.Fatalf("%s is set; this test sets it", planted.Variable)
	}
	for _, build := range []func() (string, error){parley, bootstrap} {
		if _, err := build(); err != nil {
			t.Fatal(err)
		}
	}
	sound := map[string]bool{}
	found := map[planted.Bug]bool{}
	for _, f := range findings {
		t.Run(string(f.bug), func(t *testing.T) {
			if !sound[f.scenario] {
				sound[f.scenario] = true
				if out, err := scenario(f.scenario, ""); err != nil {
					t.Errorf("without a bug: %v\n%s", err, out)
				}
			}
			out, err := scenario(f.scenario, f.bug)
			for range 2 { // chance has a part in every scenario; the long ones go on much longer than this
				if err == nil {
					out, err = scenario(f.scenario, f.bug)
				}
			}
			switch wrong := regexp.MustCompile(`(?m)^.*_test\.go:\d+: ((?:` + string(f.as) + `): .*)$`).FindStringSubmatch(out); {
			case err == nil:
				t.Errorf("%s did not find it, three times:\n%s", f.scenario, out)
			case wrong == nil:
				t.Errorf("%s found something, but nothing that is %s:\n%s", f.scenario, f.as, out)
			default:
				t.Logf("found by %q: %s", f.scenario, wrong[1])
				found[f.bug] = true
			}
		})
	}
	for _, bug := range planted.Bugs() {
		if !found[bug] && !t.Failed() && !onlySome() {
			t.Errorf("%s was not found", bug)
		}
	}
}

// onlySome tells that sub-tests were chosen.
func onlySome() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

// scenario runs one of TestFaults with a bug, and returns what it wrote.
func scenario(name string, bug planted.Bug) (string, error) {
	command := exec.Command(os.Args[0], "-test.run=^TestFaults$/^"+strings.ReplaceAll(name, " ", "_")+"$", "-test.timeout=5m", "-test.v")
	command.Env = append(os.Environ(), planted.Variable+"="+string(bug), programsVariable+"="+scratch)
	out, err := command.CombinedOutput()
	return string(out), err
}
