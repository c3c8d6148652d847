package deploytest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// stack is one stack, alive or deleted. The account's lock guards it.
type stack struct {
	id, name, region string
	status, reason   string
	created, updated time.Time
	deleted          time.Time
	template         *template // of what is there; nil under review
	parameters       map[string]string
	tags             []tagXML
	capabilities     []string
	resources        map[string]*instance // by logical id
	outputs          []outputXML
	events           []eventXML // oldest first
	changes          []*changeSet
	protected        bool
	operation        *operation // the last one
	changeSet        string     // id of the last one executed
}

// instance is one resource that is there, or that is being made.
type instance struct {
	stack, region          string
	logical, physical, typ string
	status, reason         string
	properties             map[string]any    // resolved
	attributes             map[string]string // of a custom resource, from its answer
	dependsOn              []string          // logical ids
	deletionPolicy         string
	replacePolicy          string
	tags                   []tagXML // the stack's
	updated                time.Time
	protection             *bool // of a table, where it was set past CloudFormation
}

// protected says that a table may not be deleted.
func (r *instance) protected() bool {
	if r.protection != nil {
		return *r.protection
	}
	return text(r.properties["DeletionProtectionEnabled"]) == "true"
}

func (r *instance) attribute(name string) (string, bool) {
	if v, ok := r.attributes[name]; ok {
		return v, true
	}
	k := kindOf(r.typ)
	if k == nil || !k.has(name) {
		return "", false
	}
	return k.attributes[name](r), true
}

// find is the stack of that name that is not deleted, or the one of that id in any state.
func (a *AWS) find(q *request, nameOrID string) *stack {
	for _, s := range slices.Backward(a.stacks) {
		if s.region == q.region && (s.id == nameOrID || s.name == nameOrID && s.status != "DELETE_COMPLETE") {
			return s
		}
	}
	return nil
}

// named is find for calls to which an unknown stack is an error.
func (a *AWS) named(q *request) (*stack, error) {
	name := q.form.Get("StackName")
	if s := a.find(q, name); s != nil {
		return s, nil
	}
	return nil, invalid("Stack [%s] does not exist", name)
}

func (a *AWS) newStack(q *request, name string) *stack {
	s := &stack{
		name: name, region: q.region, created: time.Now(), resources: map[string]*instance{},
		id: "arn:aws:cloudformation:" + q.region + ":" + Account + ":stack/" + name + "/" + requestID(),
	}
	a.stacks = append(a.stacks, s)
	return s
}

func (s *stack) busy() bool {
	return strings.HasSuffix(s.status, "_IN_PROGRESS") && s.status != "REVIEW_IN_PROGRESS"
}

// pseudo are the pseudo parameters of a stack.
func (s *stack) pseudo() map[string]string {
	return map[string]string{
		"AWS::AccountId": Account, "AWS::Partition": "aws", "AWS::Region": s.region, "AWS::StackId": s.id, "AWS::StackName": s.name,
		"AWS::URLSuffix": "amazonaws.com", "AWS::NotificationARNs": "",
	}
}

type tagXML struct{ Key, Value string }

type outputXML struct {
	OutputKey, OutputValue string
	Description            string `xml:",omitempty"`
	ExportName             string `xml:",omitempty"`
}

type stackXML struct {
	StackId, StackName          string
	ChangeSetId                 string         `xml:",omitempty"`
	Description                 string         `xml:",omitempty"`
	Parameters                  []parameterXML `xml:"Parameters>member"`
	CreationTime                string
	LastUpdatedTime             string `xml:",omitempty"`
	DeletionTime                string `xml:",omitempty"`
	StackStatus                 string
	StackStatusReason           string `xml:",omitempty"`
	DisableRollback             bool
	Capabilities                []string    `xml:"Capabilities>member"`
	Outputs                     []outputXML `xml:"Outputs>member"`
	Tags                        []tagXML    `xml:"Tags>member"`
	EnableTerminationProtection bool
}

const stamp = "2006-01-02T15:04:05.000Z"

func stamped(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stamp)
}

func (s *stack) xml() stackXML {
	x := stackXML{
		StackId: s.id, StackName: s.name, ChangeSetId: s.changeSet, CreationTime: stamped(s.created), LastUpdatedTime: stamped(s.updated),
		DeletionTime: stamped(s.deleted), StackStatus: s.status, StackStatusReason: s.reason, Capabilities: s.capabilities, Outputs: s.outputs, Tags: s.tags,
		EnableTerminationProtection: s.protected,
	}
	if s.template != nil {
		x.Description, x.Parameters = s.template.description, shownParameters(s.template, s.parameters)
	}
	return x
}

