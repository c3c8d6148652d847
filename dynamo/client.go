package dynamo

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ClientOptions are what a DynamoDB client needs to know.
type ClientOptions struct {
	Region      string
	Credentials aws.CredentialsProvider
	Endpoint    string       // a URL; default: DynamoDB in the region
	HTTP        *http.Client // default: one that keeps connections open
}

// NewClient returns a client for New. It is made by hand instead of by the
// SDK's config package, which would cost each cold start 1 to 2 ms and the
// program 2 MB. It does not retry: the Store does, within its caller's time.
func NewClient(o ClientOptions) *dynamodb.Client {
	if o.HTTP == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = maxParallel // the default of 2 would redo TLS for each further one
		t.TLSHandshakeTimeout = 2 * time.Second
		o.HTTP = &http.Client{Transport: t}
	}
	options := dynamodb.Options{
		Region:      o.Region,
		Credentials: o.Credentials,
		HTTPClient:  o.HTTP,
		Retryer:     aws.NopRetryer{},
		// The account's own endpoint would first need the account's id.
		AccountIDEndpointMode: aws.AccountIDEndpointModeDisabled,
	}
	if o.Endpoint != "" {
		options.BaseEndpoint = &o.Endpoint
	}
	return dynamodb.New(options)
}
