package deploytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// once is a client that does not try again.
func (u *user) once() *cloudformation.Client {
	return cloudformation.NewFromConfig(u.cfg, func(o *cloudformation.Options) { o.Retryer = aws.NopRetryer{} })
}

func TestThrottling(t *testing.T) {
	u := withArtifacts(t)
	u.account.Throttle(2)
	refused, served := 0, 0
	for range 6 {
		_, err := u.once().ListStacks(u.ctx, &cloudformation.ListStacksInput{})
		if err == nil {
			served++
			continue
		}
		u.refused(err, "Throttling", "Rate exceeded")
		refused++
	}
	if refused != 3 || served != 3 {
		t.Errorf("%d refused, %d served of 6, every second should be", refused, served)
	}
	patient := s3.NewFromConfig(u.cfg, func(o *s3.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxBackoff = time.Millisecond })
	})
	for range 4 { // SlowDown of S3 is tried again by the SDK
		u.must(patient.HeadBucket(u.ctx, &s3.HeadBucketInput{Bucket: aws.String(artifacts)}))
	}
	u.account.Throttle(0)
	u.must(u.once().ListStacks(u.ctx, &cloudformation.ListStacksInput{}))
	u.must(u.once().ListStacks(u.ctx, &cloudformation.ListStacksInput{}))
}

func TestExpiredCredentials(t *testing.T) {
	u := withArtifacts(t)
	u.account.Expire(true)
	_, err := sts.NewFromConfig(u.cfg).GetCallerIdentity(u.ctx, &sts.GetCallerIdentityInput{})
	u.refused(err, "ExpiredToken", "security token included in the request is expired")
	_, err = u.s3.PutObject(u.ctx, &s3.PutObjectInput{Bucket: aws.String(artifacts), Key: aws.String("k"), Body: strings.NewReader("v")})
	u.refused(err, "ExpiredToken", "The provided token has expired")
	_, err = cloudwatch.NewFromConfig(u.cfg).DescribeAlarms(u.ctx, &cloudwatch.DescribeAlarmsInput{})
	u.refused(err, "ExpiredToken", "expired")
	u.account.Expire(false)
	u.must(u.once().ListStacks(u.ctx, &cloudformation.ListStacksInput{}))
}

func TestMissingPermission(t *testing.T) {
	u := withArtifacts(t)
	for _, action := range []string{"cloudformation:CreateChangeSet", "s3:ListBucket", "s3:PutEncryptionConfiguration", "cloudwatch:DescribeAlarms", "cloudfront:CreateInvalidation"} {
		u.account.Deny(action)
	}
	sentence := func(action string) string {
		return "User: arn:aws:iam::" + Account + ":user/deployer is not authorized to perform: " + action + " on resource: "
	}
	_, err := u.once().CreateChangeSet(u.ctx, u.input("first", smallTemplate(t), "CREATE", nil))
	u.refused(err, "AccessDenied", sentence("cloudformation:CreateChangeSet"))
	_, err = u.s3.ListObjectsV2(u.ctx, &s3.ListObjectsV2Input{Bucket: aws.String(artifacts)})
	u.refused(err, "AccessDenied", sentence("s3:ListBucket"))
	_, err = u.s3.DeleteBucketEncryption(u.ctx, &s3.DeleteBucketEncryptionInput{Bucket: aws.String(artifacts)})
	u.refused(err, "AccessDenied", sentence("s3:PutEncryptionConfiguration"))
	_, err = cloudwatch.NewFromConfig(u.cfg).DescribeAlarms(u.ctx, &cloudwatch.DescribeAlarmsInput{})
	u.refused(err, "AccessDenied", sentence("cloudwatch:DescribeAlarms"))
	_, err = u.s3.HeadBucket(u.ctx, &s3.HeadBucketInput{Bucket: aws.String(artifacts)}) // no body, so no sentence
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "Forbidden" && e.ErrorCode() != "AccessDenied" {
		t.Errorf("HeadBucket: %v", err)
	}
	u.must(u.s3.GetObject(u.ctx, &s3.GetObjectInput{Bucket: aws.String(artifacts), Key: aws.String(zipKey)}))
}

