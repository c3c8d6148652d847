package deploytest

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// physical is the name AWS has for a resource of the stack.
func (u *user) physical(logical string) string {
	u.Helper()
	out, err := u.cfn.DescribeStackResource(u.ctx, &cloudformation.DescribeStackResourceInput{StackName: &u.stack, LogicalResourceId: &logical})
	u.must(out, err)
	return *out.StackResourceDetail.PhysicalResourceId
}

func TestBucket(t *testing.T) {
	u := withArtifacts(t)
	bucket := aws.String(artifacts)
	_, err := u.s3.CreateBucket(u.ctx, &s3.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region}})
	u.refused(err, "BucketAlreadyOwnedByYou", "you already own it")
	_, err = u.s3.CreateBucket(u.ctx, &s3.CreateBucketInput{Bucket: aws.String("elsewhere")})
	u.refused(err, "IllegalLocationConstraintException", "incompatible for the region")
	u.account.Foreign("taken")
	_, err = u.s3.CreateBucket(u.ctx, &s3.CreateBucketInput{Bucket: aws.String("taken"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region}})
	u.refused(err, "BucketAlreadyExists", "not available")
	_, err = u.s3.GetObject(u.ctx, &s3.GetObjectInput{Bucket: aws.String("taken"), Key: aws.String("k")})
	u.refused(err, "AccessDenied", "Access Denied")
	_, err = u.s3.GetObject(u.ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(zipKey), ExpectedBucketOwner: aws.String("999999999999")})
	u.refused(err, "AccessDenied", "Access Denied")
	u.must(u.s3.GetObject(u.ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(zipKey), ExpectedBucketOwner: aws.String(Account)}))
	location, err := u.s3.GetBucketLocation(u.ctx, &s3.GetBucketLocationInput{Bucket: bucket})
	u.must(location, err)
	if location.LocationConstraint != Region {
		t.Errorf("location %q", location.LocationConstraint)
	}

	_, err = u.s3.GetBucketPolicy(u.ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	u.refused(err, "NoSuchBucketPolicy", "policy")
	_, err = u.s3.PutBucketPolicy(u.ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String("{")})
	u.refused(err, "MalformedPolicy", "valid JSON")
	policy := `{"Version":"2012-10-17","Statement":[]}`
	u.must(u.s3.PutBucketPolicy(u.ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &policy}))
	got, err := u.s3.GetBucketPolicy(u.ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	u.must(got, err)
	if aws.ToString(got.Policy) != policy {
		t.Errorf("policy %s", aws.ToString(got.Policy))
	}
	u.must(u.s3.PutPublicAccessBlock(u.ctx, &s3.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}}))
	block, err := u.s3.GetPublicAccessBlock(u.ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	u.must(block, err)
	if !aws.ToBool(block.PublicAccessBlockConfiguration.BlockPublicAcls) || aws.ToBool(block.PublicAccessBlockConfiguration.BlockPublicPolicy) {
		t.Errorf("public access block %+v", block.PublicAccessBlockConfiguration)
	}
	u.must(u.s3.PutBucketLifecycleConfiguration(u.ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{
		Rules: []s3types.LifecycleRule{{ID: aws.String("old"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(30)}}},
	}}))
	rules, err := u.s3.GetBucketLifecycleConfiguration(u.ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	u.must(rules, err)
	if len(rules.Rules) != 1 || aws.ToInt32(rules.Rules[0].Expiration.Days) != 30 {
		t.Errorf("lifecycle %+v", rules.Rules)
	}
	u.must(u.s3.PutBucketTagging(u.ctx, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("stack"), Value: aws.String("parley")}}}}))
	tags, err := u.s3.GetBucketTagging(u.ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
	u.must(tags, err)
	if len(tags.TagSet) != 1 || *tags.TagSet[0].Value != "parley" {
		t.Errorf("tags %+v", tags.TagSet)
	}

	_, err = u.s3.DeleteBucket(u.ctx, &s3.DeleteBucketInput{Bucket: bucket})
	u.refused(err, "BucketNotEmpty", "not empty")
	u.must(u.s3.DeleteObjects(u.ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{{Key: aws.String(zipKey)}}}}))
	u.must(u.s3.DeleteBucket(u.ctx, &s3.DeleteBucketInput{Bucket: bucket}))
	_, err = u.s3.GetBucketPolicy(u.ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	u.refused(err, "NoSuchBucket", "does not exist")
	u.must(u.s3.CreateBucket(u.ctx, &s3.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: Region}}))
	_, err = u.s3.GetBucketPolicy(u.ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	u.refused(err, "NoSuchBucketPolicy", "policy") // the new bucket has not the old one's
}

