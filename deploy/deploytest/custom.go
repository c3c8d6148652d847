package deploytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// answerPath is where custom resources send their answers. On AWS it is a presigned URL of S3.
const answerPath = "/cloudformation-custom-resource-response/"

// customTimeout is how long CloudFormation waits for an answer, in seconds, unless ServiceTimeout says otherwise.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
const customTimeout = 3600

type answer struct {
	Status, Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId string
	Data                                                                      map[string]any
}

// callCustom sends one request to a custom resource's function and waits for the answer. r gets the id and the
// attributes of the answer. there is what it was, in an update.
func (a *AWS) callCustom(ctx context.Context, kind string, r, there *instance) error {
	a.mu.Lock()
	var stackID string
	for _, s := range a.stacks {
		if s.name == r.stack && s.region == r.region {
			stackID = s.id // the last one of that name
		}
	}
	request, took := requestID(), make(chan answer, 1)
	path := answerPath + request
	a.answers[path] = took
	if kind == "Create" {
		r.physical = r.stack + "-" + r.logical + "-" + random(capital, 12)
	}
	a.mu.Unlock()
	defer a.forget(path)
	if a.Custom == nil {
		return a.pass(ctx, 3)
	}
	event := map[string]any{
		"RequestType": kind, "ResponseURL": a.URL + path + "?X-Amz-Expires=7200", "StackId": stackID, "RequestId": request, "ResourceType": r.typ,
		"LogicalResourceId": r.logical, "ServiceToken": r.properties["ServiceToken"], "ResourceProperties": r.properties,
	}
	if kind != "Create" {
		event["PhysicalResourceId"] = r.physical
	}
	if there != nil {
		event["OldResourceProperties"] = there.properties
		event["PhysicalResourceId"] = there.physical
	}
	b, err := json.Marshal(event)
	if err != nil {
		return err
	}
	limit := float64(customTimeout)
	fmt.Sscan(text(r.properties["ServiceTimeout"]), &limit)
	bounded, cancel := context.WithTimeout(a.life, a.real(limit))
	defer cancel()
	invoked := make(chan struct{})
	a.work.Go(func() {
		defer close(invoked)
		a.Custom(bounded, b) // its failure is an answer that does not come
	})
	select {
	case got := <-took:
		a.mu.Lock()
		defer a.mu.Unlock()
		return r.take(got, kind)
	case <-ctx.Done():
		<-invoked // the function goes on, its answer is not waited for
		return ctx.Err()
	case <-bounded.Done():
		if a.life.Err() != nil {
			return a.life.Err()
		}
		return fmt.Errorf("CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [%s]. "+
			"If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.", request)
	}
}

func (a *AWS) forget(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.answers, path)
}

// take makes a resource what its function says it is. The account is locked.
func (r *instance) take(got answer, kind string) error {
	if got.PhysicalResourceId != "" && kind != "Delete" {
		r.physical = got.PhysicalResourceId
	}
	switch {
	case got.Status == "FAILED":
		return errors.New("Received response status [FAILED] from custom resource. Message returned: " + got.Reason)
	case got.Status != "SUCCESS":
		return fmt.Errorf("Invalid response status [%s] from custom resource", got.Status)
	case got.PhysicalResourceId == "":
		return errors.New("Invalid PhysicalResourceId")
	}
	r.attributes = map[string]string{}
	for name, v := range got.Data {
		r.attributes[name] = fmt.Sprint(v)
	}
	return nil
}

// takeAnswer receives the PUT to a ResponseURL. Signed URLs have no content type, so S3 refuses one.
func (a *AWS) takeAnswer(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	took := a.answers[r.URL.Path]
	a.mu.Unlock()
	b, err := io.ReadAll(io.LimitReader(r.Body, 4097)) // an answer may have 4,096 bytes
	var got answer
	switch {
	case r.Method != http.MethodPut || r.Header.Get("Content-Type") != "":
		http.Error(w, "SignatureDoesNotMatch", http.StatusForbidden)
	case err != nil || len(b) > 4096 || json.Unmarshal(b, &got) != nil:
		http.Error(w, "the answer is no JSON of at most 4,096 bytes", http.StatusBadRequest)
	case took == nil:
		w.WriteHeader(http.StatusOK) // nobody waits any more
	default:
		select {
		case took <- got:
		default: // a second answer says nothing
		}
	}
}
