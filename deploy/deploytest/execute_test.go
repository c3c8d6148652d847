package deploytest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// inOrder checks that the events have these, each a prefix, in this order.
func (u *user) inOrder(want ...string) {
	u.Helper()
	all, at := u.events(), 0
	for _, w := range want {
		i := slices.IndexFunc(all[at:], func(e string) bool { return strings.HasPrefix(e, w) })
		if i < 0 {
			u.Errorf("no %q after event %d of:\n%s", w, at, strings.Join(all, "\n"))
			return
		}
		at += i + 1
	}
}

func (u *user) delete(retain ...string) {
	u.Helper()
	u.must(u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: &u.stack, RetainResources: retain}))
}

// deleted deletes the stack and gives it at rest, found by its id.
func (u *user) deleted(retain ...string) types.Stack {
	u.Helper()
	u.stack = *stackOf(u).StackId
	u.delete(retain...)
	return u.rests()
}

func TestEventsOfACreation(t *testing.T) {
	u := withArtifacts(t)
	u.account.PageSize = 3
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	u.inOrder("parley REVIEW_IN_PROGRESS User Initiated", "parley CREATE_IN_PROGRESS User Initiated", "LogGroup CREATE_IN_PROGRESS", "LogGroup CREATE_IN_PROGRESS Resource creation Initiated",
		"LogGroup CREATE_COMPLETE", "Fill CREATE_IN_PROGRESS", "Fill CREATE_COMPLETE", "Distribution CREATE_COMPLETE", "Site CREATE_IN_PROGRESS", "Site CREATE_COMPLETE", "parley CREATE_COMPLETE")
	u.inOrder("Role CREATE_COMPLETE", "Fill CREATE_IN_PROGRESS")
	u.inOrder("Bucket CREATE_COMPLETE", "Distribution CREATE_IN_PROGRESS")
	if all := u.events(); len(all) != 3+7*3 {
		t.Errorf("%d events: %q", len(all), all)
	}
	out, err := u.cfn.DescribeStackEvents(u.ctx, &cloudformation.DescribeStackEventsInput{StackName: &u.stack})
	u.must(out, err)
	if e := out.StackEvents[0]; *e.LogicalResourceId != u.stack || aws.ToString(e.ClientRequestToken) != "token-first" || len(out.StackEvents) != 3 || out.NextToken == nil {
		t.Errorf("newest event %s with token %q, %d in the page", *e.LogicalResourceId, aws.ToString(e.ClientRequestToken), len(out.StackEvents))
	}
	resources, err := u.cfn.DescribeStackResources(u.ctx, &cloudformation.DescribeStackResourcesInput{StackName: &u.stack})
	u.must(resources, err)
	if len(resources.StackResources) != 7 || aws.ToString(resources.StackResources[0].PhysicalResourceId) == "" {
		t.Errorf("%d resources", len(resources.StackResources))
	}
	n := 0
	pages := cloudformation.NewListStackResourcesPaginator(u.cfn, &cloudformation.ListStackResourcesInput{StackName: &u.stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(u.ctx)
		u.must(page, err)
		n += len(page.StackResourceSummaries)
	}
	if n != 7 {
		t.Errorf("%d resources in pages", n)
	}
}

// TestProgressCanBeWatched keeps a resource in progress as long as the test wants.
func TestProgressCanBeWatched(t *testing.T) {
	u := withArtifacts(t)
	release := u.account.Hang("Distribution")
	u.change("first", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	u.execute("first")
	for !slices.Contains(u.events(), "Table CREATE_COMPLETE") {
		time.Sleep(time.Millisecond)
	}
	u.status(stackOf(u), types.StackStatusCreateInProgress)
	_, err := u.cfn.CreateChangeSet(u.ctx, u.input("second", smallTemplate(t), types.ChangeSetTypeUpdate, nil))
	u.refused(err, "ValidationError", "is in CREATE_IN_PROGRESS state and can not be updated")
	release()
	u.status(u.rests(), types.StackStatusCreateComplete)
}

func TestAFailedCreationRollsBack(t *testing.T) {
	u := withArtifacts(t)
	u.account.Slow("Distribution", 400)
	u.account.Slow("Role", 120)
	u.account.Fail("Role", "Maximum policy size of 10240 bytes exceeded")
	s := u.deploy("first", types.ChangeSetTypeCreate, nil)
	u.status(s, types.StackStatusRollbackComplete)
	u.inOrder("Role CREATE_FAILED Maximum policy size", "Distribution CREATE_FAILED Resource creation cancelled",
		"parley ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Distribution, Role]. Rollback requested by user.", "Distribution DELETE_COMPLETE", "Bucket DELETE_COMPLETE", "parley ROLLBACK_COMPLETE")
	if slices.ContainsFunc(u.events(), func(e string) bool {
		return strings.HasPrefix(e, "Fill ") || strings.HasPrefix(e, "Role DELETE")
	}) {
		t.Errorf("what never was is in the events: %q", u.events())
	}
	_, err := u.cfn.CreateChangeSet(u.ctx, u.input("second", smallTemplate(t), types.ChangeSetTypeCreate, nil))
	u.refused(err, "AlreadyExistsException", "already exists")
	_, err = u.cfn.CreateChangeSet(u.ctx, u.input("second", smallTemplate(t), types.ChangeSetTypeUpdate, nil))
	u.refused(err, "ValidationError", "is in ROLLBACK_COMPLETE state and can not be updated")
	if left := u.account.Left(); len(left) != 2 {
		t.Errorf("left: %q", left)
	}
	u.account.Fail("Role", "")
	u.deleted()
	u.stack = "parley"
	u.status(u.deploy("third", types.ChangeSetTypeCreate, nil), types.StackStatusCreateComplete)
}

func TestOnStackFailure(t *testing.T) {
	for on, want := range map[types.OnStackFailure]types.StackStatus{
		types.OnStackFailureDoNothing: types.StackStatusCreateFailed, types.OnStackFailureDelete: types.StackStatusDeleteComplete, types.OnStackFailureRollback: types.StackStatusRollbackComplete,
	} {
		t.Run(string(on), func(t *testing.T) {
			u := withArtifacts(t)
			u.account.Fail("Role", "no more roles")
			in := u.input("first", smallTemplate(t), types.ChangeSetTypeCreate, nil)
			in.OnStackFailure = on
			u.must(u.cfn.CreateChangeSet(u.ctx, in))
			u.complete("first")
			u.execute("first")
			u.stack = stackID(u)
			u.status(u.rests(), want)
		})
	}
}

// stackID is the id of the only stack, deleted or not.
func stackID(u *user) string {
	u.Helper()
	out, err := u.cfn.ListStacks(u.ctx, &cloudformation.ListStacksInput{})
	u.must(out, err)
	return *out.StackSummaries[0].StackId
}

func TestCodeThatIsNotThere(t *testing.T) {
	u := withArtifacts(t)
	u.put(artifacts, "functions/text.zip", []byte("no zip"))
	for key, part := range map[string]string{
		"functions/none.zip": "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
		"functions/text.zip": "Could not unzip uploaded file",
	} {
		s := u.deploy("first", types.ChangeSetTypeCreate, values{"FunctionsKey": key})
		u.status(s, types.StackStatusRollbackComplete)
		if !slices.ContainsFunc(u.events(), func(e string) bool {
			return strings.HasPrefix(e, "Fill CREATE_FAILED Resource handler returned message") && strings.Contains(e, part)
		}) {
			t.Errorf("no %q in %q", part, u.events())
		}
		u.deleted()
		u.stack = "parley"
	}
}

func TestAnUpdateReplacesAndCleansUp(t *testing.T) {
	u := withArtifacts(t)
	u.account.Custom = answering(t, func(e event, a *answer) { a.Data = map[string]any{"Files": 12} })
	before := outputOf(u.deploy("first", types.ChangeSetTypeCreate, nil), "TableName")
	s := u.deploy("second", types.ChangeSetTypeUpdate, values{"TableKey": "Key"})
	u.status(s, types.StackStatusUpdateComplete)
	after := outputOf(s, "TableName")
	if after == before {
		t.Errorf("the table is still %s", after)
	}
	u.inOrder("Table UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource", "Table UPDATE_COMPLETE", "Fill UPDATE_COMPLETE",
		"parley UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Table DELETE_COMPLETE", "parley UPDATE_COMPLETE")
	left := strings.Join(u.account.Left(), "\n")
	if strings.Contains(left, before) || !strings.Contains(left, after) {
		t.Errorf("left: %s", left)
	}
	s = u.deploy("third", types.ChangeSetTypeUpdate, values{"TableKey": "Key", "DomainName": "chat.example.com", "CertificateArn": "arn:c"})
	if url := outputOf(s, "WebsiteUrl"); url != "https://chat.example.com/" {
		t.Errorf("WebsiteUrl is %s", url)
	}
	if files := outputOf(s, "Files"); files != "12" {
		t.Errorf("Files is %q", files)
	}
	if !slices.Contains(u.account.Left(), alarmType+" parley-errors") {
		t.Errorf("left: %q", u.account.Left())
	}
	u.deploy("fourth", types.ChangeSetTypeUpdate, values{"TableKey": "Key"})
	if slices.Contains(u.account.Left(), alarmType+" parley-errors") {
		t.Errorf("the alarm whose condition holds no more is still there: %q", u.account.Left())
	}
}

func TestAFailedUpdateGoesBack(t *testing.T) {
	u := withArtifacts(t)
	before := outputOf(u.deploy("first", types.ChangeSetTypeCreate, nil), "TableName")
	u.account.Fail("Fill", "The role defined for the function cannot be assumed by Lambda.")
	s := u.deploy("second", types.ChangeSetTypeUpdate, values{"TableKey": "Key"})
	u.status(s, types.StackStatusUpdateRollbackComplete)
	u.inOrder("Table UPDATE_COMPLETE", "Fill UPDATE_FAILED The role defined", "parley UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Fill].",
		"Fill UPDATE_COMPLETE", "Table UPDATE_COMPLETE", "parley UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "Table DELETE_COMPLETE", "parley UPDATE_ROLLBACK_COMPLETE")
	if after := outputOf(s, "TableName"); after != before {
		t.Errorf("the table is %s, was %s", after, before)
	}
	if left := u.account.Left(); len(left) != 8 {
		t.Errorf("left: %q", left)
	}
	u.account.Fail("Fill", "")
	u.status(u.deploy("third", types.ChangeSetTypeUpdate, values{"Color": "red"}), types.StackStatusUpdateComplete)
}

// TestANamedResourceIsNotReplaced: two of one name cannot be there at once.
func TestANamedResourceIsNotReplaced(t *testing.T) {
	u := withArtifacts(t)
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	body := edited(t, "Runtime: provided.al2023", "Runtime: provided.al2023\n      PackageType: Zip")
	u.change("second", body, types.ChangeSetTypeUpdate, nil)
	if got := changesOf(u, "second"); !slices.Contains(got, "Modify Fill True PackageType:Always:Static:") {
		t.Errorf("changes: %q", got)
	}
	u.execute("second")
	u.status(u.rests(), types.StackStatusUpdateRollbackComplete)
	u.inOrder("Fill UPDATE_FAILED CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename parley-fill")
}

func TestARollbackThatFailsIsContinued(t *testing.T) {
	u := withArtifacts(t)
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	u.account.Fail("Fill", "no", "UPDATE", "ROLLBACK")
	u.status(u.deploy("second", types.ChangeSetTypeUpdate, values{"Color": "red"}), types.StackStatusUpdateRollbackFailed)
	_, err := u.cfn.CreateChangeSet(u.ctx, u.input("third", smallTemplate(t), types.ChangeSetTypeUpdate, nil))
	u.refused(err, "ValidationError", "is in UPDATE_ROLLBACK_FAILED state and can not be updated")
	goOn := func(skip ...string) error {
		_, err := u.cfn.ContinueUpdateRollback(u.ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &u.stack, ResourcesToSkip: skip})
		return err
	}
	u.refused(goOn("Table"), "ValidationError", "[Table]")
	u.must(nil, goOn())
	u.status(u.rests(), types.StackStatusUpdateRollbackFailed) // it fails for the same reason again
	u.account.Fail("Fill", "")
	u.must(nil, goOn())
	u.status(u.rests(), types.StackStatusUpdateRollbackComplete)
	u.refused(goOn(), "ValidationError", "can not continue rollback")
	u.account.Fail("Fill", "no", "UPDATE", "ROLLBACK")
	u.status(u.deploy("fourth", types.ChangeSetTypeUpdate, values{"Color": "red"}), types.StackStatusUpdateRollbackFailed)
	u.must(nil, goOn("Fill"))
	u.status(u.rests(), types.StackStatusUpdateRollbackComplete)
}

func TestAnUpdateIsCancelled(t *testing.T) {
	u := withArtifacts(t)
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	cancel := func() error {
		_, err := u.cfn.CancelUpdateStack(u.ctx, &cloudformation.CancelUpdateStackInput{StackName: &u.stack})
		return err
	}
	u.refused(cancel(), "ValidationError", "CancelUpdateStack cannot be called from current stack status")
	release := u.account.Hang("Fill")
	u.change("second", smallTemplate(t), types.ChangeSetTypeUpdate, values{"Color": "red"})
	u.execute("second")
	for !slices.ContainsFunc(u.events(), func(e string) bool { return strings.HasPrefix(e, "Fill UPDATE_IN_PROGRESS") }) {
		time.Sleep(time.Millisecond)
	}
	_, err := u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: &u.stack})
	u.refused(err, "ValidationError", "cannot be deleted while in status UPDATE_IN_PROGRESS")
	u.must(nil, cancel())
	release() // the way back is free
	u.status(u.rests(), types.StackStatusUpdateRollbackComplete)
	u.inOrder("Fill UPDATE_FAILED Resource update cancelled", "parley UPDATE_ROLLBACK_IN_PROGRESS User Initiated")
}

