package deploy

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// answered is an error as the SDK returns it: AWS's answer with the operation around it.
func answered(service, operation, code, message string) error {
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

func TestExplain(t *testing.T) {
	unsent := func(err error) error {
		return &smithy.OperationError{ServiceID: "STS", OperationName: "GetCallerIdentity", Err: fmt.Errorf("request send failed, %w", &url.Error{Op: "Post", URL: "https://sts.eu-central-1.amazonaws.com/", Err: err})}
	}
	for _, c := range []struct {
		name    string
		err     error
		kind    Kind
		message string
		hint    string
	}{
		{"session over", answered("STS", "GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired"), NotSignedIn, "the AWS credentials have expired", "aws sso login --profile work"},
		{"SSO over", fmt.Errorf("get identity: %w", &ssocreds.InvalidTokenError{}), NotSignedIn, "the SSO session has expired", "aws sso login --profile work"},
		{"unknown key, or a region not switched on", answered("STS", "GetCallerIdentity", "InvalidClientTokenId", "The security token included in the request is invalid."), NotSignedIn, "AWS does not know these credentials here", "Regions"},
		{"region not switched on", answered("CloudFormation", "DescribeStacks", "OptInRequired", "The AWS Access Key Id needs a subscription"), NotSignedIn, "has not switched on this region", "--region"},
		{"clock", answered("STS", "GetCallerIdentity", "SignatureDoesNotMatch", "Signature expired: 20261122T200000Z is now earlier than 20261122T210000Z"), NotSignedIn, "clock differs", "set the clock"},
		{"S3's clock", answered("S3", "HeadBucket", "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."), NotSignedIn, "clock differs", "set the clock"},
		{"wrong secret", answered("STS", "GetCallerIdentity", "SignatureDoesNotMatch", "The request signature we calculated does not match"), NotSignedIn, "secret access key is wrong", "aws configure --profile work"},
		{"denied, in AWS's sentence", answered("CloudFormation", "CreateChangeSet", "AccessDenied", "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:eu-central-1:123456789012:stack/parley/* because no identity-based policy allows the cloudformation:CreateChangeSet action"),
			NotPermitted, "AWS does not permit cloudformation:CreateChangeSet on arn:aws:cloudformation:eu-central-1:123456789012:stack/parley/*", "docs/deploy-policy.json"},
		{"denied by S3, which names nothing", answered("S3", "PutPublicAccessBlock", "AccessDenied", "Access Denied"), NotPermitted, "AWS does not permit s3:PutBucketPublicAccessBlock", "docs/deploy-policy.json"},
		{"throttled", answered("CloudFormation", "CreateChangeSet", "Throttling", "Rate exceeded"), Failed, "took no more calls for a while", "in a minute"},
		{"no such name", unsent(&net.DNSError{Name: "sts.eu-north-9.amazonaws.com", Err: "no such host"}), Unreachable, "the name sts.eu-north-9.amazonaws.com cannot be found", "--region"},
		{"nobody listens", unsent(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}), Unreachable, "AWS cannot be reached: dial tcp: connection refused", "run it again"},
		{"a proxy's certificate", unsent(x509.UnknownAuthorityError{}), Unreachable, "a certificate that nobody here trusts", "AWS_CA_BUNDLE"},
		{"no such profile", config.SharedConfigProfileNotExistError{Profile: "work"}, NotSignedIn, `there is no profile "work"`, "list-profiles"},
		{"broken settings", config.SharedConfigLoadError{Filename: "/home/ann/.aws/config", Err: errors.New("unclosed [")}, NotSignedIn, "/home/ann/.aws/config cannot be read: unclosed [", "aws configure"},
		{"a code is asked for", config.AssumeRoleTokenProviderNotSetError{}, NotSignedIn, "asks for a code (MFA)", "terminal"},
		{"a role that may not be assumed", fmt.Errorf("get identity: get credentials: failed to refresh cached credentials, %w", answered("STS", "AssumeRole", "AccessDenied", "User: arn:aws:iam::1:user/ann is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::2:role/admin")),
			NotPermitted, "AWS does not permit sts:AssumeRole on arn:aws:iam::2:role/admin", "ask for that permission"},
		{"nothing at all", errors.New("get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata"), NotSignedIn, "there are no AWS credentials", "aws configure"},
		{"Ctrl-C", fmt.Errorf("operation error: %w", context.Canceled), Interrupted, "interrupted", "again"},
		{"termination protection", answered("CloudFormation", "DeleteStack", "ValidationError", "Stack [parley] cannot be deleted while TerminationProtection is enabled"), Failed, "look: Stack [parley] cannot be deleted", "--no-enable-termination-protection"},
		{"something else", answered("CloudFormation", "DescribeStacks", "ValidationError", "1 validation error detected"), Failed, "look: 1 validation error detected", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := wantError(t, explain("look", "work", c.err), c.kind, c.message)
			if !strings.Contains(e.Hint, c.hint) {
				t.Errorf("hint: got %q, want %q in it", e.Hint, c.hint)
			}
		})
	}
	first := &Error{Kind: Refused, Message: "known already"}
	if got := explain("look", "", fmt.Errorf("further up: %w", first)); got != error(first) {
		t.Errorf("explained twice: %v", got)
	}
}

