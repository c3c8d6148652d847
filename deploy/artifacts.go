package deploy

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// artifactsBucket is where the stack's zips are. Its name can be told from
// stack, account and region alone, so that it is found again by everybody. S3
// allows 63 lower-case characters; a stack's name that needs shortening or
// lower-casing is told apart by a hash.
func (s *Stack) artifactsBucket() string {
	const room = 63 - len("-artifacts-") - len("123456789012-") - len("ap-northeast-1")
	name := strings.Trim(strings.ToLower(s.Name), "-")
	if name != s.Name || len(name) > room {
		sum := sha256.Sum256([]byte(s.Name))
		name = strings.TrimRight(name[:min(len(name), room-7)], "-") + "-" + hex.EncodeToString(sum[:3])
	}
	return name + "-artifacts-" + s.Account + "-" + s.Region
}

// artifact is a file that CloudFormation or Lambda reads from the artifacts
// bucket. Its key holds the hash of its content: what is there is right.
type artifact struct {
	key  string
	body []byte
}

func newArtifact(name, extension string, body []byte) artifact {
	sum := sha256.Sum256(body)
	return artifact{key: name + "-" + hex.EncodeToString(sum[:16]) + extension, body: body}
}

// upload puts into the artifacts bucket what is not there yet, and makes the
// bucket if need be.
func (s *Stack) upload(ctx context.Context, artifacts ...artifact) error {
	if err := s.makeBucket(ctx); err != nil {
		return err
	}
	bucket, owner := s.artifactsBucket(), &s.Account
	for _, a := range artifacts {
		_, err := s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &a.key, ExpectedBucketOwner: owner})
		if err == nil {
			continue
		}
		if status(err) != 404 {
			return s.explain("look for "+a.key+" in bucket "+bucket, err)
		}
		s.console.printf("upload %s, %.1f MB\n", a.key, float64(len(a.body))/1e6)
		sum := sha256.Sum256(a.body)
		_, err = s.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &bucket, Key: &a.key, ExpectedBucketOwner: owner, Body: bytes.NewReader(a.body),
			ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		})
		if err != nil {
			return s.explain("upload "+a.key+" to bucket "+bucket, err)
		}
	}
	return nil
}

// makeBucket makes the artifacts bucket: private, encrypted, over TLS only. Its
// settings are put each time, since an earlier attempt may have died before
// them. Every call names the owner, so that a bucket which somebody else has
// made under this name gets nothing of ours.
func (s *Stack) makeBucket(ctx context.Context) error {
	bucket, owner := s.artifactsBucket(), &s.Account
	_, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: owner})
	switch status(err) {
	case 0:
		if err != nil {
			return s.explain("look for bucket "+bucket, err)
		}
	case 404:
		s.console.printf("make bucket %s for the programs\n", bucket)
		if err := s.createBucket(ctx, bucket); err != nil {
			return s.explain("make bucket "+bucket, err)
		}
	case 403:
		return &Error{Kind: NotPermitted, Err: err, Message: "AWS does not permit s3:ListBucket on bucket " + bucket + ", or the bucket is somebody else's", Hint: "ask for that permission; docs/deploy-policy.json has all that are needed"}
	default:
		return s.explain("look for bucket "+bucket, err)
	}
	arn := "arn:" + s.partition() + ":s3:::" + bucket
	for _, set := range []func() error{
		func() error {
			_, err := s.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &bucket, ExpectedBucketOwner: owner, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
			}})
			return err
		},
		func() error {
			_, err := s.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &bucket, ExpectedBucketOwner: owner, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}}},
			}})
			return err
		},
		func() error {
			policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOverTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[%q,%q],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, arn, arn+"/*")
			_, err := s.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, ExpectedBucketOwner: owner, Policy: &policy})
			return err
		},
	} {
		if err := set(); err != nil {
			return s.explain("set up bucket "+bucket, err)
		}
	}
	return nil
}

// createBucket waits as long as S3 still removes a bucket of that name.
func (s *Stack) createBucket(ctx context.Context, bucket string) error {
	in := &s3.CreateBucketInput{Bucket: &bucket}
	if s.Region != "us-east-1" { // which is no location: S3 refuses it
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.Region)}
	}
	for tries := 40; ; tries-- { // 2 minutes
		_, err := s.s3.CreateBucket(ctx, in)
		if err == nil || isCode(err, "BucketAlreadyOwnedByYou") {
			return nil
		}
		if isCode(err, "BucketAlreadyExists") {
			return &Error{Kind: Refused, Err: err, Message: "bucket " + bucket + " is somebody else's", Hint: "another --stack gives another name"}
		}
		if !isCode(err, "OperationAborted") || tries == 0 {
			return err
		}
		if err := s.pause(ctx); err != nil {
			return err
		}
	}
}

// sweep removes zips from before that time which neither the stack nor its way
// back needs. A young one may be another deploy's, between its upload and its end.
func (s *Stack) sweep(ctx context.Context, before time.Time, keep ...string) error {
	bucket := s.artifactsBucket()
	var old []types.ObjectIdentifier
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.explain("look into bucket "+bucket, err)
		}
		for _, o := range page.Contents {
			if !slices.Contains(keep, aws.ToString(o.Key)) && aws.ToTime(o.LastModified).Before(before) {
				old = append(old, types.ObjectIdentifier{Key: o.Key})
			}
		}
	}
	return s.deleteObjects(ctx, bucket, old)
}

// emptyBucket removes everything in a bucket, old versions too.
func (s *Stack) emptyBucket(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(s.s3, &s3.ListObjectVersionsInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.explain("look into bucket "+bucket, err)
		}
		var all []types.ObjectIdentifier
		for _, v := range page.Versions {
			all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if err := s.deleteObjects(ctx, bucket, all); err != nil {
			return err
		}
	}
	return nil
}

// deleteObjects takes any number; S3 takes 1,000 at a time.
func (s *Stack) deleteObjects(ctx context.Context, bucket string, all []types.ObjectIdentifier) error {
	for some := range slices.Chunk(all, 1000) {
		out, err := s.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account, Delete: &types.Delete{Objects: some, Quiet: aws.Bool(true)}})
		if err != nil {
			return s.explain("empty bucket "+bucket, err)
		}
		for _, e := range out.Errors {
			return &Error{Message: fmt.Sprintf("bucket %s keeps %s: %s", bucket, aws.ToString(e.Key), cmp.Or(aws.ToString(e.Message), aws.ToString(e.Code)))}
		}
	}
	return nil
}

// deleteBucket removes a bucket and all in it, and says whether it was there.
func (s *Stack) deleteBucket(ctx context.Context, bucket string) (bool, error) {
	_, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if status(err) == 404 {
		return false, nil
	}
	if err != nil {
		return false, s.explain("look for bucket "+bucket, err)
	}
	if err := s.emptyBucket(ctx, bucket); err != nil {
		return true, err
	}
	_, err = s.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	if err != nil && status(err) != 404 {
		return true, s.explain("delete bucket "+bucket, err)
	}
	return true, nil
}

// partition is aws, aws-cn or aws-us-gov.
func (s *Stack) partition() string {
	if parts := strings.Split(s.caller, ":"); len(parts) > 1 {
		return parts[1]
	}
	return "aws"
}

// status is the HTTP status that AWS answered an error with, 0 when it did not
// answer. A HEAD has no body, hence no error code.
func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}
