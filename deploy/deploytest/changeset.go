package deploytest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// The two sentences with which a change set without changes fails.
const (
	sameSubmission = "The submitted information didn't contain changes. Submit different information to create a change set."
	nothingToDo    = "No updates are to be performed."
)

type changeSet struct {
	id, name, kind            string // kind is CREATE or UPDATE
	status, reason, execution string
	description, onFailure    string
	token, executed           string // of the calls that made and executed it: the same again is the same call
	created                   time.Time
	template                  *template
	parameters                map[string]string
	tags                      []tagXML
	capabilities              []string
	changes                   []changeXML
	conflicts                 []operationEventXML // with what is in the account already
}

func (s *stack) changeSetNamed(nameOrID string) (*changeSet, error) {
	for _, c := range s.changes {
		if c.name == nameOrID || c.id == nameOrID {
			return c, nil
		}
	}
	return nil, &apiError{"ChangeSetNotFound", "ChangeSet [" + nameOrID + "] does not exist", 404}
}

// changeSet finds the change set of a call, by its name and its stack's or by its id alone.
func (a *AWS) changeSet(q *request) (*stack, *changeSet, error) {
	name := q.form.Get("ChangeSetName")
	for _, s := range slices.Backward(a.stacks) {
		for _, c := range s.changes {
			if s.region == q.region && c.id == name {
				return s, c, nil
			}
		}
	}
	if strings.HasPrefix(name, "arn:") && q.form.Get("StackName") == "" {
		return nil, nil, &apiError{"ChangeSetNotFound", "ChangeSet [" + name + "] does not exist", 404}
	}
	s, err := a.named(q)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.changeSetNamed(name)
	return s, c, err
}

