package deploy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

func TestDeployThroughBadWeather(t *testing.T) {
	t.Parallel()
	t.Run("the network is lost while AWS works", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.Custom = nil // which calls S3, too
		goOn := a.Hang("Distribution")
		ended := a.begin(t.Context(), "one")
		a.await("Distribution")
		a.Cut(3, 500*time.Millisecond)
		goOn()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.wantTold("AWS cannot be reached", "AWS goes on meanwhile", "AWS is back", "Website URL:")
	})
	t.Run("every third call is throttled", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.Throttle(3)
		a.Custom = nil // which calls S3, too
		a.mustDeploy("one", "created")
		if _, err := a.destroy(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("credentials expire while AWS works", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		goOn := a.Hang("Distribution")
		ended := a.begin(a.t.Context(), "one")
		a.await("Distribution")
		a.Expire(true)
		e := wantError(t, <-ended, NotSignedIn, "expired")
		if !strings.Contains(e.Hint, "goes on meanwhile") {
			t.Errorf("hint: %s", e.Hint)
		}
		a.Expire(false)
		goOn()
		if _, err := a.deploy(t.Context(), release("one"), Settings{}); err != nil {
			t.Errorf("signed in again: %v", err)
		}
		a.wantTold("an operation is under way already (CREATE_IN_PROGRESS): following it first", "made     Distribution", "nothing to change")
	})
	t.Run("events come in pages", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.PageSize = 3
		a.mustDeploy("one", "created")
		told := a.told()
		for _, r := range additions() {
			if strings.Count(told, "+ "+r.Resource+" ") != 1 || strings.Count(told, "made     "+r.Resource+" ") != 1 {
				t.Errorf("%s is not told once:\n%s", r.Resource, told)
			}
		}
	})
	t.Run("Ctrl-C stops only the watching", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		goOn := a.Hang("Distribution")
		ctx, interrupt := context.WithCancel(t.Context())
		ended := a.begin(ctx, "one")
		a.await("Distribution")
		interrupt()
		wantError(t, <-ended, Interrupted, "AWS goes on with it")
		goOn()
		a.mustDeploy("one", "unchanged")
	})
	t.Run("two at once: the second tells and follows", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		goOn := a.Hang("Distribution")
		ended := a.begin(t.Context(), "one")
		a.await("Distribution")
		second := a.another()
		time.AfterFunc(100*time.Millisecond, goOn)
		second.mustDeploy("one", "unchanged")
		second.wantTold("an operation is under way already", "made     Distribution")
		if err := <-ended; err != nil {
			t.Errorf("the first: %v", err)
		}
	})
}

// begin deploys in the background; the result comes on the channel.
func (a *account) begin(ctx context.Context, word string) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := a.deploy(ctx, release(word), Settings{})
		ended <- err
	}()
	return ended
}

