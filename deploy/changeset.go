package deploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Change is what happens to one resource of the stack.
type Change struct {
	Action     Action   `json:"action"`
	Resource   string   `json:"resource"` // its name in the template
	Type       string   `json:"type"`
	Properties []string `json:"properties,omitempty"` // those that change, sorted
}

// Action is what a change does to its resource.
type Action string

const (
	Add        Action = "add"
	Modify     Action = "change"
	Replace    Action = "replace"     // a new one is made, the old one is deleted
	MayReplace Action = "may replace" // AWS knows only when it does it
	Remove     Action = "remove"
	MayModify  Action = "may change" // depends on what another change brings
)

// changeSet is a proposal that CloudFormation has worked out and nobody has
// executed yet.
type changeSet struct {
	id      string // ARN
	stack   string // ARN
	changes []Change
}

// propose has CloudFormation work out what a template and its parameters would
// change. It returns nil when that is nothing.
func (s *Stack) propose(ctx context.Context, st state, in cloudformation.CreateChangeSetInput) (*changeSet, error) {
	in.StackName = &s.Name
	in.ChangeSetType = types.ChangeSetTypeCreate
	if st.made() {
		in.ChangeSetType = types.ChangeSetTypeUpdate
	}
	in.ChangeSetName = aws.String(changeSetPrefix + strings.ToLower(rand.Text()))
	in.ClientToken = in.ChangeSetName // the same call again, after a lost answer, is the same change set
	in.Capabilities = []types.Capability{types.CapabilityCapabilityIam}
	made, err := s.cloudformation.CreateChangeSet(ctx, &in)
	if isCode(err, "ValidationError") && strings.HasSuffix(strings.TrimRight(cause(err), ". "), "can not be updated") {
		return nil, &Error{Kind: Refused, Err: err, Message: "somebody else is changing the stack just now", Hint: "parley deploy" + s.flags() + " follows that first"}
	}
	if isCode(err, "ValidationError") { // a rule or a bound of the template
		return nil, &Error{Kind: Misused, Message: "CloudFormation does not take it: " + strings.TrimSuffix(cause(err), "."), Err: err, Hint: "parley deploy --help says what each setting may be"}
	}
	if err != nil {
		return nil, s.explain("work out the changes", err)
	}
	cs := &changeSet{id: aws.ToString(made.Id), stack: aws.ToString(made.StackId)}
	none, err := s.readChanges(ctx, cs)
	if err != nil || none {
		s.discard(ctx, cs)
		return nil, err
	}
	return cs, nil
}

// changeSetPrefix begins the names of ours.
const changeSetPrefix = "parley-"

// readChanges waits until the change set is worked out. none says that it
// changes nothing.
func (s *Stack) readChanges(ctx context.Context, cs *changeSet) (none bool, err error) {
	in := &cloudformation.DescribeChangeSetInput{ChangeSetName: &cs.id}
	for {
		out, err := s.cloudformation.DescribeChangeSet(ctx, in)
		if err != nil {
			return false, s.explain("read the changes", err)
		}
		switch reason := aws.ToString(out.StatusReason); out.Status {
		case types.ChangeSetStatusCreatePending, types.ChangeSetStatusCreateInProgress:
			if err := s.pause(ctx); err != nil {
				return false, s.explain("read the changes", err)
			}
			continue
		case types.ChangeSetStatusCreateComplete:
		default:
			if strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed") {
				return true, nil
			}
			reason = s.whyRefused(ctx, cs, reason)
			return false, &Error{Kind: Refused, Message: "CloudFormation cannot do that: " + reason, Hint: hintFor(reason)}
		}
		for _, c := range out.Changes {
			if c.ResourceChange != nil {
				cs.changes = append(cs.changes, readChange(c.ResourceChange))
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	sortChanges(cs.changes)
	return false, nil
}

func sortChanges(changes []Change) {
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank[a.Action], rank[b.Action]), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Resource, b.Resource))
	})
}