func TestTheNetworkIsLostForAWhile(t *testing.T) {
	u := withArtifacts(t)
	u.account.Cut(2, 60*time.Millisecond)
	list := func() error { _, err := u.once().ListStacks(u.ctx, &cloudformation.ListStacksInput{}); return err }
	if err := list(); err != nil {
		t.Fatalf("the call before the loss: %v", err)
	}
	begin, lost := time.Now(), 0
	for {
		err := list()
		if err == nil {
			break
		}
		var e smithy.APIError
		if errors.As(err, &e) {
			t.Fatalf("an answer came: %v", err)
		}
		lost++
		time.Sleep(5 * time.Millisecond)
	}
	if lost < 2 || time.Since(begin) < 60*time.Millisecond {
		t.Errorf("%d calls lost in %v", lost, time.Since(begin))
	}
}

func TestCallsAreKept(t *testing.T) {
	u := withArtifacts(t)
	n := len(u.account.Calls())
	u.must(u.once().ListStacks(u.ctx, &cloudformation.ListStacksInput{}))
	u.must(u.s3.ListObjectsV2(u.ctx, &s3.ListObjectsV2Input{Bucket: aws.String(artifacts)}))
	u.must(u.s3.HeadObject(u.ctx, &s3.HeadObjectInput{Bucket: aws.String(artifacts), Key: aws.String(zipKey)}))
	u.must(cloudwatch.NewFromConfig(u.cfg).DescribeAlarms(u.ctx, &cloudwatch.DescribeAlarmsInput{}))
	_, err := cloudfront.NewFromConfig(u.cfg).GetDistribution(u.ctx, &cloudfront.GetDistributionInput{Id: aws.String("E0")})
	u.refused(err, "NoSuchDistribution", "does not exist")
	want := []Call{{"cloudformation", "ListStacks"}, {"s3", "ListObjectsV2"}, {"s3", "HeadObject"}, {"monitoring", "DescribeAlarms"}, {"cloudfront", "GetDistribution"}}
	if got := u.account.Calls()[n:]; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	_, err = u.once().DescribeAccountLimits(u.ctx, &cloudformation.DescribeAccountLimitsInput{})
	u.refused(err, "InvalidAction", "DescribeAccountLimits")
	if all := u.account.Calls(); all[len(all)-1].Operation != "DescribeAccountLimits" {
		t.Error("an unknown call is not kept")
	}
}

// TestAnAnswerIsLost has the SDK make each call again that changes something, as it does by itself: nothing is done twice.
func TestAnAnswerIsLost(t *testing.T) {
	u := withArtifacts(t)
	in := u.input("first", smallTemplate(t), "CREATE", nil)
	in.ClientToken = aws.String("token")
	u.account.Lose(1)
	made, err := u.cfn.CreateChangeSet(u.ctx, in)
	u.must(made, err)
	out, err := u.cfn.ListChangeSets(u.ctx, &cloudformation.ListChangeSetsInput{StackName: &u.stack})
	u.must(out, err)
	if len(out.Summaries) != 1 || *out.Summaries[0].ChangeSetId != *made.Id {
		t.Errorf("change sets: %+v, want %s", out.Summaries, *made.Id)
	}
	u.complete("first")
	before := len(u.account.Calls())
	u.account.Lose(1)
	u.execute("first")
	if n := len(u.account.Calls()) - before; n != 2 {
		t.Errorf("%d calls, want the lost one and the one after it", n)
	}
	u.status(u.rests(), "CREATE_COMPLETE")
	if all := u.events(); len(all) != 3+7*3 {
		t.Errorf("%d events: %q", len(all), all)
	}
}

func TestEveryOtherCallIsLost(t *testing.T) {
	u := withArtifacts(t)
	for _, answers := range []bool{false, true} {
		u.account.LoseEvery(2, answers)
		var made, heard int
		for i := range 4 {
			name := fmt.Sprintf("%v-%d", answers, i)
			if _, err := u.once().CreateChangeSet(u.ctx, u.input(name, smallTemplate(t), "CREATE", nil)); err == nil {
				heard++
			}
		}
		u.account.LoseEvery(0, false)
		out, err := u.cfn.ListChangeSets(u.ctx, &cloudformation.ListChangeSetsInput{StackName: &u.stack})
		u.must(out, err)
		for _, s := range out.Summaries {
			if strings.HasPrefix(*s.ChangeSetName, fmt.Sprint(answers)) {
				made++
			}
		}
		if want := map[bool]int{false: 2, true: 4}[answers]; heard != 2 || made != want {
			t.Errorf("answers only %v: %d made, %d heard of; want %d and 2", answers, made, heard, want)
		}
	}
}
