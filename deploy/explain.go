package deploy

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// explain makes a sentence and a hint of what came back while doing something.
func (s *Stack) explain(doing string, err error) error { return explain(doing, s.profile, err) }

func explain(doing, profile string, err error) error {
	if err == nil {
		return nil
	}
	if known := (*Error)(nil); errors.As(err, &known) {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return &Error{Kind: Interrupted, Message: "interrupted", Hint: "the same command again goes on from here", Err: err}
	}
	for _, look := range []func(string, error) *Error{explainCredentials, explainAnswer, explainNetwork} {
		if e := look(profile, err); e != nil {
			e.Err = err
			if e.Message == "" {
				e.Message = doing + ": " + cause(err)
			}
			return e
		}
	}
	return &Error{Message: doing + ": " + cause(err), Hint: hintFor(cause(err)), Err: err}
}

// explainCredentials knows what goes wrong before AWS is asked.
func explainCredentials(profile string, err error) *Error {
	with := ""
	if profile != "" {
		with = " --profile " + profile
	}
	var (
		noProfile config.SharedConfigProfileNotExistError
		badFile   config.SharedConfigLoadError
		noToken   config.AssumeRoleTokenProviderNotSetError
		sso       *ssocreds.InvalidTokenError
		path      *fs.PathError
	)
	text := err.Error()
	switch {
	case errors.As(err, &noProfile):
		return &Error{Kind: NotSignedIn, Message: fmt.Sprintf("there is no profile %q in the AWS settings", noProfile.Profile), Hint: "aws configure list-profiles shows those there are"}
	case errors.As(err, &badFile):
		return &Error{Kind: NotSignedIn, Message: fmt.Sprintf("%s cannot be read: %v", badFile.Filename, badFile.Err), Hint: "look at that line of the file, or make it anew with aws configure"}
	case errors.As(err, &noToken):
		return &Error{Kind: NotSignedIn, Message: "the profile's role asks for a code (MFA), and nobody is there to type it", Hint: "run it in a terminal, or give credentials that the code was given for already"}
	case errors.As(err, &sso), strings.Contains(text, "SSO session"), strings.Contains(text, "cached SSO token"), strings.Contains(text, "sso/cache"):
		return &Error{Kind: NotSignedIn, Message: "the SSO session has expired", Hint: "aws sso login" + with}
	case strings.Contains(text, "custom CA bundle"), errors.As(err, &path) && path.Path == os.Getenv("AWS_CA_BUNDLE"):
		return &Error{Kind: Unreachable, Message: "the certificates that AWS_CA_BUNDLE names cannot be read", Hint: "AWS_CA_BUNDLE (or ca_bundle in the profile) is the path of a readable PEM file; without one, unset it"}
	case strings.Contains(text, "failed to refresh cached credentials"), strings.Contains(text, "get credentials"), strings.Contains(text, "get identity"):
		if answered := explainAnswer(profile, err); answered != nil { // a role that may not be assumed
			return answered
		}
		if strings.Contains(text, "IMDS") {
			return &Error{Kind: NotSignedIn, Message: "there are no AWS credentials", Hint: "aws configure, or aws sso login and --profile NAME, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
		}
		return &Error{Kind: NotSignedIn, Message: "the AWS credentials cannot be had: " + cause(err), Hint: "aws sts get-caller-identity" + with + " shows the same; aws configure mends it"}
	}
	return nil
}

// explainAnswer knows the error codes by which AWS says no.
func explainAnswer(profile string, err error) *Error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil
	}
	with := ""
	if profile != "" {
		with = " --profile " + profile
	}
	if slices.Contains(throttlingCodes, api.ErrorCode()) {
		return &Error{Message: "AWS took no more calls for a while: " + api.ErrorMessage(), Hint: "others use this account too; run it again in a minute, it goes on where it was"}
	}
	switch api.ErrorCode() {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired":
		return &Error{Kind: NotSignedIn, Message: "the AWS credentials have expired", Hint: "aws sso login" + with + ", or get new ones as you got these; what AWS has begun goes on meanwhile, run it again then"}
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure":
		return &Error{Kind: NotSignedIn, Message: "AWS does not know these credentials here", Hint: "the key is wrong or deleted, or the region is one that the account has not switched on (Account > AWS Regions)"}
	case "OptInRequired":
		return &Error{Kind: NotSignedIn, Message: "the account has not switched on this region", Hint: "Account > AWS Regions in the console, or another --region"}
	case "RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch":
		if api.ErrorCode() == "RequestTimeTooSkewed" || strings.Contains(api.ErrorMessage(), "expired") || strings.Contains(api.ErrorMessage(), "not yet current") {
			return &Error{Kind: NotSignedIn, Message: "this machine's clock differs from AWS's by too much", Hint: "set the clock: AWS takes 5 minutes of difference (S3 15)"}
		}
		return &Error{Kind: NotSignedIn, Message: "the secret access key is wrong", Hint: "aws configure" + with}
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "Forbidden":
		return &Error{Kind: NotPermitted, Message: "AWS does not permit " + missingAction(err), Hint: "ask for that permission; docs/deploy-policy.json has all that are needed"}
	}
	return nil
}

