// Package deploy puts the chat into an AWS account and removes it again:
// plan, deploy, status and destroy of one CloudFormation stack. It knows no
// messages.
//
// Whatever it does can be interrupted at any moment and run again: AWS holds
// the state, this package holds none.
package deploy

import (
	"context"
	"io/fs"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Options say which stack, where, and as whom.
type Options struct {
	Name    string // the stack's; it begins the name of everything that is made
	Region  string // default: the profile's, or AWS_REGION
	Profile string // of ~/.aws/config; default: AWS_PROFILE, or what the environment holds
	Console Console
	// Poll is the pause between two looks at what AWS does. Default: 3 s.
	Poll time.Duration

	endpoint string // of a test's own account; default: AWS_ENDPOINT_URL, or AWS's own
}

// Release is what one version of the program brings along.
type Release struct {
	Version  string
	SiteHash string // of Site, as the website function computes it
	Site     fs.FS  // what a browser may get, without config.json
	// Packages returns the zips of the function programs. It may take seconds.
	Packages func(context.Context) (Packages, error)
}

// Packages are the zips that Lambda gets. The same programs give the same bytes.
type Packages struct{ Functions, Website []byte }

// Settings are what people choose about their stack.
type Settings struct {
	// Parameters are values by the template's names. What is not named keeps the
	// stack's present value, or gets the template's default.
	Parameters map[string]string
	Tags       map[string]string // added to those that the stack has
	// RotateOriginSecret makes a new secret between CloudFront and OnConnect, in two
	// changes of the stack.
	RotateOriginSecret bool
	// RestoreSite puts the site's files into the bucket again, though the stack has
	// this very site: somebody has changed them there.
	RestoreSite bool
	// AllowReplacement lets a change go ahead that replaces or removes what holds messages.
	AllowReplacement bool
}

// Stack is one stack in one account and region, seen with one caller's rights.
// Its methods must not be called concurrently.
type Stack struct {
	Name    string `json:"stack"`
	Region  string `json:"region"`
	Account string `json:"account"`

	caller  string // the caller's ARN
	profile string
	console Console
	poll    time.Duration

	cloudformation *cloudformation.Client
	s3             *s3.Client
	cloudfront     *cloudfront.Client
	cloudwatch     *cloudwatch.Client
	dynamodb       *dynamodb.Client
	logs           *logs
}

// pause waits for the next look. It returns ctx's error when that ends first.
func (s *Stack) pause(ctx context.Context) error {
	timer := time.NewTimer(s.poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