var identifier = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func createChangeSet(a *AWS, q *request) (any, error) {
	name, of := q.form.Get("ChangeSetName"), q.form.Get("StackName")
	s := a.find(q, of)
	c := &changeSet{
		name: name, kind: q.form.Get("ChangeSetType"), created: time.Now(), status: "CREATE_PENDING", execution: "UNAVAILABLE",
		description: q.form.Get("Description"), onFailure: q.form.Get("OnStackFailure"), capabilities: q.members("Capabilities"),
		token: q.form.Get("ClientToken"),
		id:    "arn:aws:cloudformation:" + q.region + ":" + Account + ":changeSet/" + name + "/" + requestID(),
	}
	if c.kind == "" {
		c.kind = "UPDATE"
	}
	switch {
	case !identifier.MatchString(name):
		return nil, invalid("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	case s == nil && !identifier.MatchString(of):
		return nil, invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:.*", of)
	case c.kind == "UPDATE" && s == nil:
		return nil, invalid("Stack [%s] does not exist", of)
	case c.kind == "UPDATE" && !slices.Contains(updatable, s.status):
		return nil, invalid("Stack:%s is in %s state and can not be updated.", s.id, s.status)
	case c.kind == "CREATE" && s != nil && s.status != "REVIEW_IN_PROGRESS":
		return nil, &apiError{"AlreadyExistsException", "Stack [" + of + "] already exists and cannot be created again with the changeSet [" + name + "].", 400}
	}
	var err error
	if c.template, err = a.templateOf(q, s); err != nil {
		return nil, err
	}
	if c.parameters, err = q.parameters(c.template, s); err != nil {
		return nil, err
	}
	for _, tag := range q.structures("Tags") {
		c.tags = append(c.tags, tagXML{tag("Key"), tag("Value")})
	}
	if need := c.template.needed(); need != "" && !slices.Contains(c.capabilities, need) && !slices.Contains(c.capabilities, "CAPABILITY_NAMED_IAM") {
		return nil, refuse("InsufficientCapabilitiesException", "Requires capabilities : [%s]", need)
	}
	known := s
	if known == nil {
		known = &stack{name: of, region: q.region, id: "arn:aws:cloudformation:" + q.region + ":" + Account + ":stack/" + of + "/new"}
	}
	bare := &scope{template: c.template, parameters: c.parameters, pseudo: known.pseudo()}
	if err := bare.obeyRules(); err != nil {
		return nil, err
	}
	if _, _, err := c.template.dependencies(bare); err != nil {
		return nil, err
	}
	if s != nil {
		if same, err := s.changeSetNamed(name); err == nil && same.token != "" && same.token == q.form.Get("ClientToken") {
			return struct{ Id, StackId string }{same.id, s.id}, nil // the same call again
		}
	}
	if s == nil {
		s = a.newStack(q, of)
		s.turn("REVIEW_IN_PROGRESS", "User Initiated", "")
	}
	if _, err := s.changeSetNamed(name); err == nil {
		return nil, &apiError{"AlreadyExistsException", "ChangeSet [" + name + "] already exists.", 400}
	}
	s.changes = append(s.changes, c)
	a.work.Go(func() { a.fillChangeSet(s, c) })
	return struct{ Id, StackId string }{c.id, s.id}, nil
}

// updatable are the states in which a stack takes an update.
var updatable = []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED", "IMPORT_COMPLETE"}

// fillChangeSet takes the few seconds that AWS takes to compare.
func (a *AWS) fillChangeSet(s *stack, c *changeSet) {
	if a.pass(a.life, 2) != nil {
		return
	}
	a.mu.Lock()
	c.status = "CREATE_IN_PROGRESS"
	a.mu.Unlock()
	if a.pass(a.life, 4) != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	changes, err := s.compare(c)
	c.conflicts = a.conflicts(s, c, changes)
	outputs := s.template == nil || len(c.template.outputs) != len(s.template.outputs) || s.template.outputText() != c.template.outputText()
	switch {
	case err != nil:
		c.status, c.reason = "FAILED", err.Error()
		if e, ok := err.(*apiError); ok {
			c.reason = e.message
		}
	case len(c.conflicts) > 0:
		c.status, c.reason = "FAILED", earlyRefusal
	case len(changes) == 0 && !outputs && s.template.body == c.template.body:
		c.status, c.reason = "FAILED", sameSubmission
	case len(changes) == 0 && !outputs:
		c.status, c.reason = "FAILED", nothingToDo
	default:
		c.status, c.execution, c.changes = "CREATE_COMPLETE", "AVAILABLE", changes
	}
}

type changeSetXML struct {
	ChangeSetName, ChangeSetId, StackId, StackName string
	Description                                    string         `xml:",omitempty"`
	Parameters                                     []parameterXML `xml:"Parameters>member"`
	CreationTime, ExecutionStatus, Status          string
	StatusReason                                   string      `xml:",omitempty"`
	Capabilities                                   []string    `xml:"Capabilities>member"`
	Tags                                           []tagXML    `xml:"Tags>member"`
	Changes                                        []changeXML `xml:"Changes>member"`
	NextToken                                      string      `xml:",omitempty"`
	OnStackFailure                                 string      `xml:",omitempty"`
}

func describeChangeSet(a *AWS, q *request) (any, error) {
	s, c, err := a.changeSet(q)
	if err != nil {
		return nil, err
	}
	part, next, err := page(a, q, c.changes)
	return changeSetXML{
		c.name, c.id, s.id, s.name, c.description, shownParameters(c.template, c.parameters), stamped(c.created), c.execution, c.status, c.reason,
		c.capabilities, c.tags, part, next, c.onFailure,
	}, err
}

func listChangeSets(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	var all []changeSetXML
	for _, c := range s.changes {
		all = append(all, changeSetXML{
			ChangeSetName: c.name, ChangeSetId: c.id, StackId: s.id, StackName: s.name, Description: c.description, CreationTime: stamped(c.created),
			ExecutionStatus: c.execution, Status: c.status, StatusReason: c.reason,
		})
	}
	part, next, err := page(a, q, all)
	return struct {
		Summaries []changeSetXML `xml:"Summaries>member"`
		NextToken string         `xml:",omitempty"`
	}{part, next}, err
}

func deleteChangeSet(a *AWS, q *request) (any, error) {
	s, c, err := a.changeSet(q)
	if e, ok := err.(*apiError); ok && e.code == "ChangeSetNotFound" {
		return nil, nil // AWS takes the deletion of what is not there
	}
	if err != nil {
		return nil, err
	}
	if c.execution == "EXECUTE_IN_PROGRESS" {
		return nil, refuse("InvalidChangeSetStatus", "ChangeSet [%s] cannot be deleted in its current execution status of [%s]", c.id, c.execution)
	}
	s.changes = slices.DeleteFunc(s.changes, func(other *changeSet) bool { return other == c })
	return nil, nil
}

func executeChangeSet(a *AWS, q *request) (any, error) {
	s, c, err := a.changeSet(q)
	if err != nil {
		return nil, err
	}
	token := q.form.Get("ClientRequestToken")
	if token != "" && c.executed == token {
		return nil, nil // the same call again
	}
	if c.status != "CREATE_COMPLETE" || c.execution != "AVAILABLE" {
		return nil, refuse("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current status of [%s]", c.id, c.status)
	}
	if s.busy() {
		return nil, invalid("Stack:%s is in %s state and can not be updated.", s.id, s.status)
	}
	onFailure := c.onFailure
	if q.form.Get("DisableRollback") == "true" {
		onFailure = "DO_NOTHING"
	}
	c.execution = "EXECUTE_IN_PROGRESS"
	s.changes = []*changeSet{c} // the others speak of a stack that is no more
	s.changeSet, c.executed = c.id, token
	a.begin(s, token, c, onFailure)
	return nil, nil
}
