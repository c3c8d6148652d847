package deploy

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"parley/deploy/deploytest"
)

// TestPolicyHasEveryCall plays all commands, with what can go wrong, and holds
// docs/deploy-policy.json to the calls they made. What CloudFormation calls
// further on behalf of the caller, AWS documents in parts only: of these each
// type of the template has its first.
func TestPolicyHasEveryCall(t *testing.T) {
	t.Parallel()
	permitted := readPolicy(t)
	taken := newAccount(t)
	taken.Leave("AWS::Logs::LogGroup", "/aws/lambda/parley-OnAction")
	taken.deploy(t.Context(), release("one"), Settings{})
	a := newAccount(t)
	s, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Plan(t.Context(), release("one"), Settings{}); err != nil {
		t.Fatal(err)
	}
	a.mustDeploy("one", "created")
	if _, err := a.deploy(t.Context(), release("two"), Settings{RotateOriginSecret: true}); err != nil {
		t.Fatal(err)
	}
	a.Fail("OnActionFunction", "no", "UPDATE", "ROLLBACK")
	a.deploy(t.Context(), release("one"), Settings{})
	a.Fail("OnActionFunction", "")
	a.mustDeploy("one", "updated")
	if _, err := a.status(release("one")); err != nil {
		t.Fatal(err)
	}
	a.Fail("Site", "no", "DELETE")
	if _, err := a.destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, c := range slices.Concat(taken.Calls(), a.Calls()) {
		if action := action(c); !slices.Contains(permitted, action) && action != "sts:GetCallerIdentity" { // which needs none
			t.Errorf("docs/deploy-policy.json lacks %s", action)
		} else {
			called[action] = true
		}
	}
	for _, action := range permitted {
		if strings.HasPrefix(action, "cloudformation:") && !strings.HasSuffix(action, "agResource") && !called[action] {
			t.Errorf("%s is permitted and never called", action)
		}
	}

	makes := map[string]string{
		"AWS::ApiGatewayV2::Api": "apigateway:POST", "AWS::ApiGatewayV2::Deployment": "apigateway:POST", "AWS::ApiGatewayV2::Integration": "apigateway:POST",
		"AWS::ApiGatewayV2::Route": "apigateway:POST", "AWS::ApiGatewayV2::Stage": "apigateway:POST", "AWS::CloudFront::Distribution": "cloudfront:CreateDistribution",
		"AWS::CloudFront::Function": "cloudfront:CreateFunction", "AWS::CloudFront::OriginAccessControl": "cloudfront:CreateOriginAccessControl",
		"AWS::CloudFront::ResponseHeadersPolicy": "cloudfront:CreateResponseHeadersPolicy", "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
		"AWS::DynamoDB::Table": "dynamodb:CreateTable", "AWS::Events::Rule": "events:PutRule", "AWS::IAM::Policy": "iam:PutRolePolicy", "AWS::IAM::RolePolicy": "iam:PutRolePolicy", "AWS::IAM::Role": "iam:CreateRole",
		"AWS::Lambda::EventInvokeConfig": "lambda:PutFunctionEventInvokeConfig", "AWS::Lambda::Function": "lambda:CreateFunction", "AWS::Lambda::Permission": "lambda:AddPermission",
		"AWS::Logs::LogGroup": "logs:CreateLogGroup", "AWS::S3::Bucket": "s3:CreateBucket", "AWS::S3::BucketPolicy": "s3:PutBucketPolicy", "Custom::ParleySite": "lambda:InvokeFunction",
	}
	for _, r := range Resources() {
		if first := makes[r.Type]; first == "" || !slices.Contains(permitted, first) {
			t.Errorf("docs/deploy-policy.json lacks what makes %s, a %s: %q", r.LogicalID, r.Type, first)
		}
		if _, named := kinds[r.Type]; !named {
			t.Errorf("%s has no name for people", r.Type)
		}
	}
}

// action is how a policy names the permission for a call.
func action(c deploytest.Call) string {
	service, operation := c.Service, c.Operation
	if service == "monitoring" {
		service = "cloudwatch"
	}
	if its, ok := s3Actions[operation]; ok && service == "s3" {
		operation = its
	}
	return service + ":" + operation
}

func readPolicy(t *testing.T) (actions []string) {
	t.Helper()
	b, err := os.ReadFile("../docs/deploy-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Sid, Effect string
			Action      any
			Resource    any
		}
	}
	if err := json.Unmarshal(b, &policy); err != nil {
		t.Fatal(err)
	}
	for _, s := range policy.Statement {
		list, ok := s.Action.([]any)
		if !ok {
			list = []any{s.Action}
		}
		for _, a := range list {
			action, ok := a.(string)
			if !ok || strings.Contains(action, "*") || s.Effect != "Allow" {
				t.Errorf("%s: %v", s.Sid, a)
			}
			actions = append(actions, action)
		}
	}
	return actions
}
