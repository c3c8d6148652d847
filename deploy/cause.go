package deploy

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// cancelled says that a resource failed only because another one had.
func cancelled(reason string) bool {
	return strings.Contains(reason, "creation cancelled") || strings.Contains(reason, "Creation Cancelled") ||
		strings.Contains(reason, "update cancelled") || strings.Contains(reason, "Update Cancelled") || strings.Contains(reason, "The following resource(s) failed")
}

// firstCause is the event by which an operation failed: the earliest failure
// that is not the consequence of another one.
func firstCause(events []types.StackEvent) (types.StackEvent, bool) {
	var last types.StackEvent
	found := false
	for _, e := range events {
		reason := aws.ToString(e.ResourceStatusReason)
		if !strings.HasSuffix(string(e.ResourceStatus), "_FAILED") || reason == "" {
			continue
		}
		if !isStack(e) && !cancelled(reason) {
			return e, true
		}
		last, found = e, true
	}
	return last, found
}

// explainFailure makes an error of an operation that did not do what was asked.
// result says how things stand now.
func explainFailure(events []types.StackEvent, result, hint string) *Error {
	e, found := firstCause(events)
	if !found {
		return &Error{Kind: Refused, Message: "it was given up: " + stackReason(events) + "; " + result, Hint: hint}
	}
	reason := plain(aws.ToString(e.ResourceStatusReason))
	message := fmt.Sprintf("%s (%s) failed: %s", aws.ToString(e.LogicalResourceId), kindOf(aws.ToString(e.ResourceType)).name, reason)
	if known := hintFor(reason); known != "" {
		hint = known
	}
	return &Error{Kind: Refused, Message: message + "; " + result, Hint: hint}
}

// stackReason is what CloudFormation said of the stack itself when it gave up:
// somebody may have cancelled it.
func stackReason(events []types.StackEvent) string {
	for _, e := range events {
		if isStack(e) && strings.Contains(string(e.ResourceStatus), "ROLLBACK") && aws.ToString(e.ResourceStatusReason) != "" {
			return plain(aws.ToString(e.ResourceStatusReason))
		}
	}
	return "AWS tells no reason"
}

// Around its sentence AWS puts what only its support can use.
var (
	handler  = regexp.MustCompile(`(?s)^Resource handler returned message: "(.*)"`)
	internal = regexp.MustCompile(` *\((?:RequestToken|Service|SDK Attempt Count|Request ID):?[^()]*\)`)
)

// plain is what AWS's reason says.
func plain(reason string) string {
	reason = internal.ReplaceAllString(reason, "")
	if m := handler.FindStringSubmatch(strings.TrimSpace(reason)); m != nil {
		reason = m[1]
	}
	return strings.TrimRight(strings.TrimSpace(reason), ". ")
}

// known are reasons for which it is known what to do, each a pattern over AWS's sentence.
var known = []struct {
	pattern *regexp.Regexp
	hint    string
}{
	{regexp.MustCompile(`(?i)account must be verified before`), "AWS lets new accounts have CloudFront after a word to its support: Support Center > Account > CloudFront"},
	{regexp.MustCompile(`(?i)UnreservedConcurrentExecution`), "the account has too few concurrent executions to reserve some: --reserved-concurrency 0"},
	{regexp.MustCompile(`(?i)'?MemorySize'? value failed`), "new accounts have at most 3008 MB: --action-memory 1024"},
	{regexp.MustCompile(`(?i)CNAMEAlreadyExists|CNAMEs you provided are already`), "another distribution has this domain name: take it off there first, or choose another --domain-name"},
	{regexp.MustCompile(`(?i)certificate`), "CloudFront takes an issued certificate for that very name, from us-east-1: aws acm list-certificates --region us-east-1"},
	{regexp.MustCompile(`(?i)TerminationProtection`), "aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name NAME, then again"},
	{regexp.MustCompile(`(?i)deletion protection`), "aws dynamodb update-table --no-deletion-protection-enabled --table-name NAME, then again"},
	{regexp.MustCompile(`(?i)bucket you tried to delete is not empty|BucketNotEmpty`), "the same command again empties it first"},
	{regexp.MustCompile(`(?i)block public access|BlockPublicPolicy`), "the account blocks public buckets, which need not be: --public-website false"},
	{regexp.MustCompile(`(?i)not authorized|access ?denied|explicit deny`), "ask for that permission; docs/deploy-policy.json has all that are needed"},
	{regexp.MustCompile(`(?i)NoSuchKey|NoSuchBucket|S3 Error Code`), "the same command again uploads what is missing"},
	{regexp.MustCompile(`(?i)limit ?exceeded|quota|too many`), "raise that quota in Service Quotas, or remove what is not needed any more"},
	{regexp.MustCompile(`(?i)throttl|rate exceeded|slow down|ServiceUnavailable|internal ?(error|failure)|try again`), "AWS was too busy: the same command again"},
	{regexp.MustCompile(`(?i)already exists`), "something of that name is left from another time: remove it, or take another --stack"},
	{regexp.MustCompile(`(?i)stabilize|did not receive a response|timed out`), "the same command again; when it fails again, the log group of that function says why"},
}

// hintFor says what to do about AWS's reason, "" where that is not known.
func hintFor(reason string) string {
	for _, k := range known {
		if k.pattern.MatchString(reason) {
			return k.hint
		}
	}
	return ""
}
