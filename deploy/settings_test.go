package deploy

import (
	"maps"
	"strings"
	"testing"
)

// describe is the stack's state as CloudFormation tells it.
func (a *account) describe() state {
	a.t.Helper()
	s, err := a.open(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	st, err := s.describe(a.t.Context(), a.name)
	if err != nil {
		a.t.Fatal(err)
	}
	return st
}

// set deploys with settings.
func (a *account) set(set Settings) *Deployed {
	a.t.Helper()
	d, err := a.deploy(a.t.Context(), release("one"), set)
	if err != nil {
		a.t.Fatalf("%v\n%s", err, a.told())
	}
	return d
}

// TestSettingsAreKept from one deployment to the next, where nothing else is said.
func TestSettingsAreKept(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.set(Settings{Parameters: map[string]string{"LogRetentionDays": "30", "ActionMemory": "512"}, Tags: map[string]string{"team": "support"}})
	a.set(Settings{Parameters: map[string]string{"ActionMemory": "2048"}, Tags: map[string]string{"bill": "chat"}})
	st := a.describe()
	if st.parameters["LogRetentionDays"] != "30" || st.parameters["ActionMemory"] != "2048" {
		t.Errorf("parameters: %v", st.parameters)
	}
	if want := map[string]string{"team": "support", "bill": "chat"}; !maps.Equal(st.tags, want) {
		t.Errorf("tags: got %v, want %v", st.tags, want)
	}
	a.mustDeploy("one", "unchanged")
	if d := a.mustDeploy("two", "updated"); len(d.Changes) == 0 {
		t.Error("no changes")
	}
	if st := a.describe(); st.parameters["LogRetentionDays"] != "30" || st.parameters["ActionMemory"] != "2048" || len(st.tags) != 2 {
		t.Errorf("after another program: %v, %v", st.parameters, st.tags)
	}
}

// TestSettingsAreChecked before AWS is asked for anything but who this is.
func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	for parameter, value := range map[string]string{
		"PublicWebsite": "yes", "DomainName": "https://chat.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
		"LogRetentionDays": "15", "AlarmTopicArn": "topic",
	} {
		_, err := a.deploy(t.Context(), release("one"), Settings{Parameters: map[string]string{parameter: value}})
		e := wantError(t, err, Misused, "--"+Flag(parameter)+" ")
		if e.Hint == "" {
			t.Errorf("%s: no hint", parameter)
		}
	}
	for _, c := range a.Calls() {
		if c.Service != "sts" {
			t.Errorf("%s was called", c.Operation)
		}
	}
}

func TestArtifactsBucketName(t *testing.T) {
	names := map[string]string{}
	for _, stack := range []string{"parley", "Parley", "PARLEY", "a", "a-", "parley-" + strings.Repeat("x", 33), "parley-" + strings.Repeat("x", 32) + "y"} {
		s := &Stack{Name: stack, Account: "123456789012", Region: "ap-northeast-1"}
		name := s.artifactsBucket()
		if len(name) > 63 || strings.ToLower(name) != name || strings.Contains(name, "--artifacts") {
			t.Errorf("%s: %s is no bucket's name", stack, name)
		}
		if other, taken := names[name]; taken {
			t.Errorf("%s and %s share %s", stack, other, name)
		}
		names[name] = stack
	}
	if got, want := (&Stack{Name: "parley", Account: "1", Region: "eu-central-1"}).artifactsBucket(), "parley-artifacts-1-eu-central-1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTemplateGoesInline: a template of more than 51,200 bytes would have to be
// uploaded before its changes can be worked out.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
func TestTemplateGoesInline(t *testing.T) {
	if len(Template) > 51_200 {
		t.Errorf("the template has %d bytes", len(Template))
	}
}
