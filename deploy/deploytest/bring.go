package deploytest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// bring makes one resource what the target wants and says whether it is.
func (o *operation) bring(logical string, deps []string) bool {
	o.mu.Lock()
	spec, there := o.target.template.resources[logical], o.before[logical]
	wanted := &instance{
		stack: o.stack.name, region: o.stack.region, logical: logical, typ: spec.typ, dependsOn: deps,
		deletionPolicy: spec.deletionPolicy, replacePolicy: spec.replacement,
	}
	if !kindOf(spec.typ).untagged {
		wanted.tags = o.target.tags
	}
	resolved, err := o.scope().value(spec.properties)
	wanted.properties = fields(resolved)
	if wanted.properties == nil {
		wanted.properties = map[string]any{}
	}
	switch {
	case err != nil:
		verb := "UPDATE"
		if there == nil {
			verb = "CREATE"
		}
		o.stack.resources[logical] = wanted
		o.note(wanted, verb+"_IN_PROGRESS", "")
		o.lost(wanted, verb, err)
		o.mu.Unlock()
		return false
	case there == nil:
		o.stack.resources[logical] = wanted
		o.note(wanted, "CREATE_IN_PROGRESS", "")
		o.mu.Unlock()
		return o.make(wanted, "CREATE")
	case reflect.DeepEqual(there.properties, wanted.properties) && slices.Equal(there.tags, wanted.tags):
		there.dependsOn, there.deletionPolicy, there.replacePolicy = deps, wanted.deletionPolicy, wanted.replacePolicy
		o.mu.Unlock()
		return true
	case replaces(there, wanted):
		o.stack.resources[logical] = wanted
		o.note(wanted, "UPDATE_IN_PROGRESS", "Requested update requires the creation of a new physical resource; hence creating one.")
		if name := wanted.givenName(); name != "" && name == there.givenName() && !kindOf(wanted.typ).shared {
			o.stack.resources[logical] = there
			o.lost(there, "UPDATE", errors.New("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "+name+" and update the stack again."))
			o.mu.Unlock()
			return false
		}
		o.mu.Unlock()
		if !o.make(wanted, "UPDATE") {
			return false
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.after = append(o.after, there)
		return true
	}
	wanted.physical, wanted.attributes = there.physical, there.attributes
	o.stack.resources[logical] = wanted
	o.note(wanted, "UPDATE_IN_PROGRESS", "")
	o.mu.Unlock()
	return o.change(there, wanted)
}

// givenName is the name that the template gives a resource; empty: CloudFormation made one.
func (r *instance) givenName() string {
	if k := kindOf(r.typ); k.named != "" {
		return text(r.properties[k.named])
	}
	return ""
}

func replaces(there, wanted *instance) bool {
	for _, property := range kindOf(wanted.typ).replaced {
		if !reflect.DeepEqual(there.properties[property], wanted.properties[property]) {
			return true
		}
	}
	return false
}

// note, may and lost need the account locked.
func (o *operation) note(r *instance, status, reason string) {
	o.stack.note(r, status, reason, o.token)
	if o.Watch != nil {
		o.Watch(o.may)
	}
}

// may is what one may meet of a resource: what it was before the operation as well, as long as its change is not done.
func (o *operation) may(logical string) (properties []map[string]any) {
	now, was := o.stack.resources[logical], o.before[logical]
	if now != nil {
		properties = append(properties, now.properties)
	}
	if was != nil && was != now && (now == nil || now.status != "UPDATE_COMPLETE") {
		properties = append(properties, was.properties)
	}
	return properties
}

// lost tells that a resource did not become what was wanted. The first one ends the way forward; those under way at
// that moment are only cancelled, and look failed as well.
func (o *operation) lost(r *instance, verb string, err error) {
	reason := err.Error()
	var e *apiError
	switch {
	case o.ctx.Err() != nil && verb == "CREATE":
		reason = "Resource creation cancelled"
	case o.ctx.Err() != nil:
		reason = "Resource update cancelled"
	case errors.As(err, &e):
		reason = e.message
	}
	o.note(r, verb+"_FAILED", reason)
	o.failed = append(o.failed, strings.ToLower(verb)+" "+r.logical)
	o.giveUp(errFailed)
}

// make creates a resource, as a part of a creation or (verb UPDATE) of a replacement.
func (o *operation) make(r *instance, verb string) bool {
	seconds, err := o.await(o.ctx, r, "CREATE")
	if err == nil {
		err = o.create(o.ctx, r, func() {
			o.mu.Lock()
			o.note(r, verb+"_IN_PROGRESS", "Resource creation Initiated")
			o.mu.Unlock()
		})
	}
	if err == nil {
		err = o.pass(o.ctx, seconds)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.lost(r, verb, err)
		return false
	}
	o.note(r, verb+"_COMPLETE", "")
	return true
}

// change updates a resource in place.
func (o *operation) change(there, wanted *instance) bool {
	seconds, err := o.await(o.ctx, wanted, "UPDATE")
	if err == nil {
		err = o.alter(o.ctx, there, wanted)
	}
	if err == nil {
		err = o.pass(o.ctx, seconds*0.7)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.lost(wanted, "UPDATE", err)
		return false
	}
	o.note(wanted, "UPDATE_COMPLETE", "")
	if wanted.physical != there.physical { // a custom resource that gave itself a new id
		o.after = append(o.after, there)
	}
	return true
}
