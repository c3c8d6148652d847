package deploytest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// kind is what is to be known of a type of resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
type kind struct {
	seconds float64 // how long AWS takes to make one, about
	// named is the property that gives it its name: the physical id. Without it one is made.
	named string
	// replaced are the properties whose change needs a new resource.
	replaced []string
	// identify makes the physical id of a resource without a name; nil: stack, logical id, twelve letters.
	identify func(r *instance) string
	// attributes are what Fn::GetAtt gives.
	attributes map[string]func(r *instance) string
	untagged   bool // it takes no tags from its stack
	shared     bool // its name is unique only within something else
}

func (k *kind) has(attribute string) bool { return k.attributes[attribute] != nil }

// kindOf finds a type's kind; nil if it is not known here. Custom resources have whatever attributes their answer has.
func kindOf(typ string) *kind {
	if isCustom(typ) {
		return &kind{untagged: true}
	}
	return kinds[typ]
}

func isCustom(typ string) bool {
	return strings.HasPrefix(typ, "Custom::") || typ == "AWS::CloudFormation::CustomResource"
}

const (
	capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	small   = "abcdefghijklmnopqrstuvwxyz0123456789"
)

func random(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rand.IntN(len(alphabet))]
	}
	return string(b)
}

func short(n int) func(*instance) string {
	return func(*instance) string { return random(small, n) }
}

func physical(r *instance) string { return r.physical }

func format(pattern string) func(*instance) string {
	return func(r *instance) string {
		return strings.NewReplacer("{id}", r.physical, "{region}", r.region, "{account}", Account, "{lower}", strings.ToLower(r.physical)).Replace(pattern)
	}
}

type attributes = map[string]func(*instance) string

var kinds = map[string]*kind{
	"AWS::DynamoDB::Table": {
		seconds: 12, named: "TableName", replaced: []string{"TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"},
		attributes: attributes{"Arn": format("arn:aws:dynamodb:{region}:{account}:table/{id}")},
	},
	"AWS::ApiGatewayV2::Api": {
		seconds: 4, replaced: []string{"ProtocolType"}, identify: short(10),
		attributes: attributes{"ApiId": physical, "ApiEndpoint": format("wss://{id}.execute-api.{region}.amazonaws.com")},
	},
	"AWS::ApiGatewayV2::Integration": {seconds: 2, replaced: []string{"ApiId"}, identify: short(7), untagged: true, attributes: attributes{"IntegrationId": physical}},
	"AWS::ApiGatewayV2::Route":       {seconds: 2, replaced: []string{"ApiId"}, identify: short(7), untagged: true, attributes: attributes{"RouteId": physical}},
	"AWS::ApiGatewayV2::Deployment":  {seconds: 2, replaced: []string{"ApiId"}, identify: short(6), untagged: true, attributes: attributes{"DeploymentId": physical}},
	"AWS::ApiGatewayV2::Stage":       {seconds: 3, named: "StageName", shared: true, replaced: []string{"ApiId", "StageName"}},
	"AWS::Lambda::Function": {
		seconds: 8, named: "FunctionName", replaced: []string{"FunctionName", "PackageType"},
		attributes: attributes{"Arn": format("arn:aws:lambda:{region}:{account}:function:{id}")},
	},
	"AWS::Lambda::Permission": {
		seconds: 6, untagged: true, attributes: attributes{"Id": physical},
		replaced: []string{"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount", "EventSourceToken", "PrincipalOrgID", "FunctionUrlAuthType"},
	},
	"AWS::Lambda::EventInvokeConfig": {seconds: 2, replaced: []string{"FunctionName", "Qualifier"}, untagged: true},
	"AWS::Events::Rule": {
		seconds: 30, named: "Name", replaced: []string{"Name", "EventBusName"},
		attributes: attributes{"Arn": format("arn:aws:events:{region}:{account}:rule/{id}")},
	},
	"AWS::IAM::Role": {
		seconds: 17, named: "RoleName", replaced: []string{"RoleName", "Path"},
		attributes: attributes{"Arn": format("arn:aws:iam::{account}:role/{id}"), "RoleId": func(r *instance) string { return "AROA" + strings.ToUpper(hash(r.physical, 17)) }},
	},
	"AWS::IAM::Policy":     {seconds: 16, untagged: true},
	"AWS::IAM::RolePolicy": {seconds: 16, replaced: []string{"PolicyName", "RoleName"}, untagged: true},
	logGroupType: {
		seconds: 3, named: "LogGroupName", replaced: []string{"LogGroupName"},
		attributes: attributes{"Arn": format("arn:aws:logs:{region}:{account}:log-group:{id}:*")},
	},
	bucketType: {
		seconds: 22, named: "BucketName", replaced: []string{"BucketName"},
		identify: func(r *instance) string {
			return strings.ToLower(cut(r.stack, 24) + "-" + cut(r.logical, 24) + "-" + random(small, 12))
		},
		attributes: attributes{
			"Arn": format("arn:aws:s3:::{id}"), "DomainName": format("{id}.s3.amazonaws.com"), "RegionalDomainName": format("{id}.s3.{region}.amazonaws.com"),
			"WebsiteURL": format("http://{id}.s3-website.{region}.amazonaws.com"),
		},
	},
	"AWS::S3::BucketPolicy": {seconds: 2, named: "Bucket", shared: true, replaced: []string{"Bucket"}, untagged: true},
	"AWS::CloudFront::Distribution": {
		seconds: 240, identify: func(*instance) string { return "E" + random(capital, 13) },
		attributes: attributes{"Id": physical, "DomainName": func(r *instance) string { return "d" + hash(r.physical, 13) + ".cloudfront.net" }},
	},
	"AWS::CloudFront::Function": {
		seconds: 6, replaced: []string{"Name"}, untagged: true,
		identify: func(r *instance) string {
			return "arn:aws:cloudfront::" + Account + ":function/" + text(r.properties["Name"])
		},
		attributes: attributes{"FunctionARN": physical, "FunctionMetadata.FunctionARN": physical, "Stage": func(*instance) string { return "LIVE" }},
	},
	"AWS::CloudFront::OriginAccessControl":   {seconds: 4, identify: func(*instance) string { return "E" + random(capital, 13) }, untagged: true, attributes: attributes{"Id": physical}},
	"AWS::CloudFront::ResponseHeadersPolicy": {seconds: 4, identify: func(*instance) string { return requestID() }, untagged: true, attributes: attributes{"Id": physical}},
	"AWS::CloudFront::CachePolicy":           {seconds: 4, identify: func(*instance) string { return requestID() }, untagged: true, attributes: attributes{"Id": physical}},
	"AWS::CloudFront::OriginRequestPolicy":   {seconds: 4, identify: func(*instance) string { return requestID() }, untagged: true, attributes: attributes{"Id": physical}},
	"AWS::CloudWatch::Alarm": {
		seconds: 3, named: "AlarmName", replaced: []string{"AlarmName"},
		attributes: attributes{"Arn": format("arn:aws:cloudwatch:{region}:{account}:alarm:{id}")},
	},
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// hash is n letters and digits that belong to s.
func hash(s string, n int) string {
	sum := uint64(14695981039346656037)
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		for _, c := range []byte(fmt.Sprint(i, s)) {
			sum = (sum ^ uint64(c)) * 1099511628211
		}
		b.WriteByte(small[sum>>32%36])
	}
	return b.String()
}

// needsReplacement says whether a change of that property needs a new resource.
func needsReplacement(typ, property string) bool {
	k := kindOf(typ)
	return k != nil && slices.Contains(k.replaced, property)
}
