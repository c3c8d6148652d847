package deploy_test

import (
	"fmt"
	"slices"
	"strings"

	"parley/functions"
)

// everything is what a role may do: actions and on what. Its calls of DynamoDB,
// @connections and Lambda are those that TestRolesAreWhatIsCalled counts.
var everything = map[string][]string{
	"OnConnectRole": {
		"logs:CreateLogStream OnConnectLogs.Arn", "logs:PutLogEvents OnConnectLogs.Arn",
		"dynamodb:DeleteItem ConnectionsTable.Arn", "dynamodb:PutItem ConnectionsTable.Arn", "dynamodb:Query ConnectionsTable.Arn",
	},
	"OnDisconnectRole": {
		"logs:CreateLogStream OnDisconnectLogs.Arn", "logs:PutLogEvents OnDisconnectLogs.Arn",
		"dynamodb:DeleteItem ConnectionsTable.Arn", "dynamodb:GetItem ConnectionsTable.Arn", "dynamodb:PutItem ConnectionsTable.Arn", "dynamodb:Query ConnectionsTable.Arn",
		"execute-api:ManageConnections " + connections("POST"),
	},
	"OnActionRole": {
		"logs:CreateLogStream OnActionLogs.Arn", "logs:PutLogEvents OnActionLogs.Arn",
		"dynamodb:BatchGetItem ConnectionsTable.Arn", "dynamodb:DeleteItem ConnectionsTable.Arn", "dynamodb:GetItem ConnectionsTable.Arn",
		"dynamodb:PutItem ConnectionsTable.Arn", "dynamodb:Query ConnectionsTable.Arn",
		"execute-api:ManageConnections " + connections("POST"), "execute-api:ManageConnections " + connections("DELETE"),
		"lambda:InvokeFunction OnActionFunction.Arn",
	},
	"WebsiteRole": {
		"logs:CreateLogStream WebsiteLogs.Arn", "logs:PutLogEvents WebsiteLogs.Arn",
		"s3:ListBucket WebsiteBucket.Arn", "s3:ListBucketVersions WebsiteBucket.Arn",
		"s3:DeleteObject ${WebsiteBucket.Arn}/*", "s3:DeleteObjectVersion ${WebsiteBucket.Arn}/*", "s3:PutObject ${WebsiteBucket.Arn}/*",
		"cloudfront:CreateInvalidation " + distribution,
	},
}

func connections(method string) string {
	return "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/socket/" + method + "/@connections/*"
}

const distribution = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"

// granted lists what the statements of a policy allow.
func granted(policy any) (all []string) {
	for _, s := range listOf(within(policy, "Statement")) {
		for _, action := range listOf(within(s, "Action")) {
			for _, on := range listOf(within(s, "Resource")) {
				all = append(all, fmt.Sprint(within(s, "Effect"), " ", action, " ", inShort(on)))
			}
		}
	}
	return all
}

// inShort is an ARN as these tests write it.
func inShort(value any) string {
	if at, ok := argumentOf(value, "Fn::GetAtt"); ok {
		return fmt.Sprint(at.([]any)[0], ".", at.([]any)[1])
	}
	if text, ok := argumentOf(value, "Fn::Sub"); ok {
		return fmt.Sprint(text)
	}
	return fmt.Sprint(value)
}

