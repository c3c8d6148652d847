package deploytest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
)

// await is the time until a resource's work shows, and the failure that a test wants of it, which comes when the
// resource should be done. It gives how long the rest takes, in seconds of AWS.
func (a *AWS) await(ctx context.Context, r *instance, phase string) (rest float64, err error) {
	seconds := kindOf(r.typ).seconds
	a.mu.Lock()
	if slow, ok := a.faults.slow[r.logical]; ok {
		seconds = slow
	}
	hung := a.faults.hung[r.logical]
	reason, fails := a.faults.resource(r.logical, phase)
	a.mu.Unlock()
	shows := min(3, seconds/2)
	if fails {
		shows = seconds
	}
	if err := a.pass(ctx, shows); err != nil {
		return 0, err
	}
	if hung != nil {
		select {
		case <-hung:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if fails {
		return 0, errors.New(reason)
	}
	return seconds - shows, nil
}

// handler is how CloudFormation reports what a service said.
func handler(service, code, message string, status int) error {
	return fmt.Errorf(`Resource handler returned message: "%s (Service: %s, Status Code: %d, Request ID: %s)" (RequestToken: %s, HandlerErrorCode: %s)`,
		message, service, status, requestID(), requestID(), code)
}

// create makes a resource in the account. It calls initiated when the resource has its id.
func (a *AWS) create(ctx context.Context, r *instance, initiated func()) error {
	k := kindOf(r.typ)
	if isCustom(r.typ) {
		err := a.callCustom(ctx, "Create", r, nil)
		if err == nil {
			initiated()
		}
		return err
	}
	id := r.givenName()
	switch {
	case id != "":
	case k.identify != nil:
		id = k.identify(r)
	default:
		id = cut(r.stack, 24) + "-" + cut(r.logical, 24) + "-" + random(capital, 12)
	}
	if err := a.vet(r); err != nil {
		return err
	}
	a.mu.Lock()
	key := r.region + "/" + r.typ + "/" + id
	if k.shared {
		key += "/" + r.stack + "/" + r.logical
	}
	if a.things[key] != nil {
		a.mu.Unlock()
		return fmt.Errorf("%s already exists in stack %s", id, a.things[key].stack)
	}
	if r.typ == bucketType {
		if err := a.objects.CreateBucket(id); err != nil {
			a.mu.Unlock()
			return fmt.Errorf("%s already exists", id)
		}
		a.keepLocation(id, r.region)
	}
	r.physical = id
	a.things[key] = r
	a.mu.Unlock()
	initiated()
	return nil
}

// alter makes there what wanted is, in place.
func (a *AWS) alter(ctx context.Context, there, wanted *instance) error {
	if isCustom(wanted.typ) {
		return a.callCustom(ctx, "Update", wanted, there)
	}
	if err := a.vet(wanted); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, r := range a.things {
		if r == there {
			a.things[key] = wanted
		}
	}
	return nil
}

// destroy takes a resource out of the account.
func (a *AWS) destroy(ctx context.Context, r *instance) error {
	if isCustom(r.typ) {
		return a.callCustom(ctx, "Delete", r, nil)
	}
	if r.typ == bucketType { // gone is gone: whoever deleted it
		var e *apiError
		if err := a.deleteBucket(r.physical); errors.As(err, &e) && e.code == "BucketNotEmpty" {
			return fmt.Errorf("%s (Service: S3, Status Code: 409, Request ID: %s)", e.message, random(capital, 16))
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.typ == "AWS::DynamoDB::Table" && r.protected() {
		return handler("DynamoDb", "InvalidRequest",
			"Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.", 400)
	}
	for key, thing := range a.things {
		if thing == r {
			delete(a.things, key)
		}
	}
	return nil
}

// vet refuses what the resource's own service would refuse: code that is not there, or is none.
func (a *AWS) vet(r *instance) error {
	if r.typ != "AWS::Lambda::Function" {
		return nil
	}
	code := fields(r.properties["Code"])
	if text(code["ZipFile"]) != "" {
		return nil
	}
	bucket, key := text(code["S3Bucket"]), text(code["S3Key"])
	b, err := a.object(bucket, key)
	var e *apiError
	if errors.As(err, &e) {
		return handler("Lambda", "InvalidRequest", fmt.Sprintf("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", e.code, e.message), 400)
	}
	if err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return handler("Lambda", "InvalidRequest", "Could not unzip uploaded file. Please check your file, then try to upload again.", 400)
	}
	if len(z.File) == 0 {
		return handler("Lambda", "InvalidRequest", "Uploaded file must be a non-empty zip", 400)
	}
	return nil
}
