package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// maxRemoved is the most that S3 removes in one call.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
const maxRemoved = 1000

// empty removes all that is in the bucket, old versions and delete markers
// included, whoever put it there. A bucket that is gone is empty.
func (r *resource) empty(ctx context.Context, bucket string) error {
	for removed := 0; ; {
		// Always the first page: what it told of is gone by the next time.
		page, err := r.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
		if code(err) == "NoSuchBucket" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the bucket %s: %w", bucket, err)
		}
		var all []types.ObjectIdentifier
		for _, v := range page.Versions {
			all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(all) == 0 {
			r.logger.Info("emptied", "bucket", bucket, "removed", removed)
			return nil
		}
		if err := r.remove(ctx, bucket, all); err != nil {
			return fmt.Errorf("%w (%d objects are removed)", err, removed)
		}
		removed += len(all)
	}
}

// remove deletes objects. What is not there is no error.
func (r *resource) remove(ctx context.Context, bucket string, objects []types.ObjectIdentifier) error {
	for some := range slices.Chunk(objects, maxRemoved) {
		out, err := r.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: some, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("remove %d objects from the bucket %s: %w", len(some), bucket, err)
		}
		if len(out.Errors) > 0 {
			first := out.Errors[0]
			return fmt.Errorf("remove %s and %d more from the bucket %s: %w", aws.ToString(first.Key), len(out.Errors)-1, bucket, &smithy.OperationError{
				ServiceID: s3.ServiceID, OperationName: "DeleteObjects",
				Err: &smithy.GenericAPIError{Code: aws.ToString(first.Code), Message: aws.ToString(first.Message)},
			})
		}
	}
	return nil
}

// code is what AWS calls an error; empty for others.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}
