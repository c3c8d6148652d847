package main

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// resource carries out what CloudFormation asks for, one request at a time.
type resource struct {
	s3         *s3.Client
	cloudfront *cloudfront.Client
	logger     *slog.Logger
	broken     error // why nothing can be done; each request is told
}

// newResource never fails: a program that did not start would leave
// CloudFormation without an answer for an hour.
func newResource(getenv func(string) string, logger *slog.Logger) *resource {
	r := &resource{logger: logger}
	r.s3, r.cloudfront, r.broken = newClients(getenv)
	return r
}

// noBucket is the id of a resource that never had a bucket. It is no bucket's
// name, which has no capitals.
const noBucket = "NoBucket"

// bucketName is what S3 takes for one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// handle carries out a request and answers it, whatever happens. Its error means
// that the answer did not arrive: Lambda then hands the same request over again,
// twice, and all that it asks for may be done again.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (r *resource) handle(ctx context.Context, event cfn.Event) error {
	started := time.Now()
	work, cancel := beforeDeadline(ctx, 10*time.Second, 4) // the answer has time to be sent, and to be sent again
	defer cancel()
	ctx, cancelAnswer := beforeDeadline(ctx, 500*time.Millisecond, 20) // Lambda hears that it was not
	defer cancelAnswer()
	a := answer{
		Status: cfn.StatusSuccess, RequestID: event.RequestID, LogicalResourceID: event.LogicalResourceID, StackID: event.StackID,
		PhysicalResourceID: physicalID(event),
	}
	err := r.carryOut(work, event)
	if err != nil {
		a.Status, a.Reason = cfn.StatusFailed, reason(event, err, work.Err() != nil)
		if event.RequestType == cfn.RequestUpdate {
			a.PhysicalResourceID = event.PhysicalResourceID // another would have the old one deleted
		}
	}
	r.logger.Info("request", "type", event.RequestType, "stack", event.StackID, "id", a.PhysicalResourceID, "hash", event.ResourceProperties["Hash"],
		"status", a.Status, "reason", a.Reason, "took", time.Since(started).Seconds())
	return a.send(ctx, event.ResponseURL)
}

// beforeDeadline ends before ctx and leaves so much of its time, at most one part
// of so many.
func beforeDeadline(ctx context.Context, left time.Duration, parts int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(left, time.Until(deadline)/time.Duration(parts))))
}

// physicalID is the bucket's name: another one makes CloudFormation delete the
// resource with the old name, once all else of an update is done.
func physicalID(event cfn.Event) string {
	if event.RequestType == cfn.RequestDelete {
		return event.PhysicalResourceID
	}
	if bucket, _ := event.ResourceProperties["Bucket"].(string); bucket != "" {
		return bucket
	}
	return noBucket
}

func (r *resource) carryOut(ctx context.Context, event cfn.Event) (err error) {
	defer func() {
		if v := recover(); v != nil {
			r.logger.Error("panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = fmt.Errorf("a mistake in this program (%v); its log has more", v)
		}
	}()
	if r.broken != nil {
		return r.broken
	}
	switch event.RequestType {
	case cfn.RequestCreate, cfn.RequestUpdate:
		p, err := readProperties(event)
		if err != nil {
			return err
		}
		return r.put(ctx, p, event.RequestID)
	case cfn.RequestDelete:
		bucket := bucketOf(event)
		if bucket == "" {
			return nil
		}
		return r.empty(ctx, bucket)
	}
	return fmt.Errorf("a request of type %q is unknown", event.RequestType)
}

// bucketOf is the bucket of a resource to delete: the one that its id names,
// since after a change of buckets the properties may be those of the new one.
// CloudFormation makes up an id of its own where a Create was never answered;
// then the property counts. Empty: there is none.
func bucketOf(event cfn.Event) string {
	if bucketName.MatchString(event.PhysicalResourceID) || event.PhysicalResourceID == noBucket {
		bucket := event.PhysicalResourceID
		if bucket == noBucket {
			return ""
		}
		return bucket
	}
	bucket, _ := event.ResourceProperties["Bucket"].(string)
	return bucket
}
