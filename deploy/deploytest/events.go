package deploytest

import (
	"slices"
	"time"
)

const stackType = "AWS::CloudFormation::Stack"

type eventXML struct {
	EventId              string
	StackId, StackName   string
	LogicalResourceId    string
	PhysicalResourceId   string `xml:",omitempty"`
	ResourceType         string
	Timestamp            string
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	ClientRequestToken   string `xml:",omitempty"`
}

// note adds an event of a resource.
func (s *stack) note(r *instance, status, reason, token string) {
	r.status, r.reason, r.updated = status, reason, time.Now()
	s.events = append(s.events, eventXML{
		r.logical + "-" + status + "-" + stamped(r.updated) + "-" + random(small, 4), s.id, s.name, r.logical, r.physical, r.typ, stamped(r.updated), status, reason, token,
	})
}

// turn is the stack's own next state, with its event.
func (s *stack) turn(status, reason, token string) {
	s.status, s.reason = status, reason
	s.events = append(s.events, eventXML{requestID(), s.id, s.name, s.name, s.id, stackType, stamped(time.Now()), status, reason, token})
}

// describeStackEvents tells the newest first.
func describeStackEvents(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(s.events)
	slices.Reverse(all)
	part, next, err := pageAfter(a, q, all)
	return struct {
		StackEvents []eventXML `xml:"StackEvents>member"`
		NextToken   string     `xml:",omitempty"`
	}{part, next}, err
}

// pageAfter is page for events: a token names the last event given, so that new ones meanwhile move nothing.
func pageAfter(a *AWS, q *request, all []eventXML) (part []eventXML, next string, err error) {
	from := 0
	if token := q.form.Get("NextToken"); token != "" {
		if from = 1 + slices.IndexFunc(all, func(e eventXML) bool { return e.EventId == token }); from == 0 {
			return nil, "", invalid("1 validation error detected: Value at 'nextToken' is not valid")
		}
	}
	to := min(from+a.pageSize(), len(all))
	if to < len(all) {
		next = all[to-1].EventId
	}
	return all[from:to], next, nil
}