func TestADeletionThatFails(t *testing.T) {
	u := withArtifacts(t)
	u.deploy("first", types.ChangeSetTypeCreate, values{"TableProtected": "true"})
	resource, err := u.cfn.DescribeStackResource(u.ctx, &cloudformation.DescribeStackResourceInput{StackName: &u.stack, LogicalResourceId: aws.String("Bucket")})
	u.must(resource, err)
	bucket := *resource.StackResourceDetail.PhysicalResourceId
	u.put(bucket, "index.html", []byte("page"))
	_, err = u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: &u.stack, RetainResources: []string{"Bucket"}})
	u.refused(err, "ValidationError", "RetainResources")
	s := u.deleted()
	u.status(s, types.StackStatusDeleteFailed)
	if reason := aws.ToString(s.StackStatusReason); reason != "The following resource(s) failed to delete: [Bucket, Table]. " {
		t.Errorf("reason: %q", reason)
	}
	u.inOrder("Site DELETE_COMPLETE", "Distribution DELETE_COMPLETE", "Bucket DELETE_FAILED The bucket you tried to delete is not empty")
	u.inOrder("Fill DELETE_COMPLETE", "Table DELETE_FAILED Resource handler returned message: \"Resource cannot be deleted as it is currently protected against deletion")
	u.must(nil, u.account.objects.ForceDeleteBucket(bucket))
	s = u.deleted("Table")
	u.status(s, types.StackStatusDeleteComplete)
	if left := u.account.Left(); len(left) != 2 || !strings.HasPrefix(left[0], "AWS::DynamoDB::Table parley-Table-") {
		t.Errorf("left: %q", left)
	}
}

