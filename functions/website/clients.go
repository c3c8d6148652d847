package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// callTimeout is for one try of one call; the largest file has some 20 KB.
const callTimeout = 30 * time.Second

// newClients makes the clients by hand: the SDK's config package would add what
// Lambda has no use for, half of the program. Lambda sets the variables it reads,
// but for those with an endpoint in their name, which name a stand-in's address.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func newClients(getenv func(string) string) (*s3.Client, *cloudfront.Client, error) {
	region := getenv("AWS_REGION")
	credentials := aws.Credentials{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN")}
	if region == "" || credentials.AccessKeyID == "" || credentials.SecretAccessKey == "" {
		return nil, nil, errors.New("AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not all set; Lambda sets them")
	}
	provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil })
	client := &http.Client{Transport: http.DefaultTransport, Timeout: callTimeout}
	retryer := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 5 })
	endpoint := func(service string) *string {
		if url := cmp.Or(getenv("AWS_ENDPOINT_URL_"+service), getenv("AWS_ENDPOINT_URL")); url != "" {
			return &url
		}
		return nil // the region's own
	}
	bucket := endpoint("S3")
	return s3.New(s3.Options{
			Region: region, Credentials: provider, HTTPClient: client, Retryer: retryer,
			BaseEndpoint: bucket, UsePathStyle: bucket != nil,
		}), cloudfront.New(cloudfront.Options{
			Region: region, Credentials: provider, HTTPClient: client, Retryer: retryer, BaseEndpoint: endpoint("CLOUDFRONT"),
		}), nil
}