// TestFirstCause finds it among what only follows from it.
func TestFirstCause(t *testing.T) {
	event := func(name, status, reason string) types.StackEvent {
		return types.StackEvent{StackId: aws.String("arn:stack"), PhysicalResourceId: aws.String("id-" + name), LogicalResourceId: &name, ResourceType: aws.String("AWS::Lambda::Function"), ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &reason}
	}
	events := []types.StackEvent{
		event("A", "CREATE_IN_PROGRESS", ""), event("B", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
		event("C", "CREATE_FAILED", "Resource creation cancelled"),
		event("A", "CREATE_FAILED", `Resource handler returned message: "The role defined for the function cannot be assumed by Lambda. (Service: Lambda, Status Code: 400, Request ID: 0ff)" (RequestToken: 5e, HandlerErrorCode: InvalidRequest)`),
		event("B", "CREATE_FAILED", "another one, later"),
		event("D", "DELETE_FAILED", "on the way back"),
	}
	e := explainFailure(events, "what was made is removed again", "again")
	if want := "A (Lambda function) failed: The role defined for the function cannot be assumed by Lambda; what was made is removed again"; e.Message != want {
		t.Errorf("got  %s\nwant %s", e.Message, want)
	}
	stopped := types.StackEvent{StackId: aws.String("s"), PhysicalResourceId: aws.String("s"), ResourceStatus: "UPDATE_ROLLBACK_IN_PROGRESS", ResourceStatusReason: aws.String("User Initiated")}
	if e := explainFailure([]types.StackEvent{stopped}, "the stack is as it was", ""); !strings.Contains(e.Message, "User Initiated") {
		t.Errorf("cancelled by somebody: %s", e.Message)
	}
}

// TestHints holds AWS's sentences to what is said about them.
func TestHints(t *testing.T) {
	for reason, hint := range map[string]string{
		"Your account must be verified before you can add new CloudFront resources.":                                                                                                                                                  "support",
		"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].":                                                                                      "--reserved-concurrency 0",
		"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008":                                                                                                                          "--action-memory",
		"One or more of the CNAMEs you provided are already associated with a different resource.":                                                                                                                                    "--domain-name",
		"The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.":                                                                                          "us-east-1",
		"Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.":                                                                                                                "--no-deletion-protection-enabled",
		`User: arn:aws:iam::1:user/ann is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::parley-websitebucket-1" because public policies are blocked by the BlockPublicPolicy block public access setting.`: "--public-website false",
		"The bucket you tried to delete is not empty":                                                                   "empties it",
		"User: arn:aws:iam::1:user/ann is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/x": "docs/deploy-policy.json",
		"Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.": "uploads what is missing",
		"Cannot exceed quota for RolesPerAccount: 1000":                                                                 "Service Quotas",
		"Rate exceeded": "again",
		"parley-Connections already exists in stack arn:aws:cloudformation:eu-central-1:1:stack/other/1": "--stack",
		"CloudFormation did not receive a response from your Custom Resource.":                           "log group",
	} {
		if got := hintFor(reason); !strings.Contains(got, hint) {
			t.Errorf("%s\nhint: got %q, want %q in it", reason, got, hint)
		}
	}
	if got := hintFor("Something nobody has seen"); got != "" {
		t.Errorf("got %q about what is not known", got)
	}
}