// await waits until AWS has begun with a resource.
func (a *account) await(resource string) {
	a.t.Helper()
	client := a.cloudformation()
	for a.t.Context().Err() == nil {
		out, err := client.DescribeStackResources(a.t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: &a.name})
		for i := 0; err == nil && i < len(out.StackResources); i++ {
			if aws.ToString(out.StackResources[i].LogicalResourceId) == resource {
				return
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (a *account) cloudformation() *cloudformation.Client {
	return cloudformation.New(cloudformation.Options{BaseEndpoint: &a.URL, Region: "eu-central-1", Credentials: anyCredentials})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	t.Run("a first deploy that fails is cleared away by the next", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.Fail("Stage", `Resource handler returned message: "Invalid stage (Service: ApiGatewayV2, Status Code: 400, Request ID: 1f)" (RequestToken: 2b, HandlerErrorCode: InvalidRequest)`)
		_, err := a.deploy(t.Context(), release("one"), Settings{})
		wantError(t, err, Refused, "Stage (API stage) failed: Invalid stage; what was made is removed again")
		a.wantLeft(artifacts, "stack parley ROLLBACK_COMPLETE")
		a.Fail("Stage", "")
		a.mustDeploy("one", "created")
		a.wantTold("an earlier attempt has failed and was undone: Stage: Invalid stage")
		a.wantLeft(artifacts, "stack parley CREATE_COMPLETE")
	})
	t.Run("and is not, when that is not agreed to", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.Fail("Stage", "no")
		a.deploy(t.Context(), release("one"), Settings{})
		a.typed, a.terminal = "no\n", true
		_, err := a.deploy(t.Context(), release("one"), Settings{})
		wantError(t, err, Unconfirmed, "nothing was changed")
		a.wantLeft(artifacts, "stack parley ROLLBACK_COMPLETE")
	})
	t.Run("an update that cannot be undone either", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.mustDeploy("one", "created")
		a.Fail("OnActionFunction", "the function is broken", "UPDATE", "ROLLBACK")
		_, err := a.deploy(t.Context(), release("two"), Settings{})
		wantError(t, err, Refused, "the function is broken; AWS could not undo it either")
		_, err = a.deploy(t.Context(), release("two"), Settings{})
		wantError(t, err, Refused, "still half undone")
		a.Fail("OnActionFunction", "")
		a.mustDeploy("two", "updated")
		a.wantTold("could neither be done nor undone")
	})
	t.Run("and whose undoing is interrupted", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.mustDeploy("one", "created")
		a.Fail("OnActionFunction", "the function is broken", "UPDATE", "ROLLBACK")
		a.deploy(t.Context(), release("two"), Settings{})
		a.Fail("OnActionFunction", "")
		goOn := a.Hang("OnActionFunction")
		ctx, interrupt := context.WithCancel(t.Context())
		ended := a.begin(ctx, "two")
		watching := a.another()
		for watching.describe().status != types.StackStatusUpdateRollbackInProgress {
			time.Sleep(time.Millisecond)
		}
		interrupt()
		wantError(t, <-ended, Interrupted, "")
		a.told()
		time.AfterFunc(50*time.Millisecond, goOn)
		a.mustDeploy("two", "updated")
		if n := strings.Count(a.told(), "an operation is under way already"); n != 1 {
			t.Errorf("it is told %d times that an operation is under way", n)
		}
	})
	t.Run("a site that cannot be removed", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.mustDeploy("one", "created")
		a.Fail("Site", "the function is broken", "DELETE")
		d, err := a.destroy(t.Context())
		if err != nil || len(d.Leftovers) > 0 {
			t.Errorf("got %+v, %v\n%s", d, err, a.told())
		}
		if left := a.Left(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		a.wantTold("FAILED   Site", "try again to delete what is left")
	})
	t.Run("a bucket that somebody fills meanwhile", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.mustDeploy("one", "created")
		a.Custom = nil // it removes nothing
		if d, err := a.destroy(t.Context()); err != nil || len(d.Leftovers) > 0 {
			t.Errorf("got %+v, %v\n%s", d, err, a.told())
		}
		a.wantTold("FAILED   WebsiteBucket", "try again to delete what is left")
	})
	t.Run("something that will not go", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.mustDeploy("one", "created")
		a.Fail("PageHeaders", "it is in use by distribution E1", "DELETE")
		_, err := a.destroy(t.Context())
		wantError(t, err, Refused, "PageHeaders (response headers) failed: it is in use by distribution E1")
		_, err = a.deploy(t.Context(), release("one"), Settings{})
		wantError(t, err, Refused, "half deleted")
		a.Fail("PageHeaders", "")
		if _, err := a.destroy(t.Context()); err != nil {
			t.Errorf("destroyed again: %v", err)
		}
		if left := a.Left(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	t.Run("a stack of that name made by something else", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		client := a.cloudformation()
		made, err := client.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
			StackName: &a.name, ChangeSetName: aws.String("theirs"), ChangeSetType: types.ChangeSetTypeCreate,
			TemplateBody: aws.String("Resources: {Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: theirs}}}"),
		})
		if err != nil {
			t.Fatal(err)
		}
		soon := func(o *cloudformation.ChangeSetCreateCompleteWaiterOptions) { o.MinDelay = time.Millisecond }
		if err := cloudformation.NewChangeSetCreateCompleteWaiter(client, soon).Wait(t.Context(), &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id}, time.Minute); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id}); err != nil {
			t.Fatal(err)
		}
		for _, command := range []func() error{
			func() error { _, err := a.deploy(t.Context(), release("one"), Settings{}); return err },
			func() error { _, err := a.destroy(t.Context()); return err },
			func() error { _, err := a.status(release("one")); return err },
		} {
			wantError(t, command(), Refused, "was not made by parley")
		}
	})
	t.Run("somebody else's bucket has the name", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.Foreign("parley-artifacts-123456789012-eu-central-1")
		_, err := a.deploy(t.Context(), release("one"), Settings{})
		wantError(t, err, NotPermitted, "or the bucket is somebody else's")
		if a.counted("PutObject") > 0 {
			t.Error("something was uploaded")
		}
		a.wantLeft()
	})
}
