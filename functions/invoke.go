package functions

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// LambdaOptions adjust a Lambda. What has no default is needed.
type LambdaOptions struct {
	Function    string // its name
	Region      string
	Credentials Credentials

	// Endpoint is where Lambda takes calls. Default: the region's own.
	Endpoint string

	Transport http.RoundTripper // default: one of its own
}

// Lambda is an Invoker that has Lambda queue an event for a function. The role
// needs lambda:InvokeFunction on that function.
type Lambda struct {
	endpoint  *endpoint
	path      string
	transport http.RoundTripper
}

var _ Invoker = (*Lambda)(nil)

// NewLambda returns a Lambda, or says which option is not usable.
func NewLambda(o LambdaOptions) (*Lambda, error) {
	if o.Endpoint == "" {
		o.Endpoint = "https://lambda." + o.Region + ".amazonaws.com"
		if strings.HasPrefix(o.Region, "cn-") {
			o.Endpoint += ".cn"
		}
	}
	endpoint, err := parseEndpoint(o.Endpoint, "lambda", o.Region, o.Credentials)
	if err != nil {
		return nil, err
	}
	if o.Function == "" {
		return nil, fmt.Errorf("no function to invoke")
	}
	if o.Transport == nil {
		o.Transport = newTransport(3)
	}
	return &Lambda{endpoint: endpoint, path: "/2015-03-31/functions/" + o.Function + "/invocations", transport: o.Transport}, nil
}

// acceptance is how long an event may take to be queued; after that the caller
// had better do the work.
const acceptance = time.Second

// Invoke queues an event, of at most 256 KB. It returns when Lambda has it, which
// says nothing about when it runs, or that it runs only once.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (l *Lambda) Invoke(ctx context.Context, event []byte) error {
	ctx, cancel := context.WithTimeout(ctx, acceptance)
	defer cancel()
	c := call{method: http.MethodPost, path: l.path, hash: hashOf(event), length: len(event), async: true}
	r := l.endpoint.request(c, l.path, time.Now())
	r.Body = io.NopCloser(bytes.NewReader(event))
	answer, err := l.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("invoke: %w", err)
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, 4<<10)
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("invoke: status %d %.80s", answer.StatusCode, answer.Header.Get("X-Amzn-ErrorType"))
	}
	return nil
}