func TestWhatDeletionLeavesAlone(t *testing.T) {
	u := withArtifacts(t)
	u.must(u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("nobodys")})) // no error, as on AWS
	body := edited(t, "Type: AWS::DynamoDB::Table", "Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain")
	u.change("first", body, types.ChangeSetTypeCreate, nil)
	u.execute("first")
	u.rests()
	protect := func(on bool) {
		u.must(u.cfn.UpdateTerminationProtection(u.ctx, &cloudformation.UpdateTerminationProtectionInput{StackName: &u.stack, EnableTerminationProtection: &on}))
	}
	protect(true)
	_, err := u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: &u.stack})
	u.refused(err, "ValidationError", "cannot be deleted while TerminationProtection is enabled")
	protect(false)
	u.status(u.deleted(), types.StackStatusDeleteComplete)
	u.inOrder("Table DELETE_SKIPPED", "parley DELETE_COMPLETE")
	if left := u.account.Left(); len(left) != 2 || !strings.HasPrefix(left[0], "AWS::DynamoDB::Table") {
		t.Errorf("left: %q", left)
	}
}

func TestACreationIsDeletedInTheMiddle(t *testing.T) {
	u := withArtifacts(t)
	release := u.account.Hang("Distribution")
	u.change("first", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	u.execute("first")
	for !slices.Contains(u.events(), "Table CREATE_COMPLETE") {
		time.Sleep(time.Millisecond)
	}
	u.stack = *stackOf(u).StackId
	u.delete()
	release()
	u.status(u.rests(), types.StackStatusDeleteComplete)
	if left := u.account.Left(); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

// TestNamesAreTaken by what is there before the change set, and by what comes after it.
func TestNamesAreTaken(t *testing.T) {
	u := withArtifacts(t)
	u.change("first", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	u.account.Leave(logGroupType, "/aws/lambda/parley-fill")
	c := u.change("second", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	if c.Status != types.ChangeSetStatusFailed || !strings.Contains(aws.ToString(c.StatusReason), "use the DescribeEvents API") {
		t.Errorf("%s, %s", c.Status, aws.ToString(c.StatusReason))
	}
	out, err := u.cfn.DescribeEvents(u.ctx, &cloudformation.DescribeEventsInput{ChangeSetName: c.ChangeSetId})
	u.must(out, err)
	if len(out.OperationEvents) != 1 {
		t.Fatalf("events: %+v", out.OperationEvents)
	}
	e := out.OperationEvents[0]
	if e.EventType != types.EventTypeValidationError || *e.LogicalResourceId != "LogGroup" || *e.ValidationStatusReason != "Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/lambda/parley-fill' already exists." {
		t.Errorf("%s of %s: %s", e.EventType, *e.LogicalResourceId, *e.ValidationStatusReason)
	}
	u.execute("first")
	u.status(u.rests(), types.StackStatusRollbackComplete)
	u.inOrder("LogGroup CREATE_FAILED /aws/lambda/parley-fill already exists")
	if !slices.Contains(u.account.Left(), logGroupType+" /aws/lambda/parley-fill") {
		t.Errorf("the rollback took what was not its own: %q", u.account.Left())
	}
}
