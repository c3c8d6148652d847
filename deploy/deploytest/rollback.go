package deploytest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// why is the sentence a stack gives for a failure.
func (o *operation) why() string {
	var sentences []string
	for _, verb := range []string{"create", "update", "delete"} {
		var ids []string
		for _, f := range o.failed {
			if id, ok := strings.CutPrefix(f, verb+" "); ok {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			slices.Sort(ids)
			sentences = append(sentences, "The following resource(s) failed to "+verb+": ["+strings.Join(slices.Compact(ids), ", ")+"]. ")
		}
	}
	return strings.Join(sentences, "")
}

// fail ends an operation whose way forward was given up. The account is locked, but for the time of the rollback.
func (o *operation) fail(cause error) {
	s, reason := o.stack, o.why()
	switch {
	case errors.Is(cause, errCancelled):
		reason = "User Initiated"
	case reason == "":
		reason = sentence(cause) + " "
	}
	switch {
	case o.onFailure == "DO_NOTHING":
		s.turn(o.verb()+"_FAILED", reason, o.token)
	case o.update:
		s.turn("UPDATE_ROLLBACK_IN_PROGRESS", reason, o.token)
		o.rollBackUpdate(nil)
	case o.onFailure == "DELETE":
		s.turn("DELETE_IN_PROGRESS", reason, o.token)
		o.finishDeletion("DELETE", nil)
	default:
		s.turn("ROLLBACK_IN_PROGRESS", reason+"Rollback requested by user.", o.token)
		o.finishDeletion("ROLLBACK", nil)
	}
}

// finishDeletion deletes all that the stack has and turns it to verb_COMPLETE, or to verb_FAILED.
func (o *operation) finishDeletion(verb string, retain []string) {
	s := o.stack
	all := slices.Collect(maps.Values(s.resources))
	o.failed = nil
	o.mu.Unlock()
	o.removeAll(all, verb, verb == "ROLLBACK", retain)
	o.mu.Lock()
	switch {
	case o.life.Err() != nil:
	case len(o.failed) > 0:
		s.turn(verb+"_FAILED", o.why(), o.token)
	default:
		if verb == "DELETE" {
			s.deleted = time.Now()
		}
		s.outputs = nil
		s.turn(verb+"_COMPLETE", "", o.token)
	}
}

// rollBackUpdate takes the stack back to what it was before; skip are resources to leave as they are.
func (o *operation) rollBackUpdate(skip []string) {
	s := o.stack
	o.failed = nil
	var fresh []*instance
	for _, logical := range slices.Sorted(maps.Keys(s.resources)) {
		now, was := s.resources[logical], o.before[logical]
		switch {
		case was == nil:
			if now.physical != "" {
				fresh = append(fresh, now)
			}
			delete(s.resources, logical)
		case now == was:
		case now.physical != was.physical:
			if now.physical != "" {
				fresh = append(fresh, now)
			}
			s.resources[logical] = was
			o.note(was, "UPDATE_COMPLETE", "")
		case slices.Contains(skip, logical):
			o.note(now, "UPDATE_COMPLETE", "Resource was skipped")
		default:
			o.note(now, "UPDATE_IN_PROGRESS", "")
			o.mu.Unlock()
			_, err := o.await(o.life, now, "ROLLBACK")
			if err == nil {
				err = o.alter(o.life, now, was)
			}
			o.mu.Lock()
			if o.life.Err() != nil {
				return
			}
			if err != nil {
				o.note(now, "UPDATE_FAILED", sentence(err))
				o.failed = append(o.failed, "update "+logical)
				continue
			}
			s.resources[logical] = was
			o.note(was, "UPDATE_COMPLETE", "")
		}
	}
	if len(o.failed) > 0 {
		s.turn("UPDATE_ROLLBACK_FAILED", o.why(), o.token)
		return
	}
	s.turn("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "", o.token)
	o.mu.Unlock()
	o.removeAll(fresh, "ROLLBACK", true, nil)
	o.mu.Lock()
	if o.life.Err() == nil {
		s.turn("UPDATE_ROLLBACK_COMPLETE", "", o.token)
	}
}

func sentence(err error) string {
	var e *apiError
	if errors.As(err, &e) {
		return e.message
	}
	return err.Error()
}

// removeAll deletes resources, none before those that depend on it. Where one fails, those it depends on stay.
// The account is not locked. creating says that what goes was never whole.
func (o *operation) removeAll(all []*instance, phase string, creating bool, retain []string) {
	ended := map[*instance]chan struct{}{}
	gone := map[*instance]*bool{}
	for _, r := range all {
		ended[r], gone[r] = make(chan struct{}), new(bool)
	}
	var work sync.WaitGroup
	for _, r := range all {
		work.Go(func() {
			defer close(ended[r])
			for _, other := range all {
				if other == r || !slices.Contains(other.dependsOn, r.logical) {
					continue
				}
				select {
				case <-ended[other]:
				case <-o.life.Done():
				}
				if o.life.Err() != nil || !*gone[other] {
					return
				}
			}
			*gone[r] = o.remove(r, phase, creating, retain)
		})
	}
	work.Wait()
}

// remove deletes one resource, or lets it be where its policy or the call says so, and says whether the stack is rid of it.
func (o *operation) remove(r *instance, phase string, creating bool, retain []string) bool {
	o.mu.Lock()
	keep := policy(r.deletionPolicy) == "Retain"
	if successor := o.stack.resources[r.logical]; successor != nil && successor != r && !creating {
		keep = policy(r.replacePolicy) == "Retain"
	}
	if creating && r.deletionPolicy == "RetainExceptOnCreate" {
		keep = false
	}
	switch {
	case r.status == "DELETE_COMPLETE" || r.status == "DELETE_SKIPPED" || r.physical == "":
		o.mu.Unlock()
		return true
	case keep || slices.Contains(retain, r.logical):
		o.note(r, "DELETE_SKIPPED", "")
		o.mu.Unlock()
		return true
	}
	o.note(r, "DELETE_IN_PROGRESS", "")
	o.mu.Unlock()
	seconds, err := o.await(o.life, r, phase)
	if err == nil {
		err = o.destroy(o.life, r)
	}
	if err == nil {
		err = o.pass(o.life, seconds/2)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.life.Err() != nil {
		return false
	}
	if err != nil {
		o.note(r, "DELETE_FAILED", sentence(err))
		o.failed = append(o.failed, "delete "+r.logical)
		return false
	}
	o.note(r, "DELETE_COMPLETE", "")
	return true
}