// TestObjectsKeepTheirHeaders is what gofakes3 alone does not do.
func TestObjectsKeepTheirHeaders(t *testing.T) {
	u := withArtifacts(t)
	for _, cache := range []string{"no-store", "public, max-age=31536000, immutable"} {
		u.must(u.s3.PutObject(u.ctx, &s3.PutObjectInput{
			Bucket: aws.String(artifacts), Key: aws.String("index.html"), Body: strings.NewReader("<p>" + cache), CacheControl: &cache, ContentType: aws.String("text/html; charset=utf-8"),
			Metadata: map[string]string{"hash": "h1"},
		}))
		got, err := u.s3.GetObject(u.ctx, &s3.GetObjectInput{Bucket: aws.String(artifacts), Key: aws.String("index.html")})
		u.must(got, err)
		body, err := io.ReadAll(got.Body)
		u.must(body, errors.Join(err, got.Body.Close()))
		head, err := u.s3.HeadObject(u.ctx, &s3.HeadObjectInput{Bucket: aws.String(artifacts), Key: aws.String("index.html")})
		u.must(head, err)
		if aws.ToString(got.CacheControl) != cache || aws.ToString(head.CacheControl) != cache || aws.ToString(got.ContentType) != "text/html; charset=utf-8" || string(body) != "<p>"+cache {
			t.Errorf("Cache-Control %q and %q, Content-Type %q, body %s", aws.ToString(got.CacheControl), aws.ToString(head.CacheControl), aws.ToString(got.ContentType), body)
		}
		if len(got.Metadata) != 1 || got.Metadata["hash"] != "h1" {
			t.Errorf("metadata %v", got.Metadata)
		}
	}
	_, err := u.s3.PutObject(u.ctx, &s3.PutObjectInput{Bucket: aws.String(artifacts), Key: aws.String("index.html"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
	u.refused(err, "PreconditionFailed", "")
}

func TestInvalidation(t *testing.T) {
	u := withArtifacts(t)
	u.account.Speed = 2000
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	id := u.physical("Distribution")
	cf := cloudfront.NewFromConfig(u.cfg)
	d, err := cf.GetDistribution(u.ctx, &cloudfront.GetDistributionInput{Id: &id})
	u.must(d, err)
	if aws.ToString(d.Distribution.DomainName) != strings.TrimSuffix(strings.TrimPrefix(outputOf(stackOf(u), "WebsiteUrl"), "https://"), "/") || aws.ToString(d.Distribution.Status) != "Deployed" {
		t.Errorf("%s is %s", aws.ToString(d.Distribution.DomainName), aws.ToString(d.Distribution.Status))
	}
	config, err := cf.GetDistributionConfig(u.ctx, &cloudfront.GetDistributionConfigInput{Id: &id})
	u.must(config, err)
	if h := config.DistributionConfig.Origins.Items[0].CustomHeaders; aws.ToInt32(h.Quantity) != 1 || aws.ToString(h.Items[0].HeaderValue) != "secret-of-origin" {
		t.Errorf("origin headers %+v", h)
	}
	in := func(paths ...string) *cloudfront.CreateInvalidationInput {
		return &cloudfront.CreateInvalidationInput{DistributionId: &id, InvalidationBatch: &cloudfronttypes.InvalidationBatch{
			CallerReference: aws.String("once"), Paths: &cloudfronttypes.Paths{Quantity: aws.Int32(int32(len(paths))), Items: paths},
		}}
	}
	_, err = cf.CreateInvalidation(u.ctx, in("no slash"))
	u.refused(err, "InvalidArgument", "invalidation paths")
	made, err := cf.CreateInvalidation(u.ctx, in("/index.html", "/config.json"))
	u.must(made, err)
	again, err := cf.CreateInvalidation(u.ctx, in("/index.html", "/config.json"))
	u.must(again, err)
	if *made.Invalidation.Id != *again.Invalidation.Id || *made.Invalidation.Status != "InProgress" {
		t.Errorf("%s, again %s, %s", *made.Invalidation.Id, *again.Invalidation.Id, *made.Invalidation.Status)
	}
	err = cloudfront.NewInvalidationCompletedWaiter(cf, func(o *cloudfront.InvalidationCompletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 5*time.Millisecond
	}).Wait(u.ctx, &cloudfront.GetInvalidationInput{DistributionId: &id, Id: made.Invalidation.Id}, 5*time.Second)
	if err != nil {
		t.Error(err)
	}
	if got := u.account.Invalidated(id); !slices.Equal(got, []string{"/index.html", "/config.json"}) {
		t.Errorf("invalidated: %q", got)
	}
}

func TestAlarms(t *testing.T) {
	u := withArtifacts(t)
	begin := time.Now().Add(-time.Second)
	u.account.Custom = answering(t, func(_ event, a *answer) { a.Data = map[string]any{"Files": "1"} })
	u.deploy("first", types.ChangeSetTypeCreate, values{"DomainName": "chat.example.com", "CertificateArn": "arn:c"})
	cw := cloudwatch.NewFromConfig(u.cfg)
	alarm := func(state cloudwatchtypes.StateValue) []cloudwatchtypes.MetricAlarm {
		out, err := cw.DescribeAlarms(u.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("parley-"), StateValue: state})
		u.must(out, err)
		return out.MetricAlarms
	}
	if all := alarm(""); len(all) != 1 || all[0].StateValue != cloudwatchtypes.StateValueOk || aws.ToString(all[0].AlarmDescription) != "errors of the function" {
		t.Errorf("alarms: %+v", all)
	}
	u.account.Alarm("parley-errors", "ALARM", "Threshold Crossed: 1 datapoint")
	if all := alarm(cloudwatchtypes.StateValueAlarm); len(all) != 1 || !strings.HasPrefix(aws.ToString(all[0].StateReason), "Threshold Crossed") || all[0].StateTransitionedTimestamp.Before(begin) {
		t.Errorf("alarms that are on: %+v", all)
	}
	u.account.Alarm("parley-errors", "OK", "over")
	history := func(from, to time.Time) []cloudwatchtypes.AlarmHistoryItem {
		out, err := cw.DescribeAlarmHistory(u.ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String("parley-errors"), StartDate: &from, EndDate: &to})
		u.must(out, err)
		return out.AlarmHistoryItems
	}
	if all := history(begin, time.Now().Add(time.Minute)); len(all) != 2 || aws.ToString(all[0].HistorySummary) != "Alarm updated from ALARM to OK" || aws.ToString(all[1].HistorySummary) != "Alarm updated from OK to ALARM" {
		t.Errorf("history: %+v", all)
	}
	if all := history(begin.Add(-time.Hour), begin); len(all) != 0 {
		t.Errorf("history before: %+v", all)
	}
}

func TestFunctionsTablesAndLogGroups(t *testing.T) {
	u := withArtifacts(t)
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	functions := lambda.NewFromConfig(u.cfg)
	f, err := functions.GetFunctionConfiguration(u.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(outputOf(stackOf(u), "FillArn"))})
	u.must(f, err)
	if f.Environment.Variables["COLOR"] != "blue" || f.Environment.Variables["TABLE_NAME"] != u.physical("Table") {
		t.Errorf("environment %v", f.Environment.Variables)
	}
	_, err = functions.GetFunction(u.ctx, &lambda.GetFunctionInput{FunctionName: aws.String("none")})
	u.refused(err, "ResourceNotFoundException", "Function not found")
	tables := dynamodb.NewFromConfig(u.cfg)
	all, err := tables.ListTables(u.ctx, &dynamodb.ListTablesInput{})
	u.must(all, err)
	if !slices.Equal(all.TableNames, []string{u.physical("Table")}) {
		t.Errorf("tables %q", all.TableNames)
	}
	_, err = tables.DescribeTable(u.ctx, &dynamodb.DescribeTableInput{TableName: aws.String("none")})
	u.refused(err, "ResourceNotFoundException", "none not found")
	elsewhere := dynamodb.NewFromConfig(u.cfg, func(o *dynamodb.Options) { o.Region = "us-east-1" })
	if none, err := elsewhere.ListTables(u.ctx, &dynamodb.ListTablesInput{}); err != nil || len(none.TableNames) != 0 {
		t.Errorf("another region: %v, %v", none, err)
	}
	other := cloudformation.NewFromConfig(u.cfg, func(o *cloudformation.Options) { o.Region = "us-east-1" })
	_, err = other.DescribeStacks(u.ctx, &cloudformation.DescribeStacksInput{StackName: &u.stack})
	u.refused(err, "ValidationError", "does not exist")
}

func TestUnsignedIsRefused(t *testing.T) {
	a := Start(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(a.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusForbidden || len(a.Calls()) != 0 {
		t.Errorf("%s, calls %v", r.Status, a.Calls())
	}
}
