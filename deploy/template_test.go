package deploy_test

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/deploy"
	"parley/dynamo"
	"parley/e2e"
)

// TestTemplate holds the template to what cfn-lint does not look at.
func TestTemplate(t *testing.T) {
	parsed, err := parseTemplate(deploy.Template)
	if err != nil {
		t.Fatal(err)
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) { check(parsed, t.Errorf) })
	}
	// What is larger has to be put into a bucket before CloudFormation takes it.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
	if t.Logf("%d bytes, %d resources", len(deploy.Template), len(parsed.Resources)); len(deploy.Template) > 51_200 {
		t.Errorf("the template has %d bytes, at most 51,200 go by themselves", len(deploy.Template))
	}
}

// mistakes are made in a copy of the template, each to be found by one check.
var mistakes = []struct{ check, instead, of string }{
	{"references", "!GetAtt OnConectRole.Arn", "!GetAtt OnConnectRole.Arn"},
	{"references", "${WebSocketAPI}.execute", "${WebSocketApi}.execute"},
	{"references", "!If [HasDomian, ", "!If [HasDomain, "},
	{"references", "DependsOn: WebsiteBucketPolicies", "DependsOn: WebsiteBucketPolicy"},
	{"references", "!If [Private, !Ref AWS::NoValue, !GetAtt WebsiteAccess.Id]", "!If [Public, !Ref AWS::NoValue, !GetAtt WebsiteAccess.Id]"},
	{"parameters", "DeletionProtectionEnabled: false", "DeletionProtectionEnabled: !Ref DeletionProtection"},
	{"parameters", "Default: 'no'", "Default: 'false'"},
	{"parameters", "Default: '-'", "Default: ''"},
	{"parameters", "", "    ConstraintDescription: must be true or false.\n"},
	{"parameters", "Description: Megabytes.", "Description: Megabytes of OnAction. Its share of a processor grows with them; a large room is told faster."},
	{"parameters", "", "    MaxValue: 10240\n"},
	{"parameters", "", "    NoEcho: true\n"},
	{"parameters", "  HasNothing: !Equals [!Ref Version, '']\n  HasTopic:", "  HasTopic:"},
	{"cycles", "Name: !Ref OnActionFunction", "Name: !Ref AWS::StackName"},
	{"cycles", "Description: !GetAtt Stage.Id", "Description: The sockets of Parley. Browsers come through CloudFront, at /socket."},
	{"cycles", "DependsOn: Site\n    Properties:\n      Bucket:", "Properties:\n      Bucket:"},
	{"cycles", "Comment: !Sub ${OnConnectFunction},", "Comment: !Sub Parley,"},
	{"rules", "Assert: !Not [!Equals [!Ref PublicWebsite, '']]", "Assert: !Not [!Equals [!Ref CertificateArn, '']]"},
	{"api", "ProtocolType: WEBSOCKETS", "ProtocolType: WEBSOCKET"},
	{"api", "", "      RouteSelectionExpression: $request.body.type\n"},
	{"api", "Target: !Sub integrations/${DefaultIntegration}", "Target: !Sub integrations/${ConnectIntegration}"},
	{"api", "Target: !Sub ${ConnectIntegration}", "Target: !Sub integrations/${ConnectIntegration}"},
	{"api", "RouteKey: $conect", "RouteKey: $connect"},
	{"api", "IntegrationType: AWS", "IntegrationType: AWS_PROXY"},
	{"deployment", "DependsOn: [ConnectRoute, DisconnectRoute]", "DependsOn: [ConnectRoute, DisconnectRoute, DefaultRoute]"},
	{"deployment", "AuthorizationType: AWS_IAM", "AuthorizationType: NONE"},
	{"deployment", "IntegrationType: AWS_PROXY\n      TimeoutInMillis: 5000", "IntegrationType: AWS_PROXY"},
	{"deployment", "StageName: live", "StageName: socket"},
	{"deployment", "ThrottlingRateLimit: 10000", "ThrottlingRateLimit: !Ref ThrottleRate"},
	{"permissions", "${WebSocketApi}/*/$connect", "${WebSocketApi}/socket/$connect"},
	{"permissions", "SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/socket/$default", "SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/socket/$connect"},
	{"permissions", "Principal: '*'", "Principal: apigateway.amazonaws.com"},
	{"permissions", "Principal: lambda.amazonaws.com", "Principal: events.amazonaws.com"},
	{"permissions", "rule/*", "rule/${AWS::StackName}-sweep"},
	{"sweep", "Name: !Sub ${AWS::StackName}-clock", "Name: !Sub ${AWS::StackName}-sweep"},
	{"sweep", "Input: '{}'", "Input: '{\"parleySweep\":{}}'"},
	{"sweep", "Arn: !GetAtt OnDisconnectFunction.Arn, Input", "Arn: !GetAtt OnActionFunction.Arn, Input"},
	{"sweep", "rate(${SweepHours} hour)", "rate(${SweepHours} hours)"},
	{"sweep", "[0, 1, 2, 3,", "[0, 2, 3,"},
	{"sweep", "Type: AWS::Lambda::Permission\n", "Type: AWS::Lambda::Permission\n    Condition: HasSweep\n"},
	{"functions", "Handler: onConnect", "Handler: OnConnect"},
	{"functions", "Architectures: [x86_64]", "Architectures: [arm64]"},
	{"functions", "ORIGIN_SECRETS:", "ORIGIN_SECRET:"},
	{"functions", "", "          ORIGIN_SECRET_PREVIOUS: !Ref OriginSecretPrevious\n"},
	{"functions", "${AWS::URLSuffix}\n", "${AWS::URLSuffix}/socket\n"},
	{"functions", "SITE_ORIGIN: '*'", "SITE_ORIGIN: !If [HasDomain, !Sub 'https://${DomainName}', !Sub 'https://${Distribution.DomainName}']"},
	{"functions", "MaximumRetryAttempts: 2", "MaximumRetryAttempts: 0"},
	{"functions", "Timeout: 3", "Timeout: 29"},
	{"functions", "", "      ReservedConcurrentExecutions: !If [HasReserve, !Ref ReservedConcurrency, !Ref AWS::NoValue]\n"},
	{"functions", "ReservedConcurrentExecutions: !Ref ReservedConcurrency", "ReservedConcurrentExecutions: !If [HasReserve, !Ref ReservedConcurrency, !Ref AWS::NoValue]"},
	{"roles", "Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents']", "Action: ['logs:CreateLogStream', 'logs:PutLogEvents']"},
	{"roles", "'dynamodb:*'", "'dynamodb:DeleteItem'"},
	{"roles", "'dynamodb:Scan', 'dynamodb:PutItem'", "'dynamodb:PutItem'"},
	{"roles", "['dynamodb:PutItem']", "['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query']"},
	{"roles", "Resource: '*'", "Resource: !GetAtt ConnectionsTable.Arn"},
	{"roles", "${WebSocketApi}/*/POST/@connections/*", "${WebSocketApi}/socket/POST/@connections/*"},
	{"roles", "Role: !GetAtt OnActionRole.Arn", "Role: !GetAtt OnConnectRole.Arn"},
	{"roles", "Service: ec2.amazonaws.com", "Service: lambda.amazonaws.com"},
	{"logs", "LogGroup: !Ref OnActionLogs", "LogGroup: !Ref OnConnectLogs"},
	{"logs", "LogGroupName: !Sub /aws/lambda/OnConnect", "LogGroupName: !Sub /aws/lambda/${AWS::StackName}-OnConnect"},
	{"logs", "DeletionPolicy: Retain\n    UpdateReplacePolicy: Delete", "DeletionPolicy: Delete\n    UpdateReplacePolicy: Delete"},
	{"table", "AttributeName: pk", "AttributeName: PK"},
	{"table", "AttributeName: expires", "AttributeName: ttl"},
	{"table", "BillingMode: PROVISIONED", "BillingMode: PAY_PER_REQUEST"},
	{"table", "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: !Ref DeletionProtection"},
	{"table", "UpdateReplacePolicy: Delete", "UpdateReplacePolicy: Retain"},
	{"bucket", "BlockPublicPolicy: false", "BlockPublicPolicy: !If [Public, false, true]"},
	{"bucket", "", "        IgnorePublicAcls: true\n"},
	{"bucket", "Condition: {StringLike", "Condition: {StringEquals"},
	{"bucket", "", "              Condition: {Bool: {'aws:SecureTransport': 'false'}}\n"},
	{"bucket", "Action: 's3:Get*'", "Action: s3:GetObject"},
	{"bucket", "WebsiteConfiguration: {IndexDocument: index.html}", "WebsiteConfiguration: !If [Public, {IndexDocument: index.html}, !Ref AWS::NoValue]"},
	{"distribution", "CustomErrorResponses: [{ErrorCode: 403, ResponseCode: 200, ResponsePagePath: /index.html}]\n        HttpVersion:", "HttpVersion:"},
	{"distribution", "", "        DefaultRootObject: index.html\n"},
	{"distribution", allViewerExceptHostHeader + "\n          OriginRequestPolicyId: " + allViewerExceptHostHeader, cachingOptimized},
	{"distribution", "216adef6-5c7f-47e4-b989-5492eafa07d3", allViewerExceptHostHeader}, // AllViewer: Host goes along
	{"distribution", cachingOptimized, cachingDisabled},
	{"distribution", "PathPattern: /socket\n            FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt RoomPaths.FunctionARN}]", "PathPattern: /socket"},
	{"distribution", "- Id: socket\n            OriginPath: /socket", "- Id: socket"},
	{"distribution", "HeaderName: X-Origin", "HeaderName: X-Parley-Origin"},
	{"distribution", "MinimumProtocolVersion: TLSv1", "MinimumProtocolVersion: TLSv1.2_2021"},
	{"distribution", "OriginProtocolPolicy: match-viewer", "OriginProtocolPolicy: https-only"},
	{"distribution", "SigningBehavior: never", "SigningBehavior: always"},
	{"distribution", "", "          ResponseHeadersPolicyId: !Ref PageHeaders\n"},
	{"site", "", "    DependsOn: WebsiteBucketPolicy # done, it can be looked at\n"},
	{"site", "", "      Hash: !Ref SiteHash\n"},
	{"site", "", "      ServiceTimeout: 600 # seconds until its silence is a failure; an hour otherwise\n"},
	{"site", "Server: !Sub 'wss://${WebSocketApi}/socket'", "Server: !If [HasDomain, !Sub 'wss://${DomainName}/socket', !Sub 'wss://${Distribution.DomainName}/socket']"},
	{"site", "LoggingConfig: {LogFormat: JSON}", "LoggingConfig: {LogGroup: !Ref WebsiteLogs, LogFormat: JSON, ApplicationLogLevel: INFO, SystemLogLevel: WARN}"},
	{"alarms", "AlarmName: parley-api-errors", "AlarmName: !Sub ${AWS::StackName}-api-errors"},
	{"alarms", "TreatMissingData: breaching", "TreatMissingData: notBreaching"},
	{"alarms", "Id: connect, ReturnData: true", "Id: connect, ReturnData: false"},
	{"alarms", "Dimensions: []", "Dimensions: [{Name: TableName, Value: !Ref ConnectionsTable}]"},
	{"alarms", "AlarmActions: [!Ref AlarmTopicArn]", "AlarmActions: !If [HasTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]"},
	{"alarms", "  ApiErrorsAlarm:\n    Type: AWS::CloudWatch::CompositeAlarm\n", "  ApiErrorsAlarm: # ExecutionError is API Gateway's 5xx; IntegrationError counts refused handshakes too\n    Type: AWS::CloudWatch::Alarm\n"},
	{"alarms", "Threshold: !If [HasTopic, !Ref AlarmFrames, 1000000000]", "Threshold: !Ref AlarmFrames"},
	{"alarms", "Period: 86400", "Period: 3600"},
	{"names", "FunctionName: !Sub parley-for-everybody-${AWS::StackName}-OnConnect", "FunctionName: !Sub ${AWS::StackName}-OnConnect"},
	{"names", "TableName: Connections", "TableName: !Sub '${AWS::StackName}-Connections'"},
	{"names", "Name: !Sub ${AWS::StackName}-rooms", "Name: !Sub ${AWS::StackName}-${AWS::Region}-rooms"},
	{"names", "Name: sweep", "Name: !Sub ${AWS::StackName}-sweep"},
	{"names", "${AWS::StackName}-function-errors", "${AWS::StackName}-function-throttles"},
	{"outputs", "  DistributionID:\n", "  DistributionId:\n"},
	{"outputs", "Value: !Ref OriginSecret", "Value: !Ref SiteHash"},
	{"outputs", "Description: Where people talk", "Description: Where people talk."},
}