// Each function has a role of its own, which may do what is listed and no more:
// nothing with a wildcard, and no log groups.
func checkRoles(t *parsedTemplate, wrong func(string, ...any)) {
	may := map[string][]string{}
	for _, id := range t.of("AWS::IAM::Role") {
		role := t.properties(id)
		for _, policy := range listOf(role["Policies"]) {
			may[id] = append(may[id], granted(within(policy, "PolicyDocument"))...)
		}
		if role["ManagedPolicyArns"] != nil {
			wrong("%s has policies of AWS's, which allow more", id)
		}
		for _, s := range listOf(within(role, "AssumeRolePolicyDocument", "Statement")) {
			if within(s, "Principal", "Service") != "lambda.amazonaws.com" || within(s, "Action") != "sts:AssumeRole" {
				wrong("%s can be had by %v", id, within(s, "Principal"))
			}
		}
	}
	for _, id := range t.of("AWS::IAM::Policy") {
		for _, r := range references(t.properties(id)["Roles"]) {
			may[r.name] = append(may[r.name], granted(t.properties(id)["PolicyDocument"])...)
		}
	}
	for id := range handlers {
		own := strings.TrimSuffix(id, "Function") + "Role"
		if role := t.properties(id)["Role"]; inShort(role) != own+".Arn" {
			wrong("%s has the role %v", id, role)
		}
	}
	for id, all := range may {
		for _, one := range all {
			action, on, _ := strings.Cut(strings.TrimPrefix(one, "Allow "), " ")
			if !strings.HasPrefix(one, "Allow ") || strings.Contains(action, "*") || strings.Contains(on, "*") && !strings.HasSuffix(on, "/@connections/*") && !strings.HasSuffix(on, ".Arn}/*") {
				wrong("%s: %s", id, one)
			}
			if !slices.Contains(everything[id], strings.TrimPrefix(one, "Allow ")) {
				wrong("%s may do more than it does: %s", id, one)
			}
		}
		for _, needed := range everything[id] {
			if !slices.Contains(all, "Allow "+needed) {
				wrong("%s may not do %s", id, needed)
			}
		}
	}
	for id := range everything {
		if may[id] == nil {
			wrong("there is no %s", id)
		}
	}
}

func checkBucket(t *parsedTemplate, wrong func(string, ...any)) {
	for _, hold := range []string{"Private", "Public"} {
		bucket := t.properties("WebsiteBucket", hold)
		for block, ever := range map[string]bool{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": false} {
			if got, want := within(bucket, "PublicAccessBlockConfiguration", block), ever || hold == "Private"; got != want {
				wrong("%s: %s is %v", hold, block, got)
			}
		}
		if website := bucket["WebsiteConfiguration"]; (website != nil) != (hold == "Public") {
			wrong("%s: the bucket as a website is %v", hold, website)
		}
	}
	private := t.properties("WebsiteBucketPolicy", "Private")["PolicyDocument"]
	want := []string{
		"Allow s3:GetObject ${WebsiteBucket.Arn}/*", "Allow s3:ListBucket WebsiteBucket.Arn",
		"Deny s3:* WebsiteBucket.Arn", "Deny s3:* ${WebsiteBucket.Arn}/*",
	}
	if got := granted(private); !slices.Equal(got, want) {
		wrong("a private bucket's policy is %q", got)
	}
	for _, s := range listOf(within(private, "Statement")) {
		if within(s, "Effect") != "Allow" {
			if within(s, "Condition", "Bool", "aws:SecureTransport") != "false" {
				wrong("the bucket denies %v", s)
			}
			continue
		}
		if source := within(s, "Condition", "StringEquals", "AWS:SourceArn"); within(s, "Principal", "Service") != "cloudfront.amazonaws.com" || inShort(source) != distribution {
			wrong("%v may read the bucket for %v", within(s, "Principal"), inShort(source))
		}
	}
	if got := granted(t.properties("WebsiteBucketPolicy", "Public")["PolicyDocument"]); !slices.Equal(got, []string{"Allow s3:GetObject ${WebsiteBucket.Arn}/*"}) {
		wrong("a public bucket's policy is %q", got)
	}
	if policies := t.of("AWS::S3::BucketPolicy"); len(policies) != 1 { // a second one's end would take the first with it
		wrong("the bucket has the policies %v", policies)
	}
}

