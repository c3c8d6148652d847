package deploy_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"parley/deploy"
	"parley/functions"
)

// handlers are the functions and the names by which their programs know them.
var handlers = map[string]string{
	"OnConnectFunction": functions.OnConnect, "OnDisconnectFunction": functions.OnDisconnect, "OnActionFunction": functions.OnAction, "WebsiteFunction": "Website",
}

// settingsRead are the variables that the program of the chat's functions reads.
var settingsRead = func() (names []string) {
	source, err := os.ReadFile("../functions/bootstrap/settings.go")
	if err != nil {
		panic(err)
	}
	for _, found := range regexp.MustCompile(`(?:getenv|needed)\("([A-Z_]+)"`).FindAllSubmatch(source, -1) {
		names = append(names, string(found[1]))
	}
	return names
}()

func checkFunctions(t *parsedTemplate, wrong func(string, ...any)) {
	if all := t.of("AWS::Lambda::Function"); !slices.Equal(all, slices.Sorted(maps.Keys(handlers))) {
		wrong("the functions are %v", all)
	}
	for id, handler := range handlers {
		f := t.properties(id)
		if f["Handler"] != handler || f["Runtime"] != "provided.al2023" || fmt.Sprint(f["Architectures"]) != "[arm64]" {
			wrong("%s runs %v on %v %v", id, f["Handler"], f["Runtime"], f["Architectures"])
		}
		name, _ := argumentOf(f["FunctionName"], "Fn::Sub")
		if name != "${AWS::StackName}-"+strings.TrimSuffix(id, "Function") {
			wrong("%s is called %v", id, name)
		}
		variables, _ := within(f, "Environment", "Variables").(object)
		names := slices.Sorted(maps.Keys(variables))
		want := []string{"MANAGEMENT_ENDPOINT", "TABLE_NAME"}
		switch id {
		case "OnConnectFunction":
			want = []string{"MANAGEMENT_ENDPOINT", "ORIGIN_SECRET", "ORIGIN_SECRET_PREVIOUS", "SITE_ORIGIN", "TABLE_NAME"}
		case "WebsiteFunction":
			want = nil
		}
		if !slices.Equal(names, want) {
			wrong("%s is told %v, want %v", id, names, want)
		}
		for _, name := range names {
			if !slices.Contains(settingsRead, name) {
				wrong("%s is told %s, which it does not read", id, name)
			}
		}
		endpoint, _ := argumentOf(variables["MANAGEMENT_ENDPOINT"], "Fn::Sub")
		if want != nil && endpoint != "https://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/socket" {
			wrong("%s posts to %v", id, endpoint)
		}
		if timeout, _ := f["Timeout"].(int); timeout < 29 {
			wrong("%s has %v seconds", id, f["Timeout"])
		}
		reserve := "map[Ref:ReservedConcurrency]"
		if id == "WebsiteFunction" { // CloudFormation alone calls it
			reserve = "<nil>"
		}
		if got := fmt.Sprint(t.properties(id, "HasReserve")["ReservedConcurrentExecutions"]); got != reserve {
			wrong("%s may run %s times at once, want %s", id, got, reserve)
		}
		if got := f["ReservedConcurrentExecutions"]; got != nil {
			wrong("%s takes %v from an account that can reserve none", id, got)
		}
	}
	for hold, want := range map[string]string{"HasDomain": "https://${DomainName}", "": "https://${Distribution.DomainName}"} {
		if site, _ := argumentOf(within(t.properties("OnConnectFunction", hold), "Environment", "Variables", "SITE_ORIGIN"), "Fn::Sub"); site != want {
			wrong("OnConnect takes pages of %v, want %s", site, want)
		}
	}
	again := t.properties("OnActionInvocations")
	if function, _ := argumentOf(again["FunctionName"], "Ref"); function != "OnActionFunction" || again["MaximumRetryAttempts"] != 0 {
		wrong("a share of OnAction that fails is tried %v times more", again["MaximumRetryAttempts"])
	}
}