func describeStacks(a *AWS, q *request) (any, error) {
	var all []stackXML
	if name := q.form.Get("StackName"); name != "" {
		s := a.find(q, name)
		if s == nil {
			return nil, invalid("Stack with id %s does not exist", name)
		}
		all = append(all, s.xml())
	} else {
		for _, s := range slices.Backward(a.stacks) {
			if s.region == q.region && s.status != "DELETE_COMPLETE" {
				all = append(all, s.xml())
			}
		}
	}
	part, next, err := page(a, q, all)
	return struct {
		Stacks    []stackXML `xml:"Stacks>member"`
		NextToken string     `xml:",omitempty"`
	}{part, next}, err
}

func listStacks(a *AWS, q *request) (any, error) {
	type summary struct {
		StackId, StackName, StackStatus, CreationTime string
		StackStatusReason                             string `xml:",omitempty"`
		DeletionTime                                  string `xml:",omitempty"`
	}
	var all []summary
	wanted := q.members("StackStatusFilter")
	for _, s := range slices.Backward(a.stacks) {
		if s.region == q.region && (len(wanted) == 0 || slices.Contains(wanted, s.status)) {
			all = append(all, summary{s.id, s.name, s.status, stamped(s.created), s.reason, stamped(s.deleted)})
		}
	}
	part, next, err := page(a, q, all)
	return struct {
		StackSummaries []summary `xml:"StackSummaries>member"`
		NextToken      string    `xml:",omitempty"`
	}{part, next}, err
}

func getTemplate(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	t := s.template
	if name := q.form.Get("ChangeSetName"); name != "" {
		c, err := s.changeSetNamed(name)
		if err != nil {
			return nil, err
		}
		t = c.template
	}
	if t == nil {
		return nil, invalid("Template for stack %s does not exist", s.name)
	}
	return struct{ TemplateBody string }{t.body}, nil
}

type resourceXML struct {
	StackId              string `xml:",omitempty"`
	StackName            string `xml:",omitempty"`
	LogicalResourceId    string
	PhysicalResourceId   string `xml:",omitempty"`
	ResourceType         string
	Timestamp            string `xml:",omitempty"`
	LastUpdatedTimestamp string `xml:",omitempty"`
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
}

func (s *stack) sorted() []*instance {
	return slices.SortedFunc(maps.Values(s.resources), func(x, y *instance) int { return strings.Compare(x.logical, y.logical) })
}

func describeStackResources(a *AWS, q *request) (any, error) {
	s := a.find(q, q.form.Get("StackName"))
	if s == nil {
		return nil, invalid("Stack with id %s does not exist", q.form.Get("StackName"))
	}
	all := []resourceXML{}
	for _, r := range s.sorted() {
		if logical := q.form.Get("LogicalResourceId"); logical == "" || logical == r.logical {
			all = append(all, resourceXML{s.id, s.name, r.logical, r.physical, r.typ, stamped(r.updated), "", r.status, r.reason})
		}
	}
	return struct {
		StackResources []resourceXML `xml:"StackResources>member"`
	}{all}, nil
}

func describeStackResource(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	r := s.resources[q.form.Get("LogicalResourceId")]
	if r == nil {
		return nil, invalid("Resource %s does not exist for stack %s", q.form.Get("LogicalResourceId"), s.name)
	}
	return struct{ StackResourceDetail resourceXML }{resourceXML{s.id, s.name, r.logical, r.physical, r.typ, "", stamped(r.updated), r.status, r.reason}}, nil
}

func listStackResources(a *AWS, q *request) (any, error) {
	s := a.find(q, q.form.Get("StackName"))
	if s == nil {
		return nil, invalid("Stack with id %s does not exist", q.form.Get("StackName"))
	}
	all := []resourceXML{}
	for _, r := range s.sorted() {
		all = append(all, resourceXML{"", "", r.logical, r.physical, r.typ, "", stamped(r.updated), r.status, r.reason})
	}
	part, next, err := page(a, q, all)
	return struct {
		StackResourceSummaries []resourceXML `xml:"StackResourceSummaries>member"`
		NextToken              string        `xml:",omitempty"`
	}{part, next}, err
}

func updateTerminationProtection(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	s.protected = q.form.Get("EnableTerminationProtection") == "true"
	return struct{ StackId string }{s.id}, nil
}