// throttlingCodes say that AWS wants fewer calls. The SDK has tried them again
// already.
var throttlingCodes = []string{"Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown", "TooManyRequestsException"}

// explainNetwork knows what happens between here and AWS.
func explainNetwork(_ string, err error) *Error {
	var (
		name        *net.DNSError
		authority   x509.UnknownAuthorityError
		certificate *x509.CertificateInvalidError
		network     net.Error
	)
	switch {
	case errors.As(err, &name):
		return &Error{Kind: Unreachable, Message: "the name " + name.Name + " cannot be found", Hint: "is there a network, and does the region exist? --region is part of that name"}
	case errors.As(err, &authority), errors.As(err, &certificate):
		return &Error{Kind: Unreachable, Message: "something between here and AWS shows a certificate that nobody here trusts", Hint: "a company's proxy? Give its certificates: AWS_CA_BUNDLE=file.pem"}
	case unreachable(err), errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Unreachable, Message: "AWS cannot be reached: " + cause(err), Hint: "when the network is back, run it again: it goes on where it was"}
	}
	return nil
}

// unreachable says that the call may not have arrived, or its answer not.
func unreachable(err error) bool {
	var canceled *smithy.CanceledError
	var sent interface{ ConnectionError() bool }
	return !errors.As(err, &canceled) && (errors.As(err, &sent) && sent.ConnectionError() || strings.Contains(err.Error(), "request send failed"))
}

// denied finds the action in AWS's sentence: "User: arn:… is not authorized to
// perform: dynamodb:CreateTable on resource: …".
var denied = regexp.MustCompile(`not authorized to perform:? ([a-zA-Z0-9-]+:[a-zA-Z]+)(?:.* on resource: (\S+))?`)

// missingAction names the permission that is missing. S3 tells none; there it
// is the operation's.
func missingAction(err error) string {
	if m := denied.FindStringSubmatch(err.Error()); m != nil {
		if m[2] == "" {
			return m[1]
		}
		return m[1] + " on " + strings.TrimSuffix(m[2], ",")
	}
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return "it: " + cause(err)
	}
	action := operation.Operation()
	if its, ok := s3Actions[action]; ok && operation.Service() == "S3" {
		action = its
	}
	return strings.ToLower(operation.Service()) + ":" + action
}

// s3Actions are the permissions of calls that are not named as these.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
var s3Actions = map[string]string{
	"HeadBucket":           "ListBucket",
	"ListObjectsV2":        "ListBucket",
	"ListObjectVersions":   "ListBucketVersions",
	"HeadObject":           "GetObject",
	"DeleteObjects":        "DeleteObject",
	"ListBuckets":          "ListAllMyBuckets",
	"PutPublicAccessBlock": "PutBucketPublicAccessBlock",
	"PutBucketEncryption":  "PutEncryptionConfiguration",
}

// cause is the innermost part of an error of the SDK, which wraps the name of
// the operation, the number of attempts and the request's id around it.
func cause(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		if api.ErrorMessage() != "" {
			return api.ErrorMessage()
		}
		if n := status(err); n != 0 && api.ErrorCode() == "UnknownError" {
			return fmt.Sprintf("AWS answers %d %s", n, http.StatusText(n))
		}
		return api.ErrorCode()
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			return op.Error()
		}
		err = inner
	}
}
