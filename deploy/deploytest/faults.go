package deploytest

import (
	"net/http"
	"slices"
	"time"
)

// faults are what a test wants to go wrong. The account's lock guards them.
type faults struct {
	resources map[string]failure
	slow      map[string]float64
	hung      map[string]chan struct{}
	denied    map[string]bool // "service:Operation"
	every     int             // each so manieth call is throttled
	expired   bool
	cutFrom   int // number of the call, from 1; 0: never
	cutUntil  time.Time
	loseAt    int // number of the call whose answer is lost; 0: none
	loseEvery int // each so manieth call is lost, or its answer; 0: none
	answers   bool
	cutFor    time.Duration
}

type failure struct {
	reason string
	phases []string
}

func (f *faults) init() {
	f.resources, f.slow, f.hung, f.denied = map[string]failure{}, map[string]float64{}, map[string]chan struct{}{}, map[string]bool{}
}

// resource is the reason with which a resource fails in a phase.
func (f *faults) resource(logical, phase string) (reason string, fails bool) {
	one, ok := f.resources[logical]
	if !ok || !slices.Contains(one.phases, phase) {
		return "", false
	}
	return one.reason, true
}

// Fail makes every operation on a resource of a stack fail with that reason, until the reason is "". Phases narrow it
// to some of CREATE, UPDATE, DELETE and ROLLBACK; without any it is the first three: the way back goes well.
func (a *AWS) Fail(logicalID, reason string, phases ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(phases) == 0 {
		phases = []string{"CREATE", "UPDATE", "DELETE"}
	}
	if a.faults.resources[logicalID] = (failure{reason, phases}); reason == "" {
		delete(a.faults.resources, logicalID)
	}
}

// Slow says how many seconds of AWS a resource takes instead of the usual ones.
func (a *AWS) Slow(logicalID string, seconds float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.slow[logicalID] = seconds
}

// Hang keeps a resource in progress until release is called, the operation is cancelled, or the test ends.
func (a *AWS) Hang(logicalID string) (release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	until := make(chan struct{})
	a.faults.hung[logicalID] = until
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.faults.hung[logicalID] == until {
			delete(a.faults.hung, logicalID)
			close(until)
		}
	}
}

// Deny takes the permission for one operation away, named as in an IAM policy: "cloudformation:CreateChangeSet".
func (a *AWS) Deny(action string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.denied[action] = true
}

// Throttle refuses every k-th call with "Rate exceeded". 0: none.
func (a *AWS) Throttle(k int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.every = k
}

// Expire makes the credentials those of a session that has ended, or (false) valid again.
func (a *AWS) Expire(expired bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.expired = expired
}

// Cut loses the network: the k-th call from now, from 1, and all within the time after it get no answer.
func (a *AWS) Cut(k int, duration time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.cutFrom, a.faults.cutFor, a.faults.cutUntil = len(a.calls)+k, duration, time.Time{}
}

// Lose does the k-th call from now, from 1, and loses its answer on the way.
func (a *AWS) Lose(k int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.loseAt = len(a.calls) + k
}

// LoseEvery loses every k-th call on its way, or (answers) does it and loses its answer. 0: none. With 2 every call
// that is made again when it fails fails once.
func (a *AWS) LoseEvery(k int, answers bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults.loseEvery, a.faults.answers = k, answers
}

// iamAction is how a policy names the permission for an operation, where it differs.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func iamAction(c Call) string {
	service := c.Service
	if service == "monitoring" {
		service = "cloudwatch"
	}
	operation := c.Operation
	if service == "s3" {
		switch operation {
		case "ListObjectsV2", "ListObjects", "HeadBucket":
			operation = "ListBucket"
		case "ListObjectVersions":
			operation = "ListBucketVersions"
		case "HeadObject":
			operation = "GetObject"
		case "DeleteObjects":
			operation = "DeleteObject"
		case "ListBuckets":
			operation = "ListAllMyBuckets"
		case "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
			operation = "PutObject"
		case "GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock":
			operation = operation[:3] + "BucketPublicAccessBlock"
		case "PutBucketEncryption", "DeleteBucketEncryption":
			operation = "PutEncryptionConfiguration"
		case "GetBucketEncryption":
			operation = "GetEncryptionConfiguration"
		case "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle":
			operation = "PutLifecycleConfiguration"
		case "GetBucketLifecycleConfiguration":
			operation = "GetLifecycleConfiguration"
		}
	}
	return service + ":" + operation
}

// admit records a call and says whether it may go on; if not, it has been answered, or cut off. lost says that nobody
// will see its answer.
func (a *AWS) admit(w http.ResponseWriter, q *request) (ok, lost bool) {
	a.mu.Lock()
	a.calls = append(a.calls, q.Call)
	n, f, action := len(a.calls), &a.faults, iamAction(q.Call)
	now := time.Now()
	if f.cutFrom > 0 && n >= f.cutFrom {
		if f.cutUntil.IsZero() {
			f.cutUntil = now.Add(f.cutFor)
		}
		if now.Before(f.cutUntil) {
			a.mu.Unlock()
			panic(http.ErrAbortHandler) // net/http drops the connection without a word
		}
	}
	flaky := f.loseEvery > 0 && n%f.loseEvery == 0
	if flaky && !f.answers {
		a.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	lost = flaky || n == f.loseAt
	var err *apiError
	switch {
	case f.expired && q.Service == "s3":
		err = &apiError{"ExpiredToken", "The provided token has expired.", http.StatusBadRequest}
	case f.expired:
		err = &apiError{"ExpiredToken", "The security token included in the request is expired", http.StatusForbidden}
	case f.denied[action] || f.denied[q.Service+":"+q.Operation]:
		err = &apiError{deniedCode(q.Service), "User: arn:aws:iam::" + Account + ":user/deployer is not authorized to perform: " + action +
			" on resource: " + resourceOf(q) + " because no identity-based policy allows the " + action + " action", http.StatusForbidden}
	case f.every > 0 && n%f.every == 0 && q.Service == "s3":
		err = &apiError{"SlowDown", "Please reduce your request rate.", http.StatusServiceUnavailable}
	case f.every > 0 && n%f.every == 0:
		err = refuse("Throttling", "Rate exceeded")
	}
	a.mu.Unlock()
	if err != nil {
		writeError(w, q, err)
		return false, false
	}
	return true, lost
}

func deniedCode(service string) string {
	if service == "dynamodb" || service == "lambda" {
		return "AccessDeniedException"
	}
	return "AccessDenied"
}

// resourceOf is the ARN in the sentence of a denied call.
func resourceOf(q *request) string {
	switch q.Service {
	case "s3":
		return "arn:aws:s3:::" + q.URL.Path[1:]
	case "cloudformation":
		return "arn:aws:cloudformation:" + q.region + ":" + Account + ":stack/" + q.form.Get("StackName") + "/*"
	}
	return "*"
}
