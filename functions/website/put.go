package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parley/wwwroot"
)

// unfinished is an object that stands in the bucket while files change that
// CloudFront may hold. Whoever finds it knows that an earlier run was cut off,
// perhaps between a change and its invalidation.
const unfinished = ".unfinished"

// put makes the bucket equal to the site: first all files, then away with what is
// not ours, then CloudFront is told what has changed. All files are put, also those
// that are there already, so that their headers are right.
func (r *resource) put(ctx context.Context, p properties, request string) error {
	files, err := siteFiles(wwwroot.Files(), p.server)
	if err != nil {
		return err
	}
	there, err := r.list(ctx, p.bucket)
	if err != nil {
		return err
	}
	_, cut := there[unfinished]
	delete(there, unfinished)
	var changed []string
	for _, f := range files {
		if tag, ok := there[f.name]; ok && tag != f.etag() {
			changed = append(changed, f.name)
		}
		delete(there, f.name)
	}
	stale := make([]s3types.ObjectIdentifier, 0, len(there))
	for name := range there {
		changed = append(changed, name)
		stale = append(stale, s3types.ObjectIdentifier{Key: aws.String(name)})
	}
	slices.Sort(changed)

	if len(changed) > 0 && !cut {
		if err := r.putFile(ctx, p.bucket, file{name: unfinished, contentType: "text/plain", cacheControl: neverKept}); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := r.putFile(ctx, p.bucket, f); err != nil {
			return err
		}
	}
	if err := r.remove(ctx, p.bucket, stale); err != nil {
		return err
	}
	paths := invalidPaths(changed)
	if cut {
		paths = everything
	}
	r.logger.Info("put", "bucket", p.bucket, "files", len(files), "changed", len(changed), "stale", len(stale), "after a cut", cut, "invalid", paths)
	if len(paths) == 0 {
		return nil
	}
	if err := r.invalidate(ctx, p.distribution, paths, request); err != nil {
		return err
	}
	return r.remove(ctx, p.bucket, []s3types.ObjectIdentifier{{Key: aws.String(unfinished)}})
}

// list returns the ETag of each object.
func (r *resource) list(ctx context.Context, bucket string) (map[string]string, error) {
	tags := map[string]string{}
	pages := s3.NewListObjectsV2Paginator(r.s3, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the bucket %s: %w", bucket, err)
		}
		for _, o := range page.Contents {
			tags[aws.ToString(o.Key)] = aws.ToString(o.ETag)
		}
	}
	return tags, nil
}

func (r *resource) putFile(ctx context.Context, bucket string, f file) error {
	_, err := r.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &f.name, Body: bytes.NewReader(f.content), ContentType: &f.contentType, CacheControl: &f.cacheControl,
	})
	if err != nil {
		return fmt.Errorf("put %s into the bucket %s: %w", f.name, bucket, err)
	}
	return nil
}

// everything is a wildcard, which CloudFront counts as one path.
var everything = []string{"/*"}

// maxPaths is where single paths end: the first 1,000 a month cost nothing, and a
// page of which this much has changed is fetched anew anyway.
// https://aws.amazon.com/cloudfront/pricing/
const maxPaths = 30

// invalidPaths are what CloudFront has to forget. Names that would have to be
// escaped, which the site itself has none of, are worth no effort.
func invalidPaths(changed []string) []string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
	var paths []string
	for _, name := range changed {
		if strings.Trim(name, plain) != "" || len(changed) > maxPaths {
			return everything
		}
		if paths = append(paths, "/"+name); name == page {
			paths = append(paths, "/")
		}
	}
	return paths
}

// invalidate is one invalidation even if the same request comes twice.
func (r *resource) invalidate(ctx context.Context, distribution string, paths []string, request string) error {
	sum := sha256.Sum256([]byte(strings.Join(paths, "\n")))
	_, err := r.cloudfront.CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
		DistributionId: &distribution,
		InvalidationBatch: &cloudfronttypes.InvalidationBatch{
			CallerReference: aws.String(request + "-" + hex.EncodeToString(sum[:8])),
			Paths:           &cloudfronttypes.Paths{Quantity: aws.Int32(int32(len(paths))), Items: paths},
		},
	})
	if err != nil {
		return fmt.Errorf("tell the distribution %s what has changed: %w", distribution, err)
	}
	return nil
}