// rank orders changes for reading: what may hurt comes first.
var rank = map[Action]int{Remove: 1, Replace: 2, MayReplace: 3, Add: 4, Modify: 5, MayModify: 6}

func readChange(c *types.ResourceChange) Change {
	change := Change{Resource: aws.ToString(c.LogicalResourceId), Type: aws.ToString(c.ResourceType), Action: Modify}
	var perhaps []string // what depends on another change's result
	for _, d := range c.Details {
		if d.Target == nil {
			continue
		}
		name, list := cmp.Or(aws.ToString(d.Target.Name), string(d.Target.Attribute)), &change.Properties
		if d.Evaluation == types.EvaluationTypeDynamic {
			list = &perhaps
		}
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	certain := len(change.Properties) > 0
	if !certain {
		change.Properties = perhaps
	}
	slices.Sort(change.Properties)
	switch {
	case c.Action == types.ChangeActionAdd:
		change.Action, change.Properties = Add, nil
	case c.Action == types.ChangeActionRemove:
		change.Action, change.Properties = Remove, nil
	case c.Replacement == types.ReplacementTrue:
		change.Action = Replace
	case c.Replacement == types.ReplacementConditional:
		change.Action = MayReplace
	case len(c.Details) > 0 && !certain:
		change.Action = MayModify
	}
	return change
}

// discard removes a change set, and the stack too when it is no more than the
// name that a first change set has made. It also does it after ctx's end; what
// it cannot remove does no harm: the next deploy takes it over.
func (s *Stack) discard(ctx context.Context, cs *changeSet) {
	quick := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	s.cloudformation.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: &cs.id})
	// The stack as it is now: while the question stood, somebody else may have made it.
	if st, err := s.describe(ctx, cs.stack); err != nil || st.made() || s.othersPropose(ctx, cs) {
		return
	}
	if _, err := s.cloudformation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &cs.stack}); err != nil || quick {
		return
	}
	s.awaitGone(ctx, cs.stack)
}

// awaitGone waits until a stack is no more.
func (s *Stack) awaitGone(ctx context.Context, stack string) error {
	for {
		st, err := s.describe(ctx, stack)
		if err != nil || !st.exists() {
			return err
		}
		if err := s.pause(ctx); err != nil {
			return s.goesOn()
		}
	}
}

// tidy removes change sets of ours that a deploy left which died. Where there is
// something to change, executing that removes all others.
func (s *Stack) tidy(ctx context.Context, st state) {
	pages := cloudformation.NewListChangeSetsPaginator(s.cloudformation, &cloudformation.ListChangeSetsInput{StackName: &st.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return // they cost nothing and hinder nobody
		}
		for _, c := range page.Summaries {
			executed := strings.HasPrefix(string(c.ExecutionStatus), "EXECUTE_")
			old := c.Status == types.ChangeSetStatusFailed || time.Since(aws.ToTime(c.CreationTime)) > abandoned
			if old && !executed && strings.HasPrefix(aws.ToString(c.ChangeSetName), changeSetPrefix) {
				s.cloudformation.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: c.ChangeSetId})
			}
		}
	}
}

// abandoned is the age from which a change set is one whose maker has died:
// nobody thinks so long about a question.
const abandoned = time.Hour

// othersPropose says that somebody else may be looking at a change set of the
// stack just now.
func (s *Stack) othersPropose(ctx context.Context, cs *changeSet) bool {
	pages := cloudformation.NewListChangeSetsPaginator(s.cloudformation, &cloudformation.ListChangeSetsInput{StackName: &cs.stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return true
		}
		for _, other := range page.Summaries {
			if aws.ToString(other.ChangeSetId) != cs.id && other.Status == types.ChangeSetStatusCreateComplete && time.Since(aws.ToTime(other.CreationTime)) < abandoned {
				return true
			}
		}
	}
	return false
}
