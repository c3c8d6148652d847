package deploytest

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestTemplateOfTheProduct takes the template that is deployed through its life: made, changed, deleted.
func TestTemplateOfTheProduct(t *testing.T) {
	u := withArtifacts(t)
	body, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	u.put(artifacts, "functions.zip", zipped(t))
	u.put(artifacts, "template.yaml", body)
	input := func(name string, kind types.ChangeSetType, v values) *cloudformation.CreateChangeSetInput {
		in := &cloudformation.CreateChangeSetInput{
			StackName: &u.stack, ChangeSetName: &name, ChangeSetType: kind, TemplateURL: aws.String(u.account.URL + "/" + artifacts + "/template.yaml"),
			Capabilities: []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam},
		}
		for key, value := range v {
			in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(value)})
		}
		return in
	}
	v := values{
		"ArtifactsBucket": artifacts, "FunctionsKey": "functions.zip", "WebsiteKey": "functions.zip", "SiteHash": "0123456789abcdef", "Version": "v1.0.0",
		"OriginSecret": strings.Repeat("s", 40),
	}
	u.must(u.cfn.CreateChangeSet(u.ctx, input("first", types.ChangeSetTypeCreate, v)))
	if c := u.complete("first"); c.Status != types.ChangeSetStatusCreateComplete {
		t.Fatal(aws.ToString(c.StatusReason))
	}
	u.execute("first")
	s := u.rests()
	u.status(s, types.StackStatusCreateComplete)
	site := outputOf(s, "WebsiteUrl")
	if socket := outputOf(s, "WebSocketUrl"); !strings.HasPrefix(site, "https://d") || socket != "wss"+strings.TrimPrefix(site, "https")+"/socket" {
		t.Errorf("WebsiteUrl %q, WebSocketUrl %q", site, socket)
	}

	v["SiteHash"] = "fedcba9876543210"
	u.must(u.cfn.CreateChangeSet(u.ctx, input("second", types.ChangeSetTypeUpdate, v)))
	c := u.complete("second")
	for _, change := range c.Changes {
		if id := aws.ToString(change.ResourceChange.LogicalResourceId); id != "Site" {
			t.Errorf("another site changes %s", id)
		}
	}
	if len(c.Changes) != 1 {
		t.Errorf("%d changes: %s", len(c.Changes), aws.ToString(c.StatusReason))
	}
	u.execute("second")
	u.status(u.rests(), types.StackStatusUpdateComplete)

	id := *s.StackId
	u.must(u.cfn.DeleteStack(u.ctx, &cloudformation.DeleteStackInput{StackName: &u.stack}))
	u.stack = id
	u.status(u.rests(), types.StackStatusDeleteComplete)
	if left := u.account.Left(); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}
