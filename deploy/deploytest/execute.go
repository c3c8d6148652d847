package deploytest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// operation is a creation, an update or a deletion that is under way. Its goroutine runs until the stack is at rest.
type operation struct {
	*AWS
	stack     *stack
	token     string
	target    *changeSet
	onFailure string // ROLLBACK, DELETE, DO_NOTHING
	update    bool
	ctx       context.Context // ends when the way forward is given up: a failure, CancelUpdateStack, DeleteStack
	giveUp    context.CancelCauseFunc
	ended     chan struct{}

	// Below: under the account's lock.
	before map[string]*instance // what the stack had
	after  []*instance          // what is to go when all is well: replaced, removed
	failed []string             // "created" or "updated", then the logical id
}

var (
	errFailed    = errors.New("another resource failed")
	errCancelled = errors.New("CancelUpdateStack")
	errDeleted   = errors.New("DeleteStack")
)

// begin executes a change set. The account is locked.
func (a *AWS) begin(s *stack, token string, c *changeSet, onFailure string) {
	o := &operation{
		AWS: a, stack: s, token: token, target: c, onFailure: onFailure, update: s.status != "REVIEW_IN_PROGRESS",
		before: maps.Clone(s.resources), ended: make(chan struct{}),
	}
	o.ctx, o.giveUp = context.WithCancelCause(a.life)
	s.operation = o
	s.turn(o.verb()+"_IN_PROGRESS", "User Initiated", token)
	if o.update {
		s.updated = time.Now()
	} else {
		s.template, s.parameters, s.tags, s.capabilities = c.template, c.parameters, c.tags, c.capabilities
	}
	a.work.Go(func() {
		defer close(o.ended)
		defer o.giveUp(nil)
		o.run()
	})
}

func (o *operation) verb() string {
	if o.update {
		return "UPDATE"
	}
	return "CREATE"
}

func (o *operation) run() {
	o.pass(o.ctx, 2)
	o.forward()
	if o.life.Err() != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch c, cause := o.target, context.Cause(o.ctx); {
	case cause == nil:
		outputs, err := o.outputs()
		if err != nil {
			c.execution = "EXECUTE_FAILED"
			o.fail(err)
			return
		}
		c.execution, o.stack.outputs = "EXECUTE_COMPLETE", outputs
		o.succeed()
	case errors.Is(cause, errDeleted):
	default:
		c.execution = "EXECUTE_FAILED"
		o.fail(cause)
	}
}

// forward makes every resource what the target wants, each as soon as those that it depends on are there.
func (o *operation) forward() {
	o.mu.Lock()
	sc := o.scope()
	deps, order, err := o.target.template.dependencies(sc)
	if err != nil { // refused when the change set was made
		panic(err)
	}
	for logical, there := range o.before {
		if _, stays := deps[logical]; !stays {
			o.after = append(o.after, there)
		}
	}
	o.mu.Unlock()
	done := map[string]chan struct{}{}
	for _, logical := range order {
		done[logical] = make(chan struct{})
	}
	var all sync.WaitGroup
	for _, logical := range order {
		all.Go(func() {
			for _, other := range deps[logical] {
				select {
				case <-done[other]:
				case <-o.ctx.Done():
					return
				}
			}
			if o.ctx.Err() == nil && o.bring(logical, deps[logical]) {
				close(done[logical])
			}
		})
	}
	all.Wait()
}

// scope resolves with what is there now. The account is locked whenever it is used.
func (o *operation) scope() *scope {
	s := o.stack
	return &scope{
		template: o.target.template, parameters: o.target.parameters, pseudo: s.pseudo(),
		reference: func(logical string) (string, error) { return s.resources[logical].physical, nil },
		attribute: func(logical, name string) (string, error) {
			if v, ok := s.resources[logical].attribute(name); ok {
				return v, nil
			}
			return "", invalid("CustomResource attribute error: Vendor response doesn't contain %s attribute in object %s|%s", name, s.id, logical)
		},
	}
}

// succeed ends an operation that went well; the account is locked, but for the time of the cleaning up.
func (o *operation) succeed() {
	s, c := o.stack, o.target
	s.template, s.parameters, s.tags, s.capabilities = c.template, c.parameters, c.tags, c.capabilities
	for logical := range s.resources {
		if slices.ContainsFunc(o.after, func(r *instance) bool { return r == s.resources[logical] }) {
			delete(s.resources, logical)
		}
	}
	if o.update {
		s.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", o.token)
		o.mu.Unlock()
		o.removeAll(o.after, "DELETE", false, nil) // what fails stays behind, and the update is one all the same
		o.mu.Lock()
	}
	if o.life.Err() == nil {
		s.turn(o.verb()+"_COMPLETE", "", o.token)
	}
}

// outputs fail only for an attribute that a custom resource did not give.
func (o *operation) outputs() (all []outputXML, err error) {
	sc := o.scope()
	for _, name := range o.target.template.shown {
		out := o.target.template.outputs[name]
		if out.condition != "" {
			if holds, err := sc.condition(out.condition); err != nil || !holds {
				continue
			}
		}
		value, err := sc.text(out.value)
		if err != nil {
			return nil, err
		}
		export := ""
		if out.export != nil {
			if export, err = sc.text(out.export); err != nil {
				return nil, err
			}
		}
		all = append(all, outputXML{name, value, out.description, export})
	}
	return all, nil
}
