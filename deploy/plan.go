package deploy

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Plan is what a deployment would do, and what the chat would cost.
type Plan struct {
	*Stack
	Result  string   `json:"result"` // "new", "changed", "unchanged", or "unknown" where AWS could not be asked
	Changes []Change `json:"changes"`
	Costs   []Cost   `json:"costs"`
}

// Cost is what a month of one size of chat costs, in US dollars.
type Cost struct {
	Size    string  `json:"size"`
	Dollars float64 `json:"dollars"`
	Items   []Item  `json:"items"`
}

// Plan has AWS work out what Deploy would do. It changes nothing that stays: the
// change set is removed again, and with it the name of a stack that was not there.
func (s *Stack) Plan(ctx context.Context, r Release, set Settings) (*Plan, error) {
	if err := set.check(); err != nil {
		return nil, err
	}
	st, err := s.describe(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if err := s.ours(st); err != nil {
		return nil, err
	}
	p := &Plan{Stack: s, Result: "changed", Changes: []Change{}, Costs: Costs()}
	switch {
	case st.busy():
		return nil, &Error{Kind: Refused, Message: "an operation is under way (" + string(st.status) + "); what comes after it cannot be told yet", Hint: "parley deploy" + s.flags() + " follows it"}
	case st.status == types.StackStatusDeleteFailed, st.status == types.StackStatusUpdateRollbackFailed:
		return nil, &Error{Kind: Refused, Message: "the stack is in the state " + string(st.status) + ", which has to be mended first", Hint: "parley deploy" + s.flags() + " says how"}
	case failed(st.status):
		s.console.printf("an earlier attempt has failed; its empty stack goes first, then all is made\n")
		p.Result, p.Changes = "new", additions()
		s.show(p.Changes)
		return p, nil
	case !st.made():
		p.Result = "new"
	}
	zips, err := s.pack(ctx, r)
	if err != nil {
		return nil, err
	}
	secrets, err := s.secretSteps(ctx, st, set)
	if err != nil {
		return nil, err
	}
	cs, err := s.proposal(ctx, st, r, zips, set, secrets[len(secrets)-1]) // all steps of deploy in one
	if err != nil {
		return nil, err
	}
	if cs == nil {
		p.Result = "unchanged"
		s.console.printf("nothing to change\n")
		return p, nil
	}
	s.discard(ctx, cs)
	p.Changes = cs.changes
	s.show(cs.changes)
	return p, nil
}

// Offline is the plan of a new stack where AWS cannot be asked: what the
// template makes of its defaults.
func Offline(w io.Writer) *Plan {
	p := &Plan{Result: "unknown", Changes: additions(), Costs: Costs()}
	(&Stack{console: Console{Out: w}}).show(p.Changes)
	return p
}

// additions are what a new stack with the default settings has.
func additions() (changes []Change) {
	for _, r := range Resources() {
		switch r.Condition {
		case "", "Private", "HasSweep": // the bucket is private, and the clock goes, by default
			changes = append(changes, Change{Action: Add, Resource: r.LogicalID, Type: r.Type})
		}
	}
	sortChanges(changes)
	return changes
}

// Costs are what the sizes cost.
func Costs() (costs []Cost) {
	for _, size := range Sizes {
		bill := Estimate(size.Usage)
		costs = append(costs, Cost{size.Name, bill.Dollars(), bill.Items})
	}
	return costs
}

// WriteCosts prints costs for reading: every item, or only the dearest.
func WriteCosts(w io.Writer, costs []Cost, everything bool) {
	fmt.Fprintf(w, "A month costs, in US dollars by the prices of us-east-1, with nothing subtracted that AWS gives free of charge:\n")
	for _, c := range costs {
		line := fmt.Sprintf("  %-38s %9.2f", c.Size, c.Dollars)
		if most, ok := dearest(c.Items); ok && !everything {
			line += fmt.Sprintf("   %.2f of it %s", most.Dollars, most.Name)
		}
		fmt.Fprintln(w, line)
		if !everything {
			continue
		}
		for _, i := range c.Items {
			line := fmt.Sprintf("    %9.2f  %s: %.4g %s at %g", i.Dollars, i.Name, i.Quantity, i.Unit, i.Price)
			if i.Free != "" {
				line += "; free: " + i.Free
			}
			fmt.Fprintln(w, line)
		}
	}
	if !everything {
		fmt.Fprintln(w, "parley plan --costs shows every item, and where its price stands.")
		return
	}
	fmt.Fprintf(w, "Prices: %s\n", strings.Join(sources(costs), " "))
}

func dearest(items []Item) (most Item, ok bool) {
	for _, i := range items {
		if i.Dollars > most.Dollars {
			most, ok = i, true
		}
	}
	return most, ok
}

// sources are where the prices stand, each once.
func sources(costs []Cost) (all []string) {
	seen := map[string]bool{}
	for _, c := range costs {
		for _, i := range c.Items {
			if !seen[i.Source] {
				seen[i.Source] = true
				all = append(all, i.Source)
			}
		}
	}
	return all
}