// checkLogs: each function writes into a group of the stack's, which goes with it.
func checkLogs(t *parsedTemplate, wrong func(string, ...any)) {
	for id := range handlers {
		group := strings.TrimSuffix(id, "Function") + "Logs"
		if to, _ := argumentOf(within(t.properties(id), "LoggingConfig", "LogGroup"), "Ref"); to != group {
			wrong("%s logs to %v", id, to)
		}
		name, _ := argumentOf(t.properties(group)["LogGroupName"], "Fn::Sub")
		if name != "/aws/lambda/${AWS::StackName}-"+strings.TrimSuffix(id, "Function") {
			wrong("the log group of %s is called %v", id, name)
		}
		if days, _ := argumentOf(t.properties(group)["RetentionInDays"], "Ref"); days != "LogRetentionDays" {
			wrong("%s is kept for %v days", group, days)
		}
		if policy, _ := within(t.Resources[group], "DeletionPolicy").(string); policy != "Delete" {
			wrong("%s is left behind: %q", group, policy)
		}
	}
}

func checkTable(t *parsedTemplate, wrong func(string, ...any)) {
	table := t.properties("ConnectionsTable")
	if table["BillingMode"] != "PAY_PER_REQUEST" {
		wrong("the table is billed as %v", table["BillingMode"])
	}
	got := fmt.Sprint(table["AttributeDefinitions"], table["KeySchema"], table["TimeToLiveSpecification"])
	if want := emulatorsTable(); got != want {
		wrong("the table is\n%s\nwhile that of the emulator is\n%s", got, want)
	}
	for property, parameter := range map[string]string{"DeletionProtectionEnabled": "DeletionProtection"} {
		if by, _ := argumentOf(table[property], "Ref"); by != parameter {
			wrong("%s is %v", property, table[property])
		}
	}
	if by, _ := argumentOf(within(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"), "Ref"); by != "PointInTimeRecovery" {
		wrong("the table can be restored: %v", by)
	}
	if within(t.Parameters["PointInTimeRecovery"], "Default") != "false" {
		wrong("deleted text is kept for 35 days unasked")
	}
	if within(t.Resources["ConnectionsTable"], "DeletionPolicy") != "Delete" || within(t.Resources["ConnectionsTable"], "UpdateReplacePolicy") != "Retain" {
		wrong("the table stays when the stack goes, or goes when it is replaced")
	}
}

// checkSite: the site is filled when all it needs is there, and emptied before
// any of that goes, since what comes last goes first.
func checkSite(t *parsedTemplate, wrong func(string, ...any)) {
	before := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		for _, next := range t.needs(id) {
			if !before[next] {
				before[next] = true
				visit(next)
			}
		}
	}
	visit("Site")
	for _, id := range []string{"WebsiteBucket", "WebsiteBucketPolicy", "Distribution", "WebsiteFunction", "WebsiteRole", "WebsiteLogs"} {
		if !before[id] {
			wrong("%s may go before the site, which needs it", id)
		}
	}
	for id := range handlers {
		name := strings.TrimSuffix(id, "Function")
		if needs := t.needs(id); !slices.Contains(needs, name+"Role") || !slices.Contains(needs, name+"Logs") {
			wrong("%s needs only %v, and may be called without its role or log group", id, needs)
		}
	}
	site := t.properties("Site")
	for property, want := range map[string]string{"Bucket": "WebsiteBucket", "DistributionId": "Distribution", "Hash": "SiteHash", "Version": "Version"} {
		if got, _ := argumentOf(site[property], "Ref"); got != want {
			wrong("the site's %s is %v", property, got)
		}
	}
	if !slices.Contains(references(site["ServiceToken"]), reference{"WebsiteFunction", "Arn"}) {
		wrong("the site is made by %v", site["ServiceToken"])
	}
	timeout, _ := t.properties("WebsiteFunction")["Timeout"].(int)
	if patience, _ := site["ServiceTimeout"].(int); patience <= timeout || patience > 900 {
		wrong("CloudFormation waits %v seconds for a function of %d", site["ServiceTimeout"], timeout)
	}
	for hold, want := range map[string]string{"HasDomain": "wss://${DomainName}/socket", "": "wss://${Distribution.DomainName}/socket"} {
		if got, _ := argumentOf(t.properties("Site", hold)["Server"], "Fn::Sub"); got != want {
			wrong("config.json names %v, want %s", got, want)
		}
	}
}

