package deploy

import (
	"slices"
	"strings"
	"testing"
)

func (a *account) plan(r Release) (*Plan, error) {
	s, err := a.open(a.t.Context())
	if err != nil {
		return nil, err
	}
	return s.Plan(a.t.Context(), r, Settings{})
}

// TestPlan shows what deploy would do, and leaves the account as it was.
func TestPlan(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	p, err := a.plan(release("one"))
	if err != nil || p.Result != "new" || len(p.Costs) != len(Sizes) {
		t.Fatalf("got %+v, %v", p, err)
	}
	if !slices.EqualFunc(p.Changes, additions(), func(a, b Change) bool { return a.Resource == b.Resource && a.Action == b.Action }) {
		t.Errorf("asked AWS: %v\noffline: %v", p.Changes, additions())
	}
	if left := a.Left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}

	a.Fail("Stage", "no")
	a.deploy(t.Context(), release("one"), Settings{})
	a.Fail("Stage", "")
	if p, err := a.plan(release("one")); err != nil || p.Result != "new" {
		t.Errorf("after a failure: %+v, %v", p, err)
	}
	a.wantLeft(artifacts, "stack parley ROLLBACK_COMPLETE")

	a.mustDeploy("one", "created")
	before := a.Left()
	if p, err := a.plan(release("one")); err != nil || p.Result != "unchanged" || len(p.Changes) > 0 {
		t.Errorf("the same: %+v, %v", p, err)
	}
	if p, err := a.plan(release("two")); err != nil || p.Result != "changed" || len(p.Changes) == 0 {
		t.Errorf("another: %+v, %v", p, err)
	}
	if !slices.Equal(a.Left(), before) || a.describe().parameters["Version"] != "1.0.0-one" {
		t.Errorf("left: %q, before: %q", a.Left(), before)
	}
}

func TestWriteCosts(t *testing.T) {
	var short, long strings.Builder
	WriteCosts(&short, Costs(), false)
	WriteCosts(&long, Costs(), true)
	for _, size := range Sizes {
		for _, text := range []string{short.String(), long.String()} {
			if !strings.Contains(text, size.Name) {
				t.Errorf("%q is not in\n%s", size.Name, text)
			}
		}
	}
	for _, item := range Estimate(Sizes[1].Usage).Items {
		if !strings.Contains(long.String(), item.Name) || !strings.Contains(long.String(), item.Source) {
			t.Errorf("%q from %s is not in\n%s", item.Name, item.Source, long.String())
		}
	}
}
