package deploy

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// stackName is what CloudFormation takes, and short enough for the names that
// the template makes of it: CloudFront and Lambda allow 64 characters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,39}$`)

// Open finds credentials and region as every AWS tool does (environment,
// ~/.aws, SSO, assumed roles) and asks AWS who that is. It changes nothing.
func Open(ctx context.Context, o Options) (*Stack, error) {
	if !stackName.MatchString(o.Name) {
		return nil, &Error{Kind: Misused, Message: "\"" + o.Name + "\" is not a stack's name", Hint: "at most 40 letters, digits and hyphens, a letter first: --stack parley-team"}
	}
	s := &Stack{Name: o.Name, profile: o.Profile, console: o.Console, poll: cmp.Or(o.Poll, 3*time.Second)}
	cfg, err := s.configure(ctx, o)
	if err != nil {
		return nil, explain("read the AWS settings", o.Profile, err)
	}
	if s.Region = cfg.Region; s.Region == "" {
		return nil, &Error{Kind: NotSignedIn, Message: "no region is chosen", Hint: "--region eu-central-1, or AWS_REGION, or region in the profile; aws configure asks for all"}
	}
	identity, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, explain("ask AWS who this is", o.Profile, err)
	}
	s.Account, s.caller = aws.ToString(identity.Account), aws.ToString(identity.Arn)
	s.cloudformation = cloudformation.NewFromConfig(cfg)
	s.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })
	s.cloudfront = cloudfront.NewFromConfig(cfg)
	s.cloudwatch = cloudwatch.NewFromConfig(cfg)
	s.dynamodb = dynamodb.NewFromConfig(cfg)
	s.logs = newLogs(cfg, s.partition())
	s.console.printf("stack %s in %s, account %s, as %s\n", s.Name, s.Region, s.Account, shortARN(s.caller))
	return s, nil
}

func (s *Stack) configure(ctx context.Context, o Options) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		// A buildable client, since AWS_CA_BUNDLE adds its certificates to no other.
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(2 * time.Minute)),
		config.WithAppID("parley"),
		config.WithLogger(logging.Nop{}), // what goes wrong comes back as an error
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(r *retry.StandardOptions) {
				r.MaxAttempts = 8
				r.MaxBackoff = 5 * s.poll
			})
		}),
		config.WithAssumeRoleCredentialOptions(func(a *stscreds.AssumeRoleOptions) {
			if a.SerialNumber != nil && s.console.Terminal {
				a.TokenProvider = func() (string, error) {
					s.console.printf("code of %s: ", *a.SerialNumber)
					line, err := s.console.readLine(ctx)
					return strings.TrimSpace(line), err
				}
			}
		}),
	}
	if o.endpoint != "" {
		options = append(options, config.WithBaseEndpoint(o.endpoint))
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// shortARN is who an ARN names: user/ann, or assumed-role/Admin/ann.
func shortARN(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}
