package deploytest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// restOperation names a call whose operation is in its path.
func restOperation(service string, r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch at := func(i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return ""
	}; service {
	case "monitoring": // service/GraniteServiceVersion20100801/operation/DescribeAlarms
		return at(3)
	case "cloudfront": // 2020-05-31/distribution/{id}/invalidation/{id}
		switch n := len(parts); {
		case at(1) == "distribution" && n == 2 && r.Method == http.MethodGet:
			return "ListDistributions"
		case at(1) == "distribution" && n == 3 && r.Method == http.MethodGet:
			return "GetDistribution"
		case at(3) == "config" && r.Method == http.MethodGet:
			return "GetDistributionConfig"
		case at(3) == "invalidation" && n == 4 && r.Method == http.MethodPost:
			return "CreateInvalidation"
		case at(3) == "invalidation" && n == 5 && r.Method == http.MethodGet:
			return "GetInvalidation"
		}
	case "lambda": // 2015-03-31/functions/{name}/configuration
		switch n := len(parts); {
		case at(1) == "account-settings":
			return "GetAccountSettings"
		case at(1) == "functions" && n == 3 && r.Method == http.MethodGet:
			return "GetFunction"
		case at(1) == "functions" && at(3) == "configuration" && r.Method == http.MethodGet:
			return "GetFunctionConfiguration"
		}
	}
	return r.Method + " " + r.URL.Path
}

const logGroupType = "AWS::Logs::LogGroup"

// Leave puts something into the account that belongs to no stack, as when a function writes a last line after its log
// group was deleted, or somebody made a bucket by hand.
func (a *AWS) Leave(typ, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if typ == bucketType {
		if err := a.objects.CreateBucket(name); err != nil {
			panic(err)
		}
		a.keepLocation(name, Region)
		return
	}
	a.things[Region+"/"+typ+"/"+name] = &instance{region: Region, typ: typ, physical: name, updated: time.Now()}
}

// thing is a resource that exists; CloudFront's are in no region.
func (a *AWS) thing(region, typ, physical string) *instance {
	for key, r := range a.things {
		if r.typ == typ && r.physical == physical && (region == "" || strings.HasPrefix(key, region+"/")) {
			return r
		}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Write(b)
}

// answerLambda tells of the functions that stacks made. Environment variables come as they were resolved.
func (a *AWS) answerLambda(w http.ResponseWriter, q *request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/")
	if q.Operation == "GetAccountSettings" {
		// What a new account has: it can reserve nothing for one function.
		writeJSON(w, map[string]any{
			"AccountLimit": map[string]int{"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10, "TotalCodeSize": 80530636800, "CodeSizeUnzipped": 262144000, "CodeSizeZipped": 52428800},
			"AccountUsage": map[string]int{"FunctionCount": 0, "TotalCodeSize": 0},
		})
		return
	}
	if !strings.HasPrefix(q.Operation, "GetFunction") {
		writeError(w, q, refuse("UnknownOperationException", "deploytest does not know %s of lambda", q.Operation))
		return
	}
	name := parts[2]
	if _, after, isARN := strings.Cut(name, ":function:"); isARN {
		name = after
	}
	f := a.thing(q.region, "AWS::Lambda::Function", name)
	if f == nil {
		writeError(w, q, &apiError{"ResourceNotFoundException", "Function not found: arn:aws:lambda:" + q.region + ":" + Account + ":function:" + name, http.StatusNotFound})
		return
	}
	p := f.properties
	arn, _ := f.attribute("Arn")
	configuration := map[string]any{
		"FunctionName": name, "FunctionArn": arn, "Runtime": p["Runtime"], "Role": p["Role"], "Handler": p["Handler"], "Description": p["Description"],
		"Architectures": p["Architectures"], "Environment": p["Environment"], "State": "Active", "LastUpdateStatus": "Successful", "Version": "$LATEST",
	}
	if q.Operation == "GetFunctionConfiguration" {
		writeJSON(w, configuration)
		return
	}
	writeJSON(w, map[string]any{"Configuration": configuration, "Code": map[string]any{"RepositoryType": "S3"}})
}

// answerLogs tells which log groups there are.
func (a *AWS) answerLogs(w http.ResponseWriter, q *request) {
	var asked struct {
		Prefix string `json:"logGroupNamePrefix"`
		Next   string `json:"nextToken"`
	}
	if q.Operation != "DescribeLogGroups" || json.Unmarshal(q.body, &asked) != nil {
		writeError(w, q, refuse("UnknownOperationException", "deploytest does not know %s of logs", q.Operation))
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	names := []string{}
	for _, r := range a.things {
		if r.typ == logGroupType && r.region == q.region && strings.HasPrefix(r.physical, asked.Prefix) && r.physical > asked.Next {
			names = append(names, r.physical)
		}
	}
	slices.Sort(names)
	answer := map[string]any{}
	if most := min(a.pageSize(), 50); len(names) > most {
		names = names[:most]
		answer["nextToken"] = names[most-1]
	}
	groups := []any{}
	for _, name := range names {
		groups = append(groups, map[string]any{"logGroupName": name, "arn": "arn:aws:logs:" + q.region + ":" + Account + ":log-group:" + name + ":*"})
	}
	answer["logGroups"] = groups
	writeJSON(w, answer)
}

// answerDynamo tells which tables there are, and protects them from deletion or no longer.
func (a *AWS) answerDynamo(w http.ResponseWriter, q *request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch q.Operation {
	case "ListTables":
		names := []string{}
		for _, r := range a.things {
			if r.typ == "AWS::DynamoDB::Table" && r.region == q.region {
				names = append(names, r.physical)
			}
		}
		slices.Sort(names)
		writeJSON(w, map[string]any{"TableNames": names})
	case "DescribeTable", "UpdateTable":
		var asked struct {
			TableName                 string
			DeletionProtectionEnabled *bool
		}
		json.Unmarshal(q.body, &asked)
		r := a.thing(q.region, "AWS::DynamoDB::Table", asked.TableName)
		if r == nil {
			writeError(w, q, refuse("ResourceNotFoundException", "Requested resource not found: Table: %s not found", asked.TableName))
			return
		}
		key := "Table"
		if q.Operation == "UpdateTable" {
			key = "TableDescription"
			r.protection = cmp.Or(asked.DeletionProtectionEnabled, r.protection)
		}
		arn, _ := r.attribute("Arn")
		writeJSON(w, map[string]any{key: map[string]any{
			"TableName": r.physical, "TableArn": arn, "TableStatus": "ACTIVE", "DeletionProtectionEnabled": r.protected(),
		}})
	default:
		writeError(w, q, refuse("UnknownOperationException", "deploytest does not know %s of dynamodb", q.Operation))
	}
}
