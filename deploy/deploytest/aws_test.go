package deploytest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// user is somebody with the real SDK and nothing but Env.
type user struct {
	testing.TB
	account *AWS
	ctx     context.Context
	stack   string
	cfn     *cloudformation.Client
	s3      *s3.Client
	cfg     aws.Config
}

const (
	artifacts = "parley-artifacts"
	zipKey    = "functions/one.zip"
)

func newUser(t testing.TB) *user {
	t.Helper()
	u := &user{TB: t, account: Start(t), stack: "parley"}
	for _, variable := range u.account.Env() {
		name, value, _ := strings.Cut(variable, "=")
		if t, ok := t.(*testing.T); ok {
			t.Setenv(name, value)
		}
	}
	var cancel context.CancelFunc
	u.ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	var err error
	if u.cfg, err = config.LoadDefaultConfig(u.ctx, config.WithLogger(logging.Nop{})); err != nil {
		t.Fatal(err)
	}
	u.cfn, u.s3 = cloudformation.NewFromConfig(u.cfg), s3.NewFromConfig(u.cfg)
	return u
}

// withArtifacts has a bucket with a zip in it, as a deployment starts with.
func withArtifacts(t testing.TB) *user {
	t.Helper()
	u := newUser(t)
	u.must(u.s3.CreateBucket(u.ctx, &s3.CreateBucketInput{
		Bucket: aws.String(artifacts), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region},
	}))
	u.put(artifacts, zipKey, zipped(t))
	return u
}

func zipped(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("bootstrap")
	if err == nil {
		_, err = f.Write([]byte("#!"))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (u *user) must(_ any, err error) {
	u.Helper()
	if err != nil {
		u.Fatal(err)
	}
}

func (u *user) put(bucket, key string, body []byte) {
	u.Helper()
	u.must(u.s3.PutObject(u.ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}))
}

// refused checks that a call failed with that code, and with that in its message.
func (u *user) refused(err error, code, part string) {
	u.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), part) {
		u.Errorf("got %v, want %s with %q", err, code, part)
	}
}

func smallTemplate(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type values map[string]string

// input is a change set of the small template; "" as a value keeps the previous one.
func (u *user) input(name, body string, kind types.ChangeSetType, v values) *cloudformation.CreateChangeSetInput {
	in := &cloudformation.CreateChangeSetInput{
		StackName: &u.stack, ChangeSetName: &name, ChangeSetType: kind, TemplateBody: &body, Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	}
	all := values{"ArtifactsBucket": artifacts, "FunctionsKey": zipKey, "OriginSecret": "secret-of-origin"}
	for key, value := range v {
		all[key] = value
	}
	for key, value := range all {
		p := types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(value)}
		if value == previous {
			p.ParameterValue, p.UsePreviousValue = nil, aws.Bool(true)
		}
		in.Parameters = append(in.Parameters, p)
	}
	return in
}

const previous = "\x00"

// change makes a change set and waits until it is complete.
func (u *user) change(name, body string, kind types.ChangeSetType, v values) *cloudformation.DescribeChangeSetOutput {
	u.Helper()
	u.must(u.cfn.CreateChangeSet(u.ctx, u.input(name, body, kind, v)))
	return u.complete(name)
}

func (u *user) complete(name string) *cloudformation.DescribeChangeSetOutput {
	u.Helper()
	for {
		out, err := u.cfn.DescribeChangeSet(u.ctx, &cloudformation.DescribeChangeSetInput{StackName: &u.stack, ChangeSetName: &name})
		u.must(out, err)
		if out.Status == types.ChangeSetStatusCreateComplete || out.Status == types.ChangeSetStatusFailed {
			return out
		}
		time.Sleep(time.Millisecond)
	}
}

func (u *user) execute(name string) {
	u.Helper()
	u.must(u.cfn.ExecuteChangeSet(u.ctx, &cloudformation.ExecuteChangeSetInput{StackName: &u.stack, ChangeSetName: &name, ClientRequestToken: aws.String("token-" + name)}))
}

