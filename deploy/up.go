package deploy

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Deployed is what a deployment did.
type Deployed struct {
	*Stack
	Result       string   `json:"result"` // "created", "updated" or "unchanged"
	WebsiteURL   string   `json:"websiteUrl"`
	WebSocketURL string   `json:"webSocketUrl"`
	Version      string   `json:"version"`
	Changes      []Change `json:"changes"`
	Seconds      int      `json:"seconds"` // that CloudFormation took
}

// Deploy makes the stack, or changes it, into what this release is. It shows
// what would change and asks before anything does.
//
// It may be interrupted at any moment: before AWS has begun, nothing has
// changed; afterwards AWS goes on, and the next call joins it.
func (s *Stack) Deploy(ctx context.Context, r Release, set Settings) (*Deployed, error) {
	if err := set.check(); err != nil {
		return nil, err
	}
	st, err := s.settle(ctx)
	if err != nil {
		return nil, err
	}
	zips, err := s.pack(ctx, r)
	if err != nil {
		return nil, err
	}
	secrets, err := s.secretSteps(ctx, st, set)
	if err != nil {
		return nil, err
	}
	cs, err := s.proposal(ctx, st, r, zips, set, secrets[0])
	if err != nil {
		return nil, err
	}
	if cs == nil {
		s.console.printf("nothing to change\n")
		s.tidy(ctx, st)
		return s.finish(ctx, "unchanged", nil, 0)
	}
	if err := s.agree(ctx, cs, set); err != nil {
		s.discard(ctx, cs)
		return nil, err
	}
	if err := s.upload(ctx, zips.functions, zips.website); err != nil {
		s.discard(ctx, cs)
		return nil, err
	}
	took, err := s.execute(ctx, cs)
	if err != nil {
		return nil, err
	}
	changes := cs.changes
	for _, next := range secrets[1:] {
		if cs, err = s.swap(ctx, cs, next); err != nil {
			return nil, err
		}
		more, err := s.execute(ctx, cs)
		if err != nil {
			return nil, err
		}
		took, changes = took+more, merge(changes, cs.changes)
		s.console.printf("the secret before it is taken until the next deploy\n")
	}
	// The zips before these are what a rollback of the next change needs.
	if err := s.sweep(ctx, time.Now().Add(-24*time.Hour), zips.functions.key, zips.website.key, st.parameters["FunctionsKey"], st.parameters["WebsiteKey"]); err != nil {
		s.console.printf("old programs stay in the bucket: %v\n", err)
	}
	result := "updated"
	if !st.made() {
		result = "created"
	}
	return s.finish(ctx, result, changes, took)
}

// zips are what Lambda gets.
type zips struct{ functions, website artifact }

func (s *Stack) pack(ctx context.Context, r Release) (zips, error) {
	p, err := r.Packages(ctx)
	if ctx.Err() != nil {
		return zips{}, s.explain("make the packages", ctx.Err())
	}
	if err != nil {
		return zips{}, err
	}
	return zips{newArtifact("functions", ".zip", p.Functions), newArtifact("website", ".zip", p.Website)}, nil
}

// proposal is the change set of this release, nil when it changes nothing.
func (s *Stack) proposal(ctx context.Context, st state, r Release, zips zips, set Settings, secrets originSecrets) (*changeSet, error) {
	s.console.printf("work out what changes\n")
	return s.propose(ctx, st, cloudformation.CreateChangeSetInput{
		TemplateBody: aws.String(Template), Parameters: s.values(st, r, zips, set, secrets), Tags: set.tags(st), Description: aws.String("parley " + r.Version),
	})
}

// agree shows the changes and asks. Nobody is asked whether to lose messages:
// that takes a flag.
func (s *Stack) agree(ctx context.Context, cs *changeSet, set Settings) error {
	s.show(cs.changes)
	for _, c := range cs.changes {
		if loses(c) && !set.AllowReplacement {
			return &Error{Kind: Refused, Message: "this would delete " + c.Resource + " with all that was said, so nothing was changed", Hint: "--allow-replacement does it nevertheless"}
		}
	}
	yes, err := s.console.confirm(ctx, "Go ahead? Type yes:", "yes")
	if err != nil {
		return err
	}
	if !yes {
		return errDeclined
	}
	return nil
}

// execute has CloudFormation do what the change set says, and follows it. It
// returns how long that took; what was undone again is an error.
func (s *Stack) execute(ctx context.Context, cs *changeSet) (took time.Duration, err error) {
	mark, err := s.lastMark(ctx, cs.stack)
	if err != nil {
		return 0, err
	}
	token := changeSetPrefix + cs.id[strings.LastIndex(cs.id, "/")+1:]
	_, err = s.cloudformation.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: &cs.id, ClientRequestToken: &token})
	if ctx.Err() != nil {
		return 0, s.goesOn()
	}
	if err != nil {
		// Its answer may be lost, and the work begun all the same.
		now, unknown := s.describe(ctx, cs.stack)
		if unknown != nil || !now.made() || now.changeSet != cs.id {
			return 0, s.notExecuted(err, now)
		}
	}
	s.console.printf("AWS is at work; Ctrl-C stops only the watching\n")
	o, err := s.follow(ctx, cs.stack, mark)
	if err != nil {
		return 0, err
	}
	switch o.status {
	case types.ResourceStatusCreateComplete, types.ResourceStatusUpdateComplete:
		return o.took, nil
	case types.ResourceStatusUpdateRollbackComplete:
		return 0, explainFailure(o.events, "the stack is again as it was", "")
	case types.ResourceStatusUpdateRollbackFailed:
		return 0, explainFailure(o.events, "AWS could not undo it either", "mend what is said there; parley deploy"+s.flags()+" then undoes it first")
	case types.ResourceStatusRollbackFailed:
		return 0, explainFailure(o.events, "not all that was made could be removed again", "parley deploy"+s.flags()+" removes the rest and tries again")
	default:
		return 0, explainFailure(o.events, "what was made is removed again", "parley deploy"+s.flags()+" tries again")
	}
}

// notExecuted says why AWS did not begin. Another deploy is the usual reason: it
// replaces the change sets of all others.
func (s *Stack) notExecuted(err error, now state) error {
	if now.busy() || isCode(err, "ChangeSetNotFound", "InvalidChangeSetStatus") {
		return &Error{Kind: Refused, Err: err, Message: "somebody else has changed the stack meanwhile, so nothing was changed", Hint: "parley deploy" + s.flags() + " shows what there is still to change"}
	}
	return s.explain("begin the changes", err)
}

// finish tells where the chat is.
func (s *Stack) finish(ctx context.Context, result string, changes []Change, took time.Duration) (*Deployed, error) {
	st, err := s.describe(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if took > 0 {
		s.console.printf("done in %s\n", clock(took))
	}
	d := &Deployed{
		Stack: s, Result: result, Changes: changes, Seconds: int(took.Round(time.Second) / time.Second),
		WebsiteURL: st.outputs["WebsiteUrl"], WebSocketURL: st.outputs["WebSocketUrl"], Version: st.outputs["Version"],
	}
	s.console.printf("Website URL: %s\nWebSocket URL: %s\n", d.WebsiteURL, d.WebSocketURL)
	if st.parameters["DomainName"] != "" {
		s.console.printf("%s has to be a CNAME of %s\n", st.parameters["DomainName"], st.outputs["DistributionDomainName"])
	}
	return d, nil
}
