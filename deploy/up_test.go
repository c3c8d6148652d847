package deploy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestDeployAndDestroy is one stack's life: made, looked at, made again with
// nothing to do, changed, and gone without a trace.
func TestDeployAndDestroy(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	d := a.mustDeploy("one", "created")
	if !strings.HasPrefix(d.WebsiteURL, "https://") || !strings.HasPrefix(d.WebSocketURL, "wss://") || !strings.HasSuffix(d.WebSocketURL, "/socket") || d.Version != "1.0.0-one" {
		t.Errorf("got %+v", d)
	}
	a.wantTold("+ ConnectionsTable", "DynamoDB table", "upload functions-", "made     Distribution", "usually 3 to 5 minutes", "Website URL: "+d.WebsiteURL, "WebSocket URL: "+d.WebSocketURL)
	a.wantLeft(artifacts, "stack parley CREATE_COMPLETE")

	before := a.counted("PutObject")
	again := a.mustDeploy("one", "unchanged")
	a.wantTold("nothing to change", "Website URL: "+d.WebsiteURL)
	if again.WebsiteURL != d.WebsiteURL || a.counted("PutObject") != before {
		t.Errorf("deployed again: got %+v and %d uploads", again, a.counted("PutObject")-before)
	}

	changed := a.mustDeploy("two", "updated")
	a.wantTold("~ Site", "~ OnActionFunction", "changed  OnActionFunction")
	if slices.ContainsFunc(changed.Changes, func(c Change) bool { return c.Resource == "ConnectionsTable" || c.Resource == "Distribution" }) {
		t.Errorf("another program changes more than functions and site: %+v", changed.Changes)
	}

	status, err := a.status(release("two"))
	if err != nil || !status.Well || status.Site != "same" || status.Version != "1.0.0-two" {
		t.Errorf("status: got %+v, %v\n%s", status, err, a.told())
	}

	gone, err := a.destroy(t.Context())
	if err != nil || gone.Result != "destroyed" || len(gone.Leftovers) > 0 {
		t.Errorf("destroy: got %+v, %v\n%s", gone, err, a.told())
	}
	if left := a.Left(); len(left) > 0 {
		t.Errorf("left in the account: %q", left)
	}
	gone, err = a.destroy(t.Context())
	if err != nil || gone.Result != "nothing" {
		t.Errorf("destroyed again: got %+v, %v", gone, err)
	}
}

// TestDeployKeepsThePreviousZip looks for the programs a rollback needs.
func TestDeployKeepsThePreviousZip(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.mustDeploy("one", "created")
	a.mustDeploy("two", "updated")
	keys := a.objects("parley-artifacts-123456789012-eu-central-1")
	if len(keys) != 4 {
		t.Errorf("got %q, want both versions of both programs", keys)
	}
	s, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sweep(t.Context(), time.Now().Add(time.Minute), keys[1], keys[3]); err != nil {
		t.Fatal(err)
	}
	if got := a.objects("parley-artifacts-123456789012-eu-central-1"); !slices.Equal(got, []string{keys[1], keys[3]}) {
		t.Errorf("swept: got %q, want %q and %q", got, keys[1], keys[3])
	}
}

// TestLeftChangeSets are those of deploys that died before anything was made.
func TestLeftChangeSets(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	propose := func(st state, word string) {
		s, err := a.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		zips, err := s.pack(t.Context(), release(word))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.proposal(t.Context(), st, release(word), zips, Settings{}, originSecrets{sent: newSecret()}); err != nil {
			t.Fatal(err)
		}
	}
	propose(state{}, "one")
	a.wantLeft("stack parley REVIEW_IN_PROGRESS")
	if _, err := a.destroy(t.Context()); err != nil {
		t.Error(err)
	}
	a.wantLeft()
	propose(state{}, "one")
	a.mustDeploy("one", "created")
	propose(a.describe(), "two") // somebody may be looking at it
	s, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nothing := &cloudformation.CreateChangeSetInput{
		StackName: &a.name, ChangeSetName: aws.String(changeSetPrefix + "nothing"), TemplateBody: aws.String(Template), Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	}
	for name := range a.describe().parameters {
		nothing.Parameters = append(nothing.Parameters, types.Parameter{ParameterKey: &name, UsePreviousValue: aws.Bool(true)})
	}
	if _, err := s.cloudformation.CreateChangeSet(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	a.mustDeploy("one", "unchanged")
	out, err := s.cloudformation.ListChangeSets(t.Context(), &cloudformation.ListChangeSetsInput{StackName: &a.name})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range out.Summaries {
		if c.Status == types.ChangeSetStatusFailed {
			t.Errorf("left: %s", aws.ToString(c.ChangeSetName))
		}
	}
	if !slices.ContainsFunc(out.Summaries, func(c types.ChangeSetSummary) bool { return c.ExecutionStatus == types.ExecutionStatusAvailable }) {
		t.Error("the one that somebody may be looking at is gone")
	}
	a.mustDeploy("two", "updated")
}

// TestDeployAsks for a yes before anything changes.
func TestDeployAsks(t *testing.T) {
	for _, c := range []struct {
		name, typed string
		terminal    bool
		want        string // the error; empty: it went ahead
	}{
		{"yes", "yes\n", true, ""},
		{"no", "no\n", true, "not confirmed, so nothing was changed"},
		{"only Enter", "\n", true, "not confirmed, so nothing was changed"},
		{"end of input", "", true, "nobody is there to confirm it"},
		{"no terminal", "yes\n", false, "nobody is there to confirm it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccount(t)
			a.typed, a.terminal = c.typed, c.terminal
			_, err := a.deploy(t.Context(), release("one"), Settings{})
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				a.wantTold("Go ahead? Type yes:")
				return
			}
			wantError(t, err, Unconfirmed, c.want)
			if left := a.Left(); len(left) > 0 {
				t.Errorf("not agreed to, and left in the account: %q", left)
			}
		})
	}
}

// TestDeployRefusesToLoseMessages unless a flag says so.
func TestDeployRefusesToLoseMessages(t *testing.T) {
	for _, action := range []Action{Replace, MayReplace, Remove} {
		s := &Stack{console: Console{Out: new(strings.Builder), Yes: true}}
		cs := &changeSet{changes: []Change{{Action: action, Resource: "ConnectionsTable", Type: "AWS::DynamoDB::Table"}}}
		wantError(t, s.agree(t.Context(), cs, Settings{}), Refused, "would delete ConnectionsTable")
		if err := s.agree(t.Context(), cs, Settings{AllowReplacement: true}); err != nil {
			t.Errorf("%s, allowed: %v", action, err)
		}
	}
	s := &Stack{console: Console{Out: new(strings.Builder), Yes: true}}
	if err := s.agree(t.Context(), &changeSet{changes: []Change{{Action: Replace, Resource: "Deployment1", Type: "AWS::ApiGatewayV2::Deployment"}}}, Settings{}); err != nil {
		t.Errorf("a new API deployment: %v", err)
	}
}

// wantError expects an error of that kind whose message begins so, or has it.
func wantError(t *testing.T, err error, kind Kind, part string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an Error", err)
	}
	if e.Kind != kind || !strings.Contains(e.Message, part) {
		t.Errorf("got kind %d, %q, hint %q; want kind %d with %q", e.Kind, e.Message, e.Hint, kind, part)
	}
	return e
}