// rests waits until nothing is under way and gives the stack.
func (u *user) rests() types.Stack {
	u.Helper()
	for {
		out, err := u.cfn.DescribeStacks(u.ctx, &cloudformation.DescribeStacksInput{StackName: &u.stack})
		if err != nil {
			u.Fatal(err)
		}
		if s := out.Stacks[0]; !strings.HasSuffix(string(s.StackStatus), "IN_PROGRESS") {
			return s
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// deploy makes a change set of the small template, executes it and gives the stack at rest.
func (u *user) deploy(name string, kind types.ChangeSetType, v values) types.Stack {
	u.Helper()
	if c := u.change(name, smallTemplate(u), kind, v); c.Status != types.ChangeSetStatusCreateComplete {
		u.Fatalf("change set %s: %s, %s", name, c.Status, aws.ToString(c.StatusReason))
	}
	u.execute(name)
	return u.rests()
}

func (u *user) status(s types.Stack, want types.StackStatus) {
	u.Helper()
	if s.StackStatus != want {
		for _, e := range u.events() {
			u.Log(e)
		}
		u.Fatalf("stack is %s (%s), want %s", s.StackStatus, aws.ToString(s.StackStatusReason), want)
	}
}

// events are "Logical STATUS reason", oldest first.
func (u *user) events() (all []string) {
	u.Helper()
	pages := cloudformation.NewDescribeStackEventsPaginator(u.cfn, &cloudformation.DescribeStackEventsInput{StackName: &u.stack})
	for pages.HasMorePages() {
		out, err := pages.NextPage(u.ctx)
		u.must(out, err)
		for _, e := range out.StackEvents {
			all = append([]string{strings.TrimSpace(*e.LogicalResourceId + " " + string(e.ResourceStatus) + " " + aws.ToString(e.ResourceStatusReason))}, all...)
		}
	}
	return all
}

func outputOf(s types.Stack, key string) string {
	for _, o := range s.Outputs {
		if aws.ToString(o.OutputKey) == key {
			return aws.ToString(o.OutputValue)
		}
	}
	return ""
}

func TestCallerIdentity(t *testing.T) {
	u := newUser(t)
	out, err := sts.NewFromConfig(u.cfg).GetCallerIdentity(u.ctx, &sts.GetCallerIdentityInput{})
	u.must(out, err)
	if *out.Account != Account || !strings.Contains(*out.Arn, Account) {
		t.Errorf("got %s, %s", *out.Account, *out.Arn)
	}
}

// TestStackFromNothingToNothing uses the waiters of the SDK, as a deployer would.
func TestStackFromNothingToNothing(t *testing.T) {
	u := withArtifacts(t)
	body := smallTemplate(t)
	u.put(artifacts, "template.yaml", []byte(body))
	in := u.input("first", body, types.ChangeSetTypeCreate, nil)
	in.TemplateBody, in.TemplateURL = nil, aws.String("https://"+artifacts+".s3."+Region+".amazonaws.com/template.yaml")
	u.must(u.cfn.CreateChangeSet(u.ctx, in))
	waitFor := &cloudformation.DescribeChangeSetInput{StackName: &u.stack, ChangeSetName: aws.String("first")}
	quick := func(o *cloudformation.ChangeSetCreateCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 5*time.Millisecond
	}
	if err := cloudformation.NewChangeSetCreateCompleteWaiter(u.cfn, quick).Wait(u.ctx, waitFor, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	u.execute("first")
	stackWait := &cloudformation.DescribeStacksInput{StackName: &u.stack}
	if err := cloudformation.NewStackCreateCompleteWaiter(u.cfn, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = 5*time.Millisecond, 5*time.Millisecond
	}).Wait(u.ctx, stackWait, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	s := u.rests()
	if url := outputOf(s, "WebsiteUrl"); !strings.HasPrefix(url, "https://d") || !strings.HasSuffix(url, ".cloudfront.net/") {
		t.Errorf("WebsiteUrl is %q", url)
	}
	if name := outputOf(s, "TableName"); !strings.HasPrefix(name, "parley-Table-") {
		t.Errorf("TableName is %q", name)
	}
	if outputOf(s, "FillArn") != "arn:aws:lambda:"+Region+":"+Account+":function:parley-fill" {
		t.Errorf("FillArn is %q", outputOf(s, "FillArn"))
	}
	for _, p := range s.Parameters {
		if *p.ParameterKey == "OriginSecret" && *p.ParameterValue != masked {
			t.Errorf("the secret is told: %s", *p.ParameterValue)
		}
	}
	if len(u.account.Left()) != 8 { // two buckets, five more resources, the stack
		t.Errorf("left: %q", u.account.Left())
	}
	id := *s.StackId
	u.must(u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: &u.stack}))
	if err := cloudformation.NewStackDeleteCompleteWaiter(u.cfn, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = 5*time.Millisecond, 5*time.Millisecond
	}).Wait(u.ctx, &cloudformation.DescribeStacksInput{StackName: &id}, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	_, err := u.cfn.DescribeStacks(u.ctx, stackWait)
	u.refused(err, "ValidationError", "Stack with id parley does not exist")
	u.stack = id
	u.status(u.rests(), types.StackStatusDeleteComplete)
	if left := u.account.Left(); len(left) != 1 || left[0] != bucketType+" "+artifacts {
		t.Errorf("left: %q", left)
	}
}
