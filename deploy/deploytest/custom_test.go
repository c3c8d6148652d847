package deploytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// event is what a custom resource's function gets.
type event struct {
	RequestType, ResponseURL, StackId, RequestId, ResourceType, LogicalResourceId, PhysicalResourceId, ServiceToken string
	ResourceProperties, OldResourceProperties                                                                       map[string]any
}

// answering is a function that answers success, as each may change.
func answering(t testing.TB, each func(event, *answer)) func(context.Context, []byte) error {
	return func(ctx context.Context, b []byte) error {
		var e event
		if err := json.Unmarshal(b, &e); err != nil {
			t.Errorf("event %s: %v", b, err)
			return err
		}
		id := e.PhysicalResourceId
		if id == "" {
			id = "site-of-" + e.LogicalResourceId
		}
		a := &answer{Status: "SUCCESS", PhysicalResourceId: id, StackId: e.StackId, RequestId: e.RequestId, LogicalResourceId: e.LogicalResourceId}
		each(e, a)
		if a.Status == "" {
			return errors.New("the function died")
		}
		body, err := json.Marshal(a)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, e.ResponseURL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("PUT to the ResponseURL: %s", response.Status)
		}
		return response.Body.Close()
	}
}

// seen keeps the events that a function gets.
type seen struct {
	sync.Mutex
	events []event
}

func (s *seen) add(e event, _ *answer) {
	s.Lock()
	defer s.Unlock()
	s.events = append(s.events, e)
}

func (s *seen) kinds() (all []string) {
	s.Lock()
	defer s.Unlock()
	for _, e := range s.events {
		all = append(all, e.RequestType+" "+e.PhysicalResourceId)
	}
	return all
}

func TestCustomResource(t *testing.T) {
	u := withArtifacts(t)
	var s seen
	u.account.Custom = answering(t, s.add)
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	u.deploy("second", types.ChangeSetTypeUpdate, values{"Hash": "h2"})
	u.deploy("third", types.ChangeSetTypeUpdate, values{"Hash": "h2", "Color": "red"}) // which is none of its business
	u.deleted()
	if got, want := s.kinds(), []string{"Create ", "Update site-of-Site", "Delete site-of-Site"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	create, update := s.events[0], s.events[1]
	if create.StackId != u.stack || create.LogicalResourceId != "Site" || create.ResourceType != "Custom::Site" || !strings.HasSuffix(create.ServiceToken, ":function:parley-fill") {
		t.Errorf("Create: %+v", create)
	}
	if p := create.ResourceProperties; p["Depth"] != "3" || p["Hash"] != "h1" || !strings.HasPrefix(p["Bucket"].(string), "parley-bucket-") || create.OldResourceProperties != nil {
		t.Errorf("properties of Create: %v, old %v", p, create.OldResourceProperties)
	}
	if update.ResourceProperties["Hash"] != "h2" || update.OldResourceProperties["Hash"] != "h1" {
		t.Errorf("Update: %v, old %v", update.ResourceProperties, update.OldResourceProperties)
	}
}

// TestCustomResourceWithANewID is a replacement that the function itself decides on: the old one is deleted at the end.
func TestCustomResourceWithANewID(t *testing.T) {
	u := withArtifacts(t)
	var s seen
	u.account.Custom = answering(t, func(e event, a *answer) {
		s.add(e, a)
		if e.RequestType != "Delete" {
			a.PhysicalResourceId = "site-" + e.ResourceProperties["Hash"].(string)
		}
	})
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	u.deploy("second", types.ChangeSetTypeUpdate, values{"Hash": "h2"})
	if got, want := s.kinds(), []string{"Create ", "Update site-h1", "Delete site-h1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCustomResourceFails(t *testing.T) {
	u := withArtifacts(t)
	u.account.Speed = 20_000 // its timeout is an hour
	var s seen
	refuses := func(e event, a *answer) {
		s.add(e, a)
		if e.RequestType == "Create" || e.ResourceProperties["Hash"] == "bad" {
			a.Status, a.Reason = "FAILED", "the bucket cannot be written to"
		}
	}
	u.account.Custom = answering(t, refuses)
	u.status(u.deploy("first", types.ChangeSetTypeCreate, nil), types.StackStatusRollbackComplete)
	u.inOrder("Site CREATE_FAILED Received response status [FAILED] from custom resource. Message returned: the bucket cannot be written to",
		"parley ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Site].", "Site DELETE_COMPLETE", "parley ROLLBACK_COMPLETE")
	if got, want := s.kinds(), []string{"Create ", "Delete site-of-Site"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want) // what failed to be created is asked to delete
	}
	u.deleted()
	u.stack = "parley"

	u.account.Custom = answering(t, s.add)
	u.deploy("second", types.ChangeSetTypeCreate, nil)
	u.account.Custom = answering(t, refuses)
	s.events = nil
	u.status(u.deploy("third", types.ChangeSetTypeUpdate, values{"Hash": "bad"}), types.StackStatusUpdateRollbackComplete)
	if len(s.events) != 2 || s.events[1].ResourceProperties["Hash"] != "h1" || s.events[1].OldResourceProperties["Hash"] != "bad" {
		t.Errorf("the way back: %+v", s.events)
	}

	u.account.Custom = answering(t, func(_ event, a *answer) { a.Status = "" }) // it dies and answers nothing
	u.status(u.deploy("fourth", types.ChangeSetTypeUpdate, values{"Hash": "h4"}), types.StackStatusUpdateRollbackFailed)
	u.inOrder("Site UPDATE_FAILED CloudFormation did not receive a response from your Custom Resource")
	u.account.Custom = nil
	u.status(u.deleted(), types.StackStatusDeleteComplete)
}

func TestAnAttributeThatNobodyGave(t *testing.T) {
	u := withArtifacts(t)
	s := u.deploy("first", types.ChangeSetTypeCreate, values{"DomainName": "chat.example.com", "CertificateArn": "arn:c"})
	u.status(s, types.StackStatusRollbackComplete)
	if !slices.ContainsFunc(u.events(), func(e string) bool { return strings.Contains(e, "doesn't contain Files attribute") }) {
		t.Errorf("reason %q", aws.ToString(s.StackStatusReason))
	}
}
