package deploy_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// check looks at one thing that must hold of the template and that cfn-lint does
// not see. It tells each fault it finds.
type check func(t *parsedTemplate, wrong func(format string, args ...any))

var checks = map[string]check{
	"references": checkReferences, "parameters": checkParameters, "cycles": checkCycles, "rules": checkRules,
	"api": checkAPI, "deployment": checkDeployment, "permissions": checkPermissions, "sweep": checkSweep,
	"functions": checkFunctions, "roles": checkRoles, "logs": checkLogs, "table": checkTable,
	"bucket": checkBucket, "distribution": checkDistribution, "site": checkSite, "alarms": checkAlarms, "outputs": checkOutputs, "names": checkNames,
}

// What a value refers to is there, and each condition.
func checkReferences(t *parsedTemplate, wrong func(string, ...any)) {
	pseudo := []string{"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}
	for section, content := range map[string]object{"Resources": t.Resources, "Outputs": t.Outputs, "Conditions": t.Conditions, "Rules": t.Rules} {
		for name, value := range content {
			for _, r := range references(value) {
				_, parameter := t.Parameters[r.name]
				_, resource := t.Resources[r.name]
				if !parameter && !resource && !slices.Contains(pseudo, r.name) {
					wrong("%s.%s refers to %s, which is not there", section, name, r.name)
				}
				if parameter && r.attribute != "" {
					wrong("%s.%s asks the parameter %s for %s", section, name, r.name, r.attribute)
				}
				if resource && (section == "Conditions" || section == "Rules") {
					wrong("%s.%s refers to the resource %s", section, name, r.name)
				}
			}
			for _, c := range conditionsIn(value) {
				if _, known := t.Conditions[c]; !known {
					wrong("%s.%s asks for the condition %s, which is not there", section, name, c)
				}
			}
		}
	}
	for id, resource := range t.Resources {
		for _, on := range listOf(within(resource, "DependsOn")) {
			if _, known := t.Resources[fmt.Sprint(on)]; !known {
				wrong("%s depends on %s, which is not there", id, on)
			}
		}
		// What is not always there may be referred to only where it is.
		own, _ := within(resource, "Condition").(string)
		for _, hold := range [][]string{{"Public"}, {"Private"}} {
			if own != "" && !slices.Contains(hold, own) {
				continue
			}
			for _, r := range references(t.properties(id, hold...)) {
				if other, _ := within(t.Resources[r.name], "Condition").(string); other != "" && !slices.Contains(hold, other) {
					wrong("%s refers to %s, which is not there where %s", id, r.name, hold[0])
				}
			}
		}
	}
}

// Each parameter is used, told and bounded, and its default is one it takes.
func checkParameters(t *parsedTemplate, wrong func(string, ...any)) {
	used := map[string]bool{}
	for _, section := range []object{t.Resources, t.Outputs, t.Conditions} {
		for _, r := range references(section) {
			used[r.name] = true
		}
	}
	asked := map[string]bool{}
	for _, c := range conditionsIn([]any{t.Resources, t.Outputs, t.Conditions}) {
		asked[c] = true
	}
	for name := range t.Conditions {
		if !asked[name] {
			wrong("the condition %s is not used", name)
		}
	}
	for name, value := range t.Parameters {
		p := value.(object)
		if !used[name] {
			wrong("%s is not used", name)
		}
		for _, what := range []string{"Description", "ConstraintDescription"} {
			if text, _ := p[what].(string); len(text) < 15 || !strings.HasSuffix(text, ".") {
				wrong("%s has no %s that is a sentence", name, what)
			}
		}
		pattern, allowed := p["AllowedPattern"], listOf(p["AllowedValues"])
		_, least := p["MinValue"]
		_, most := p["MaxValue"]
		if pattern == nil && allowed == nil && !(least && most) {
			wrong("%s takes anything", name)
		}
		chosen, optional := p["Default"]
		if optional && allowed != nil && !slices.Contains(allowed, chosen) {
			wrong("%s does not take its default %v", name, chosen)
		}
		if pattern == nil {
			continue
		}
		whole, err := regexp.Compile(fmt.Sprint(pattern))
		if err != nil || !strings.HasPrefix(fmt.Sprint(pattern), "^") || !strings.HasSuffix(fmt.Sprint(pattern), "$") {
			wrong("%s: the pattern %v is not one for a whole value", name, pattern)
		} else if optional && !whole.MatchString(fmt.Sprint(chosen)) {
			wrong("%s does not take its default %q", name, chosen)
		}
		if strings.Contains(name, "Secret") && p["NoEcho"] != true {
			wrong("%s is shown to everybody", name)
		}
	}
}

// Nothing needs what needs it, by Ref, GetAtt, Sub or DependsOn.
func checkCycles(t *parsedTemplate, wrong func(string, ...any)) {
	const under, done = 1, 2
	state := map[string]int{}
	var visit func(id string, path []string)
	visit = func(id string, path []string) {
		path = append(path, id)
		switch state[id] {
		case under:
			wrong("a cycle: %s", strings.Join(path, " needs "))
		case 0:
			state[id] = under
			for _, next := range t.needs(id) {
				visit(next, path)
			}
			state[id] = done
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		visit(id, nil)
	}
}

// A host name and its certificate come together.
func checkRules(t *parsedTemplate, wrong func(string, ...any)) {
	for _, pair := range [][2]string{{"DomainName", "CertificateArn"}, {"CertificateArn", "DomainName"}} {
		held := false
		for _, rule := range t.Rules {
			if !slices.Contains(references(within(rule, "RuleCondition")), reference{name: pair[0]}) {
				continue
			}
			for _, a := range listOf(within(rule, "Assertions")) {
				held = held || slices.Contains(references(within(a, "Assert")), reference{name: pair[1]})
			}
		}
		if !held {
			wrong("%s may come without %s", pair[0], pair[1])
		}
	}
}

// routes are API Gateway's, and the functions that they lead to.
var routes = map[string]string{"$connect": "OnConnectFunction", "$disconnect": "OnDisconnectFunction", "$default": "OnActionFunction"}

func checkAPI(t *parsedTemplate, wrong func(string, ...any)) {
	apis := t.of("AWS::ApiGatewayV2::Api")
	if len(apis) != 1 {
		wrong("the APIs are %v", apis)
		return
	}
	api := t.properties(apis[0])
	if api["ProtocolType"] != "WEBSOCKET" {
		wrong("the API's protocol is %v", api["ProtocolType"])
	}
	if selects, _ := api["RouteSelectionExpression"].(string); !strings.HasPrefix(selects, "$request.body.") {
		wrong("the API selects routes by %q", selects)
	}
	left := maps.Clone(routes)
	for _, id := range t.of("AWS::ApiGatewayV2::Route") {
		route := t.properties(id)
		key := fmt.Sprint(route["RouteKey"])
		function, known := left[key]
		if !known {
			wrong("%s is for the route %q", id, key)
			continue
		}
		delete(left, key)
		target, _ := argumentOf(route["Target"], "Fn::Sub")
		text, _ := target.(string)
		name := strings.TrimSuffix(strings.TrimPrefix(text, "integrations/${"), "}")
		if text != "integrations/${"+name+"}" || within(t.Resources[name], "Type") != "AWS::ApiGatewayV2::Integration" {
			wrong("%s leads to %q", id, text)
			continue
		}
		integration := t.properties(name)
		if integration["IntegrationType"] != "AWS_PROXY" {
			wrong("%s is of type %v", name, integration["IntegrationType"])
		}
		uri, _ := argumentOf(integration["IntegrationUri"], "Fn::Sub")
		if !strings.HasSuffix(fmt.Sprint(uri), ":lambda:path/2015-03-31/functions/${"+function+".Arn}/invocations") {
			wrong("%s calls %v, not %s", name, uri, function)
		}
	}
	for key := range left {
		wrong("no route for %s", key)
	}
}

// deploymentName is what the Deployment's logical id has to be: it changes with
// whatever a deployment is a snapshot of.
func deploymentName(t *parsedTemplate) string {
	snapshot := object{}
	for _, kind := range []string{"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Integration"} {
		for _, id := range t.of(kind) {
			snapshot[id] = t.properties(id)
		}
	}
	text, err := json.Marshal(snapshot) // keys are sorted
	if err != nil {
		panic(err) // it has come out of YAML
	}
	return fmt.Sprintf("Deployment%.4x", sha256.Sum256(text))
}

func checkDeployment(t *parsedTemplate, wrong func(string, ...any)) {
	all := t.of("AWS::ApiGatewayV2::Deployment")
	if len(all) != 1 {
		wrong("the deployments are %v", all)
		return
	}
	if want := deploymentName(t); all[0] != want {
		wrong("API, routes or integrations have changed: write %s instead of %s, both times", want, all[0])
	}
	needs := t.needs(all[0])
	for _, route := range t.of("AWS::ApiGatewayV2::Route") {
		if !slices.Contains(needs, route) {
			wrong("%s does not depend on %s, and may be a snapshot without it", all[0], route)
		}
	}
	stage := t.properties("Stage")
	if id, _ := argumentOf(stage["DeploymentId"], "Ref"); id != all[0] {
		wrong("the stage shows %v", id)
	}
	if stage["StageName"] != "socket" {
		wrong("the stage is called %v; the page's socket is at /socket", stage["StageName"])
	}
	for setting, parameter := range map[string]string{"ThrottlingRateLimit": "ThrottleRate", "ThrottlingBurstLimit": "ThrottleBurst"} {
		if by, _ := argumentOf(within(stage, "DefaultRouteSettings", setting), "Ref"); by != parameter {
			wrong("%s is %v, not %s", setting, by, parameter)
		}
	}
}

const clock = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${AWS::StackName}-sweep"

// The API may call each function by its own route and the clock OnAction, and
// nobody else may.
func checkPermissions(t *parsedTemplate, wrong func(string, ...any)) {
	left := maps.Clone(routes)
	left["the clock"] = "OnActionFunction"
	for _, id := range t.of("AWS::Lambda::Permission") {
		p := t.properties(id)
		if within(p, "Principal") == "events.amazonaws.com" && within(p, "FunctionName", "Ref") == left["the clock"] && inShort(p["SourceArn"]) == clock && p["Action"] == "lambda:InvokeFunction" {
			delete(left, "the clock")
			continue
		}
		function, _ := argumentOf(p["FunctionName"], "Ref")
		source, _ := argumentOf(p["SourceArn"], "Fn::Sub")
		found := ""
		for route, leads := range left {
			if leads == function && source == "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/socket/"+route {
				found = route
			}
		}
		if found == "" || p["Principal"] != "apigateway.amazonaws.com" || p["Action"] != "lambda:InvokeFunction" {
			wrong("%s: %v may do %v to %v from %v", id, p["Principal"], p["Action"], function, source)
		}
		delete(left, found)
	}
	for route := range left {
		wrong("%s may not call its function", route)
	}
}
