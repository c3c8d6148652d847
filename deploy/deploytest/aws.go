// Package deploytest is a stand-in for the AWS account that `parley deploy` works on: one local endpoint that speaks
// CloudFormation, S3, CloudFront, STS, CloudWatch and its Logs, Lambda and DynamoDB as far as a deployment needs them, over the real
// protocols, so that the real SDK with its waiters, or the real program, cannot tell.
//
// CloudFormation is the part that matters. It reads real templates, resolves them, compares what is with what is asked,
// creates resources in the order of their dependencies over a faster clock, and rolls back. Where AWS documents a
// sentence or a state, this is it; https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
package deploytest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Account is the account everything is in.
const Account = "123456789012"

// Region is where Env sends a program. Other regions answer too; stacks and functions of one are not seen in another.
const Region = "eu-central-1"

// AWS is one account. Its exported fields may be set until the first request.
type AWS struct {
	// URL is the one endpoint of all services: AWS_ENDPOINT_URL.
	URL string
	// Speed is how many seconds of AWS pass in one second here. 0: 1,000, which makes a CloudFront distribution a
	// matter of a quarter of a second.
	Speed float64
	// PageSize is how many events, changes or resources one page has. 0: 25. AWS gives about 100.
	PageSize int
	// Custom is the function behind every custom resource's ServiceToken. It gets the event as CloudFormation sends it
	// and has to PUT its answer to the event's ResponseURL, before or after it returns. Its error is an invocation that
	// failed: CloudFormation goes on waiting, as it does on AWS. nil: every custom resource succeeds.
	Custom func(ctx context.Context, event []byte) error
	// Watch is called after each event of a resource, with the account locked: it must not call AWS. may tells what one
	// may meet of a resource at that moment, which are two things while it changes: the properties from before and those
	// from afterwards.
	Watch func(may func(logicalID string) []map[string]any)

	folder  string // of the empty configuration files
	objects *s3mem.Backend
	s3      http.Handler
	life    context.Context // ends with the test
	work    sync.WaitGroup  // operations on stacks

	mu            sync.Mutex // guards all below
	stacks        []*stack   // all that ever were, oldest first
	things        map[string]*instance
	foreign       map[string]bool   // buckets of other accounts
	subresources  map[string][]byte // "bucket?policy" as it was put
	invalidations map[string]*invalidation
	answers       map[string]chan answer // of custom resources, by the path of their ResponseURL
	alarms        map[string]*alarm
	calls         []Call
	faults        faults
}

// Call is one request: Service as in its signature ("cloudformation", "s3", "sts", "cloudfront", "monitoring",
// "lambda", "dynamodb", "logs"), Operation as in the API and in an IAM action ("CreateChangeSet", "PutObject").
type Call struct{ Service, Operation string }

// Start serves an empty account on a loopback port until the test ends.
func Start(t testing.TB) *AWS {
	t.Helper()
	a := &AWS{
		folder: t.TempDir(), objects: s3mem.New(),
		things: map[string]*instance{}, foreign: map[string]bool{}, subresources: map[string][]byte{},
		invalidations: map[string]*invalidation{}, answers: map[string]chan answer{}, alarms: map[string]*alarm{},
	}
	a.faults.init()
	a.s3 = a.newS3()
	for _, name := range []string{"config", "credentials"} {
		if err := os.WriteFile(filepath.Join(a.folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var end context.CancelFunc
	a.life, end = context.WithCancel(context.Background())
	server := httptest.NewServer(a)
	a.URL = server.URL
	t.Cleanup(func() {
		end()
		a.work.Wait()
		server.CloseClientConnections()
		server.Close()
	})
	return a
}

// Env is what a program needs in its environment to take this for AWS, and to see nothing of the user's own accounts.
func (a *AWS) Env() []string {
	a.mu.Lock() // what was set before is seen by that program's requests
	defer a.mu.Unlock()
	return []string{
		"AWS_ENDPOINT_URL=" + a.URL,
		"AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_SESSION_TOKEN=",
		"AWS_PROFILE=",
		"AWS_DEFAULT_PROFILE=",
		"AWS_DEFAULT_REGION=",
		"AWS_CA_BUNDLE=",
		"AWS_CONFIG_FILE=" + filepath.Join(a.folder, "config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(a.folder, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// Calls are all requests so far, refused ones included, in the order they came.
func (a *AWS) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// Left is all that exists in the account, sorted: "stack parley UPDATE_COMPLETE", "AWS::S3::Bucket parley-site-…",
// whether a stack made it or a call.
func (a *AWS) Left() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := []string{}
	for _, s := range a.stacks {
		if s.status != "DELETE_COMPLETE" {
			left = append(left, "stack "+s.name+" "+s.status)
		}
	}
	for _, thing := range a.things {
		if thing.typ != bucketType {
			left = append(left, thing.typ+" "+thing.physical)
		}
	}
	buckets, err := a.objects.ListBuckets()
	for _, b := range buckets {
		left = append(left, bucketType+" "+b.Name)
	}
	if err != nil {
		left = append(left, "buckets: "+err.Error())
	}
	slices.Sort(left)
	return left
}

// real is how long that many seconds of AWS last here.
func (a *AWS) real(seconds float64) time.Duration {
	speed := a.Speed
	if speed <= 0 {
		speed = 1000
	}
	return time.Duration(seconds / speed * float64(time.Second))
}

// pass waits that many seconds of AWS, or until ctx ends.
func (a *AWS) pass(ctx context.Context, seconds float64) error {
	timer := time.NewTimer(a.real(seconds))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *AWS) pageSize() int {
	if a.PageSize > 0 {
		return a.PageSize
	}
	return 25
}
