package deploy

import (
	"maps"
	"strings"
	"testing"
)

// TestTemplateVariants has the account make the template in each of its forms,
// one out of the other, and nothing is left of any.
func TestTemplateVariants(t *testing.T) {
	t.Parallel()
	const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	everything := map[string]string{
		"PublicWebsite": "true", "DomainName": "chat.example.com", "CertificateArn": certificate, "PriceClass": "PriceClass_All",
		"WebAclArn":          "arn:aws:wafv2:us-east-1:123456789012:global/webacl/chat/12345678-1234-1234-1234-123456789012",
		"DeletionProtection": "false", "PointInTimeRecovery": "true", "LogRetentionDays": "90", "ThrottleRate": "500", "ThrottleBurst": "1000",
		"ReservedConcurrency": "50", "ActionMemory": "2048", "SweepHours": "0", "AlarmFrames": "5000000", "AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:people",
	}
	for _, p := range Parameters() {
		if _, set := everything[p.Name]; p.ForPeople() && !set {
			t.Errorf("%s is not tried", p.Name)
		}
	}
	back := map[string]string{}
	for _, p := range Parameters() {
		if p.ForPeople() {
			back[p.Name] = *p.Default
		}
	}
	a := newAccount(t)
	socket, site := "", ""
	for _, step := range []struct {
		what       string
		parameters map[string]string
		host       string
	}{
		{"as it is", nil, ""},
		{"a public website", map[string]string{"PublicWebsite": "true"}, ""},
		{"a private one again", map[string]string{"PublicWebsite": "false"}, ""},
		{"everything", everything, "chat.example.com"},
		{"as it was", back, ""},
	} {
		d, err := a.deploy(t.Context(), release("one"), Settings{Parameters: maps.Clone(step.parameters)})
		if err != nil {
			t.Fatalf("%s: %v\n%s", step.what, err, a.told())
		}
		if step.host != "" {
			if d.WebsiteURL != "https://"+step.host || d.WebSocketURL != "wss://"+step.host+"/socket" {
				t.Errorf("%s: at %s and %s", step.what, d.WebsiteURL, d.WebSocketURL)
			}
			continue
		}
		if site == "" {
			site, socket = d.WebsiteURL, d.WebSocketURL
		}
		host, found := strings.CutPrefix(site, "https://")
		if d.WebsiteURL != site || d.WebSocketURL != socket || !found || socket != "wss://"+host+"/socket" {
			t.Errorf("%s: at %s and %s, before at %s and %s", step.what, d.WebsiteURL, d.WebSocketURL, site, socket)
		}
	}
	if _, err := a.destroy(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, a.told())
	}
	if left := a.Left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// A host name without its certificate is refused in words, before anything is made.
func TestTemplateRules(t *testing.T) {
	for only, want := range map[string]string{"DomainName": "needs CertificateArn", "CertificateArn": "needs DomainName"} {
		values := map[string]string{
			"DomainName": "chat.example.com", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
		}
		a := newAccount(t)
		_, err := a.deploy(t.Context(), release("one"), Settings{Parameters: map[string]string{only: values[only]}})
		if err == nil || !strings.Contains(err.Error()+a.told(), want) {
			t.Errorf("only %s: %v", only, err)
		}
	}
}