// TestTemplateChecksFind shows that each check can fail: a mistake is found, and
// by the check that is there for it.
func TestTemplateChecksFind(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, m := range mistakes {
		if !strings.Contains(deploy.Template, m.of) {
			t.Errorf("%s: %q does not stand in the template any more", m.check, m.of)
			continue
		}
		parsed, err := parseTemplate(strings.Replace(deploy.Template, m.of, m.instead, 1))
		if err != nil {
			t.Errorf("%s: %q instead of %q: %v", m.check, m.instead, m.of, err)
			continue
		}
		found := 0
		checks[m.check](parsed, func(format string, args ...any) {
			found++
			t.Logf("%s: %s", m.check, fmt.Sprintf(format, args...))
		})
		if found == 0 {
			t.Errorf("%s: %q instead of %q is not found", m.check, m.instead, m.of)
		}
		tried[m.check] = true
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if !tried[name] {
			t.Errorf("no mistake is made for the check %q", name)
		}
	}
}

// What YAML allows and CloudFormation does not is no template.
func TestTemplateIsPlainYAML(t *testing.T) {
	for what, text := range map[string]string{
		"an alias":           "Resources: {A: &a {Type: B}, C: *a}",
		"a key that repeats": "Resources: {A: {Type: B}, A: {Type: B}}",
		"an unknown tag":     "Resources: {A: !Reff B}",
		"no mapping":         "- Resources",
	} {
		if _, err := parseTemplate(text); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

// recorder notes the table that dynamo would create.
type recorder struct {
	table dynamodb.CreateTableInput
	ttl   dynamodb.UpdateTimeToLiveInput
}

func (r *recorder) CreateTable(_ context.Context, in *dynamodb.CreateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error) {
	r.table = *in
	return &dynamodb.CreateTableOutput{}, nil
}

func (r *recorder) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	return &dynamodb.DescribeTableOutput{Table: &types.TableDescription{TableStatus: types.TableStatusActive}}, nil
}

func (r *recorder) UpdateTimeToLive(_ context.Context, in *dynamodb.UpdateTimeToLiveInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error) {
	r.ttl = *in
	return &dynamodb.UpdateTimeToLiveOutput{}, nil
}

// emulatorsTable is the table that dynamo creates for an emulator, as checkTable
// writes it.
func emulatorsTable() string {
	r := &recorder{}
	if err := dynamo.CreateTable(context.Background(), r, "chat"); err != nil {
		panic(err) // recorder has none
	}
	var attributes, keys []any
	for _, a := range r.table.AttributeDefinitions {
		attributes = append(attributes, object{"AttributeName": *a.AttributeName, "AttributeType": a.AttributeType})
	}
	for _, k := range r.table.KeySchema {
		keys = append(keys, object{"AttributeName": *k.AttributeName, "KeyType": k.KeyType})
	}
	ttl := object{"AttributeName": *r.ttl.TimeToLiveSpecification.AttributeName, "Enabled": *r.ttl.TimeToLiveSpecification.Enabled}
	return fmt.Sprint(attributes, keys, ttl)
}

// TestRoomPaths runs the distribution's own JavaScript: which paths are the page.
// It has its own engine there, of which this uses only what is in ECMAScript 5.1.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
func TestRoomPaths(t *testing.T) {
	node := e2e.Need(t, "node")
	parsed, err := parseTemplate(deploy.Template)
	if err != nil {
		t.Fatal(err)
	}
	code, _ := parsed.properties("RoomPaths")["FunctionCode"].(string)
	if len(code) == 0 || len(code) > 10_000 { // bytes, CloudFront's limit
		t.Fatalf("the function has %d bytes", len(code))
	}
	for path, want := range map[string]string{
		"/": "/", "/r/general": "/index.html", "/r/%E2%98%95": "/index.html", "/r/caf%C3%A9%20%2Fbar": "/index.html", "/r/a.js": "/index.html",
		"/r/a/b": "/r/a/b", "/r/": "/r/", "/r": "/r", "/rr/a": "/rr/a", "/x/r/a": "/x/r/a", "/r//": "/r//",
		"/index.html": "/index.html", "/app.js": "/app.js", "/config.json": "/config.json", "/nothing": "/nothing", "/socket": "/socket",
	} {
		script := code + `;process.stdout.write(handler({request: {method: 'GET', uri: process.argv[1], querystring: {}, headers: {}}}).uri)`
		got, err := exec.CommandContext(t.Context(), node, "-e", script, path).Output()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if string(got) != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
}

// What the engine reads of the template.
func TestTemplateContents(t *testing.T) {
	parameters := map[string]deploy.Parameter{}
	for _, p := range deploy.Parameters() {
		parameters[p.Name] = p
	}
	if p := parameters["OriginSecret"]; !p.Secret || p.Default != nil || p.ForPeople() || p.Pattern == "" || p.Constraint == "" || p.Description == "" {
		t.Errorf("OriginSecret is %+v", p)
	}
	if p := parameters["ActionMemory"]; p.Secret || p.Default == nil || *p.Default != "1024" || !p.ForPeople() || p.Type != "Number" {
		t.Errorf("ActionMemory is %+v", p)
	}
	if p := parameters["PublicWebsite"]; p.Default == nil || *p.Default != "false" || len(p.Allowed) != 2 {
		t.Errorf("PublicWebsite is %+v", p)
	}
	if r := deploy.Resources()[0]; r.LogicalID != "ConnectionsTable" || r.Type != "AWS::DynamoDB::Table" {
		t.Errorf("the first resource is %+v", r)
	}
	if o := deploy.Outputs()[0]; o.Name != "WebsiteUrl" || o.Description == "" {
		t.Errorf("the first output is %+v", o)
	}
}