// checkAlarms: they bear the stack's name, are few enough to be free, and take
// silence for health.
func checkAlarms(t *parsedTemplate, wrong func(string, ...any)) {
	watched := 0
	for _, id := range t.of("AWS::CloudWatch::Alarm") {
		alarm := t.properties(id, "HasTopic")
		if name, _ := argumentOf(alarm["AlarmName"], "Fn::Sub"); !strings.HasPrefix(fmt.Sprint(name), "${AWS::StackName}-") {
			wrong("%s is called %v", id, name)
		}
		if alarm["TreatMissingData"] != "notBreaching" {
			wrong("%s takes silence for %v", id, alarm["TreatMissingData"])
		}
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if !slices.Contains(references(alarm[actions]), reference{name: "AlarmTopicArn"}) {
				wrong("%s tells nobody: %s is %v", id, actions, alarm[actions])
			}
			if _, told := t.properties(id)[actions]; told {
				wrong("%s has %s without a topic", id, actions)
			}
		}
		if alarm["MetricName"] != nil {
			watched++
		}
		for _, metric := range listOf(alarm["Metrics"]) {
			if stat := within(metric, "MetricStat"); stat != nil {
				watched++
				if within(metric, "ReturnData") != false {
					wrong("%s alarms on more than one value", id)
				}
				if len(references(within(stat, "Metric", "Dimensions"))) != 1 {
					wrong("%s watches more than this stack", id)
				}
			}
		}
	}
	traffic := t.properties("TrafficAlarm")
	if by, _ := argumentOf(traffic["Threshold"], "Ref"); by != "AlarmFrames" || traffic["Period"] != 3600 || traffic["Statistic"] != "Sum" {
		wrong("traffic is unusual from %v in %v s, by %v", traffic["Threshold"], traffic["Period"], traffic["Statistic"])
	}
	const free = 10 // https://aws.amazon.com/cloudwatch/pricing/
	if watched != deploy.AlarmMetrics || watched > free {
		wrong("the alarms watch %d metrics, the bill says %d, and %d are free", watched, deploy.AlarmMetrics, free)
	}
}

// checkNames: what is made of the longest stack's name, in the region with the
// longest one, is still a name.
func checkNames(t *parsedTemplate, wrong func(string, ...any)) {
	most := map[string]struct {
		property []string
		length   int
	}{
		"AWS::Lambda::Function":                  {[]string{"FunctionName"}, 64},
		"AWS::Logs::LogGroup":                    {[]string{"LogGroupName"}, 512},
		"AWS::DynamoDB::Table":                   {[]string{"TableName"}, 255},
		"AWS::CloudWatch::Alarm":                 {[]string{"AlarmName"}, 255},
		"AWS::CloudFront::Function":              {[]string{"Name"}, 64},
		"AWS::Events::Rule":                      {[]string{"Name"}, 64},
		"AWS::CloudFront::OriginAccessControl":   {[]string{"OriginAccessControlConfig", "Name"}, 64},
		"AWS::CloudFront::ResponseHeadersPolicy": {[]string{"ResponseHeadersPolicyConfig", "Name"}, 128},
	}
	fill := strings.NewReplacer("${AWS::StackName}", strings.Repeat("x", 40), "${AWS::Region}", "ap-northeast-1")
	taken := map[string]bool{}
	for kind, limit := range most {
		for _, id := range t.of(kind) {
			name, _ := argumentOf(within(t.properties(id), limit.property...), "Fn::Sub")
			text := fill.Replace(fmt.Sprint(name))
			if len(text) > limit.length || len(text) < 40 {
				wrong("%s is called %s, %d characters of %d", id, text, len(text), limit.length)
			}
			if strings.HasPrefix(kind, "AWS::CloudFront::") && !strings.Contains(text, "ap-northeast-1") { // they share one namespace
				wrong("%s is called %s in every region", id, text)
			}
			if taken[kind+text] {
				wrong("%s is called %s, as another one", id, text)
			}
			taken[kind+text] = true
		}
	}
}

func checkOutputs(t *parsedTemplate, wrong func(string, ...any)) {
	for _, name := range []string{
		"WebsiteUrl", "WebSocketUrl", "ManagementEndpoint", "TableName", "WebsiteBucketName", "DistributionId", "DistributionDomainName", "Version", "SiteHash",
		"OnConnectFunctionName", "OnDisconnectFunctionName", "OnActionFunctionName", "WebsiteFunctionName",
	} {
		if _, told := t.Outputs[name]; !told {
			wrong("%s is not told", name)
		}
	}
	for name, output := range t.Outputs {
		if text, _ := within(output, "Description").(string); !strings.HasSuffix(text, ".") {
			wrong("%s is not described", name)
		}
		for _, r := range references(within(output, "Value")) {
			if within(t.Parameters[r.name], "NoEcho") == true {
				wrong("%s tells the secret %s", name, r.name)
			}
		}
	}
}