// The managed policies of CloudFront.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
const (
	cachingOptimized          = "658327ea-f89d-4fab-a63d-7439e55ccaf5"
	cachingDisabled           = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

func checkDistribution(t *parsedTemplate, wrong func(string, ...any)) {
	config := func(hold ...string) object {
		c, _ := t.properties("Distribution", hold...)["DistributionConfig"].(object)
		return c
	}
	is := func(value any, want any, path ...string) {
		if got := within(value, path...); fmt.Sprint(got) != fmt.Sprint(want) {
			wrong("%s is %v, want %v", strings.Join(path, "."), got, want)
		}
	}
	c := config("Private")
	is(c, true, "Enabled")
	is(c, "http2and3", "HttpVersion")
	is(c, "index.html", "DefaultRootObject") // otherwise / lists the bucket
	is(c, nil, "CustomErrorResponses")
	is(c, "map[CloudFrontDefaultCertificate:true]", "ViewerCertificate")
	is(c, nil, "Aliases")
	is(c, nil, "WebACLId")

	page := c["DefaultCacheBehavior"]
	is(page, "page", "TargetOriginId")
	is(page, "redirect-to-https", "ViewerProtocolPolicy")
	is(page, "[GET HEAD]", "AllowedMethods")
	is(page, true, "Compress")
	is(page, cachingOptimized, "CachePolicyId")
	is(page, nil, "OriginRequestPolicyId") // a query could ask the bucket for a list
	is(page, "map[Ref:PageHeaders]", "ResponseHeadersPolicyId")
	is(page, "[map[EventType:viewer-request FunctionARN:map[Fn::GetAtt:[RoomPaths FunctionARN]]]]", "FunctionAssociations")

	behaviours := listOf(c["CacheBehaviors"])
	if len(behaviours) != 1 {
		wrong("%d behaviours beside the page's", len(behaviours))
		return
	}
	socket := behaviours[0]
	is(socket, "/socket", "PathPattern")
	is(socket, "socket", "TargetOriginId")
	is(socket, "https-only", "ViewerProtocolPolicy")
	is(socket, cachingDisabled, "CachePolicyId")
	is(socket, allViewerExceptHostHeader, "OriginRequestPolicyId")
	is(socket, nil, "FunctionAssociations")

	for _, hold := range []string{"Private", "Public"} {
		origins := listOf(config(hold)["Origins"])
		if len(origins) != 2 {
			wrong("%s: the origins are %v", hold, origins)
			return
		}
		bucket, api := origins[0], origins[1]
		is(bucket, "page", "Id")
		if hold == "Private" {
			is(bucket, "map[Fn::GetAtt:[WebsiteBucket RegionalDomainName]]", "DomainName")
			is(bucket, "map[Fn::GetAtt:[WebsiteAccess Id]]", "OriginAccessControlId")
			is(bucket, "map[OriginAccessIdentity:]", "S3OriginConfig")
			is(bucket, nil, "CustomOriginConfig")
		} else {
			is(bucket, "map[Fn::Select:[2 map[Fn::Split:[/ map[Fn::GetAtt:[WebsiteBucket WebsiteURL]]]]]]", "DomainName")
			is(bucket, nil, "OriginAccessControlId")
			is(bucket, nil, "S3OriginConfig")
			is(bucket, "http-only", "CustomOriginConfig", "OriginProtocolPolicy")
		}
		is(api, "socket", "Id")
		is(api, "map[Fn::Sub:${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}]", "DomainName")
		is(api, nil, "OriginPath")
		is(api, "https-only", "CustomOriginConfig", "OriginProtocolPolicy")
		is(api, "[TLSv1.2]", "CustomOriginConfig", "OriginSSLProtocols")
		is(api, "[map[HeaderName:"+functions.OriginHeader+" HeaderValue:map[Ref:OriginSecret]]]", "OriginCustomHeaders")
	}
	own := config("Private", "HasDomain", "HasCertificate", "HasWebAcl")
	is(own, "[map[Ref:DomainName]]", "Aliases")
	is(own, "map[Ref:WebAclArn]", "WebACLId")
	is(own, "TLSv1.2_2021", "ViewerCertificate", "MinimumProtocolVersion")
	is(own, "map[Ref:CertificateArn]", "ViewerCertificate", "AcmCertificateArn")

	access := t.properties("WebsiteAccess")["OriginAccessControlConfig"]
	is(access, "s3", "OriginAccessControlOriginType")
	is(access, "always", "SigningBehavior")
	is(access, "sigv4", "SigningProtocol")
}
