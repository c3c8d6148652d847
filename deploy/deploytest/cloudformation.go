package deploytest

var cloudFormation = map[string]queryOperation{
	"ValidateTemplate":            validateTemplate,
	"GetTemplateSummary":          getTemplateSummary,
	"CreateChangeSet":             createChangeSet,
	"DescribeChangeSet":           describeChangeSet,
	"ListChangeSets":              listChangeSets,
	"DeleteChangeSet":             deleteChangeSet,
	"ExecuteChangeSet":            executeChangeSet,
	"DescribeStacks":              describeStacks,
	"ListStacks":                  listStacks,
	"DescribeStackEvents":         describeStackEvents,
	"DescribeEvents":              describeEvents,
	"DescribeStackResource":       describeStackResource,
	"DescribeStackResources":      describeStackResources,
	"ListStackResources":          listStackResources,
	"GetTemplate":                 getTemplate,
	"UpdateTerminationProtection": updateTerminationProtection,
	"CancelUpdateStack":           cancelUpdateStack,
	"ContinueUpdateRollback":      continueUpdateRollback,
	"DeleteStack":                 deleteStack,
}

func cancelUpdateStack(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	if s.status != "UPDATE_IN_PROGRESS" {
		return nil, invalid("CancelUpdateStack cannot be called from current stack status")
	}
	s.operation.giveUp(errCancelled)
	return nil, nil
}

func continueUpdateRollback(a *AWS, q *request) (any, error) {
	s, err := a.named(q)
	if err != nil {
		return nil, err
	}
	if s.status != "UPDATE_ROLLBACK_FAILED" {
		return nil, invalid("Stack:%s is in %s state and can not continue rollback.", s.id, s.status)
	}
	skip := q.members("ResourcesToSkip")
	for _, logical := range skip {
		if r := s.resources[logical]; r == nil || r.status != "UPDATE_FAILED" {
			return nil, invalid("The following resources to skip are not in UPDATE_FAILED state: [%s]", logical)
		}
	}
	o := s.operation
	o.token = q.form.Get("ClientRequestToken")
	s.turn("UPDATE_ROLLBACK_IN_PROGRESS", "", o.token)
	a.work.Go(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		o.rollBackUpdate(skip)
	})
	return nil, nil
}

// deleteStack takes every stack, known or not, except those it cannot touch now.
func deleteStack(a *AWS, q *request) (any, error) {
	s := a.find(q, q.form.Get("StackName"))
	if s == nil || s.status == "DELETE_COMPLETE" || s.status == "DELETE_IN_PROGRESS" {
		return nil, nil
	}
	retain := q.members("RetainResources")
	switch {
	case s.protected:
		return nil, invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", s.name)
	case s.busy() && s.status != "CREATE_IN_PROGRESS":
		return nil, invalid("Stack [%s] cannot be deleted while in status %s", s.id, s.status)
	case len(retain) > 0 && s.status != "DELETE_FAILED":
		return nil, invalid("Invalid operation on stack [%s]. RetainResources can only be specified for a stack in the DELETE_FAILED state.", s.id)
	}
	for _, logical := range retain {
		if r := s.resources[logical]; r == nil || r.status != "DELETE_FAILED" {
			return nil, invalid("The resources to retain must be in DELETE_FAILED state: [%s]", logical)
		}
	}
	previous := s.operation
	o := &operation{AWS: a, stack: s, token: q.form.Get("ClientRequestToken"), ctx: a.life, ended: make(chan struct{})}
	o.giveUp = func(error) {}
	s.operation = o
	if previous != nil && s.busy() {
		previous.giveUp(errDeleted)
	}
	s.turn("DELETE_IN_PROGRESS", "User Initiated", o.token)
	s.changes = nil
	a.work.Go(func() {
		defer close(o.ended)
		if previous != nil {
			<-previous.ended
		}
		if a.pass(a.life, 2) != nil {
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		o.finishDeletion("DELETE", retain)
	})
	return nil, nil
}
