package deploy

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestPlanLeavesOthersAlone: somebody thinks about the question of a first
// deploy while somebody else plans.
func TestPlanLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	s, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zips, err := s.pack(t.Context(), release("one"))
	if err != nil {
		t.Fatal(err)
	}
	cs, err := s.proposal(t.Context(), state{}, release("one"), zips, Settings{}, originSecrets{sent: newSecret()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.plan(release("one")); err != nil {
		t.Fatal(err)
	}
	if err := s.upload(t.Context(), zips.functions, zips.website); err != nil {
		t.Fatal(err)
	}
	if _, err := s.execute(t.Context(), cs); err != nil {
		t.Errorf("the other's yes: %v", err)
	}
}

// TestNoAfterAnothersYes: two deploy for the first time, one says yes, and the
// other, hours later, no. What had no resources when that was asked has them now.
func TestNoAfterAnothersYes(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	s, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zips, err := s.pack(t.Context(), release("one"))
	if err != nil {
		t.Fatal(err)
	}
	cs, err := s.proposal(t.Context(), state{}, release("one"), zips, Settings{}, originSecrets{sent: newSecret()})
	if err != nil {
		t.Fatal(err)
	}
	a.mustDeploy("one", "created")
	executed := a.describe().changeSet // of which AWS tells no more after a time
	if _, err := a.cloudformation().DeleteChangeSet(t.Context(), &cloudformation.DeleteChangeSetInput{ChangeSetName: &executed}); err != nil {
		t.Fatal(err)
	}
	s.discard(t.Context(), cs)
	a.wantLeft(artifacts, "stack parley CREATE_COMPLETE")
	a.mustDeploy("one", "unchanged")
}

// TestDeployWhileAnotherIsAtWork: it began between the look and the proposal.
func TestDeployWhileAnotherIsAtWork(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.mustDeploy("one", "created")
	before := a.describe()
	goOn := a.Hang("OnActionFunction")
	ended := a.begin(t.Context(), "two")
	for a.another().describe().status != types.StackStatusUpdateInProgress {
		time.Sleep(time.Millisecond)
	}
	second := a.another()
	s, err := second.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	packed, err := s.pack(t.Context(), release("three"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.proposal(t.Context(), before, release("three"), packed, Settings{}, originSecrets{})
	wantError(t, err, Refused, "somebody else is changing the stack")
	goOn()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestDeployTellsThatAnotherWasFaster, between the question and the answer.
func TestDeployTellsThatAnotherWasFaster(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.mustDeploy("one", "created")
	s, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zips, err := s.pack(t.Context(), release("two"))
	if err != nil {
		t.Fatal(err)
	}
	cs, err := s.proposal(t.Context(), a.describe(), release("two"), zips, Settings{}, originSecrets{sent: newSecret()})
	if err != nil {
		t.Fatal(err)
	}
	a.mustDeploy("three", "updated")
	_, err = s.execute(t.Context(), cs)
	wantError(t, err, Refused, "somebody else has changed the stack meanwhile")
}
