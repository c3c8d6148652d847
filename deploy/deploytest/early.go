package deploytest

import (
	"strings"
	"time"
)

// earlyRefusal is how a change set fails since November 2025 when something in the account stands in its way. What that
// is only DescribeEvents tells.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
const earlyRefusal = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. " +
	"To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."

type operationEventXML struct {
	EventId, StackId, OperationType, OperationStatus, EventType string
	LogicalResourceId, PhysicalResourceId, ResourceType         string
	Timestamp                                                   string
	ValidationFailureMode, ValidationName, ValidationStatus     string
	ValidationStatusReason, ValidationPath                      string
}

// conflicts are the resources that c would add under a name that is taken.
func (a *AWS) conflicts(s *stack, c *changeSet, changes []changeXML) (all []operationEventXML) {
	sc := &scope{template: c.template, parameters: c.parameters, pseudo: s.pseudo()}
	sc.reference = func(string) (string, error) { return later, nil }
	sc.attribute = func(string, string) (string, error) { return later, nil }
	for _, change := range changes {
		r := change.ResourceChange
		k := kindOf(r.ResourceType)
		if r.Action != "Add" || k.named == "" || k.shared {
			continue
		}
		name, err := sc.text(c.template.resources[r.LogicalResourceId].properties[k.named])
		if err != nil || strings.Contains(name, later) {
			continue // it has no name, or one that nobody can know yet
		}
		if taken := r.ResourceType == bucketType && a.bucketExists(name) == nil; !taken && a.things[s.region+"/"+r.ResourceType+"/"+name] == nil {
			continue
		}
		all = append(all, operationEventXML{
			EventId: requestID(), StackId: s.id, OperationType: "CREATE_CHANGESET", OperationStatus: "FAILED", EventType: "VALIDATION_ERROR",
			LogicalResourceId: r.LogicalResourceId, PhysicalResourceId: name, ResourceType: r.ResourceType, Timestamp: stamped(time.Now()),
			ValidationFailureMode: "FAIL", ValidationName: "NAME_CONFLICT_VALIDATION", ValidationStatus: "FAILED",
			ValidationStatusReason: "Resource of type '" + r.ResourceType + "' with identifier '" + name + "' already exists.",
			ValidationPath:         "/Resources/" + r.LogicalResourceId + "/Properties/" + k.named,
		})
	}
	return all
}

// describeEvents tells why a change set failed.
func describeEvents(a *AWS, q *request) (any, error) {
	if q.form.Get("ChangeSetName") == "" {
		return nil, invalid("One of ChangeSetName, OperationId or StackName must be specified")
	}
	_, c, err := a.changeSet(q)
	if err != nil {
		return nil, err
	}
	return struct {
		OperationEvents []operationEventXML `xml:"OperationEvents>member"`
	}{c.conflicts}, nil
}
