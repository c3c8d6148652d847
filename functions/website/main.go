// Command website is the Lambda program behind the stack's resource Site, of type
// Custom::ParleySite, for the runtime provided.al2023. It holds the page
// (package wwwroot) and keeps the stack's bucket equal to it, with a config.json
// that names the WebSocket; when the resource goes it empties the bucket, since
// CloudFormation deletes no bucket that holds anything.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
//
// Its properties: ServiceToken, Bucket, DistributionId, Server (the WebSocket's
// address, wss://…), Hash (wwwroot.Hash: CloudFormation calls only when a property
// has changed) and Version (for the log).
//
// Its role needs, beside the two calls of its own log group:
//
//	s3:ListBucket, s3:ListBucketVersions                   on the bucket
//	s3:PutObject, s3:DeleteObject, s3:DeleteObjectVersion  on the bucket's objects
//	cloudfront:CreateInvalidation                          on the distribution
//
// 128 MB and a timeout of 5 minutes are plenty: 40 files take some seconds, and a
// bucket is emptied by 1,000 objects at a time.
//
// It is built as functions/bootstrap is.
package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

// version is set by the linker: -X main.version=1.2.3.
var version = "dev"

func main() {
	lambda.Start(newResource(os.Getenv, newLogger(os.Stderr)).handle) // does not return
}

// newLogger writes JSON lines with the keys that Lambda knows.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			a.Key = "timestamp"
		}
		return a
	}})).With("version", version)
}
