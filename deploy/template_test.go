package deploy

import (
	"testing"
)

// What the engine reads of the template.
func TestTemplateContents(t *testing.T) {
	parameters := map[string]Parameter{}
	for _, p := range Parameters() {
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
	if r := Resources()[0]; r.LogicalID != "ConnectionsTable" || r.Type != "AWS::DynamoDB::Table" {
		t.Errorf("the first resource is %+v", r)
	}
	if o := Outputs()[0]; o.Name != "WebsiteUrl" || o.Description == "" {
		t.Errorf("the first output is %+v", o)
	}
	if _, err := readSections("Parameters: {A: {Type: []}}"); err == nil {
		t.Error("a type that is no text is read without a word")
	}
}
