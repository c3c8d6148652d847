package main

import (
	"cmp"
	"errors"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// maxReason leaves room in an answer, of which CloudFormation takes 4,096 bytes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
const maxReason = 1000 // bytes

// reason is what stands in the stack's events, and in the terminal of whoever
// deployed it: what failed, why, and what to do.
func reason(event cfn.Event, err error, late bool) string {
	what := "The site was not put into its bucket: "
	if event.RequestType == cfn.RequestDelete {
		what = "The site's bucket was not emptied: "
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	var operation *smithy.OperationError
	if errors.As(err, &operation) { // whose own text is long and says what is said already
		before, _, _ := strings.Cut(text, operation.Error())
		text = before + cause(operation)
	}
	text = strings.Join(strings.Fields(what+text+"."+hint(event, err, operation, late)), " ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason-len("…")], "") + "…"
	}
	return text
}

// cause is an error of AWS in short, with the id that AWS's support asks for.
func cause(operation *smithy.OperationError) string {
	var api smithy.APIError
	if !errors.As(operation, &api) {
		err := operation.Err
		for next := err; next != nil; next = errors.Unwrap(next) {
			err = next // the first of all: no route, a name that is not found, a deadline
		}
		return err.Error()
	}
	text := api.ErrorCode()
	if api.ErrorMessage() != "" {
		text += ": " + strings.TrimSuffix(api.ErrorMessage(), ".")
	}
	var response *awshttp.ResponseError
	if errors.As(operation, &response) && response.ServiceRequestID() != "" {
		text += " (request " + response.ServiceRequestID() + ")"
	}
	return text
}

// permissions are what main.go says that the role needs.
var permissions = map[string]string{
	"ListObjectsV2":      "s3:ListBucket on the bucket",
	"ListObjectVersions": "s3:ListBucketVersions on the bucket",
	"PutObject":          "s3:PutObject on the bucket's objects",
	"DeleteObjects":      "s3:DeleteObject and s3:DeleteObjectVersion on the bucket's objects",
	"CreateInvalidation": "cloudfront:CreateInvalidation on the distribution",
}

func hint(event cfn.Event, err error, operation *smithy.OperationError, late bool) string {
	again := "deploy"
	if event.RequestType == cfn.RequestDelete {
		again = "destroy"
	}
	switch code := code(err); {
	case late:
		return " It took longer than the function may; " + again + " again, and it goes on from there."
	case code == "AccessDenied" && operation != nil:
		return " The function's role needs " + cmp.Or(permissions[operation.OperationName], operation.OperationName) + ", and no policy of the bucket or the organisation may deny it."
	case code == "NoSuchBucket":
		return " The bucket was deleted by hand; destroy the stack and deploy it anew."
	case code == "NoSuchDistribution":
		return " The distribution was deleted by hand; destroy the stack and deploy it anew."
	case code == "TooManyInvalidationsInProgress":
		return " Wait some minutes until they are done, then deploy again."
	case operation != nil:
		return " If it was a passing trouble of AWS, " + again + " again."
	}
	return ""
}
