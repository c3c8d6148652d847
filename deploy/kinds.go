package deploy

import (
	"strings"
)

// kind is what a type of resource is called among people.
type kind struct {
	name  string
	usual string // what it takes, told when it begins, where that is minutes
}

// kinds are those of the template. What a distribution usually takes, to be made
// or deleted, AWS does not promise.
var kinds = map[string]kind{
	"AWS::ApiGatewayV2::Api":                 {name: "WebSocket API"},
	"AWS::ApiGatewayV2::Deployment":          {name: "API deployment"},
	"AWS::ApiGatewayV2::Integration":         {name: "API integration"},
	"AWS::ApiGatewayV2::Route":               {name: "API route"},
	"AWS::ApiGatewayV2::Stage":               {name: "API stage"},
	"AWS::CloudFormation::Stack":             {name: "stack"},
	"AWS::CloudFront::Distribution":          {name: "CloudFront distribution", usual: "usually 3 to 5 minutes"},
	"AWS::CloudFront::Function":              {name: "CloudFront function"},
	"AWS::CloudFront::OriginAccessControl":   {name: "origin access control"},
	"AWS::CloudFront::ResponseHeadersPolicy": {name: "response headers"},
	"AWS::CloudFront::CachePolicy":           {name: "cache policy"},
	"AWS::CloudWatch::Alarm":                 {name: "alarm"},
	"AWS::DynamoDB::Table":                   {name: "DynamoDB table"},
	"AWS::Events::Rule":                      {name: "clock"},
	"AWS::IAM::Role":                         {name: "role"},
	"AWS::IAM::Policy":                       {name: "role's policy"},
	"AWS::Lambda::EventInvokeConfig":         {name: "invocation settings"},
	"AWS::Lambda::Function":                  {name: "Lambda function"},
	"AWS::Lambda::Permission":                {name: "permission to invoke"},
	"AWS::Logs::LogGroup":                    {name: "log group"},
	"AWS::S3::Bucket":                        {name: "S3 bucket"},
	"AWS::S3::BucketPolicy":                  {name: "bucket policy"},
	"Custom::ParleySite":                     {name: "site in the bucket"},
}

// holdsMessages are the types whose replacement or removal loses what was said.
var holdsMessages = map[string]bool{"AWS::DynamoDB::Table": true}

func kindOf(resourceType string) kind {
	if k, ok := kinds[resourceType]; ok {
		return k
	}
	parts := strings.Split(resourceType, "::")
	return kind{name: parts[len(parts)-1]}
}
