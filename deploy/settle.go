package deploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// settle brings the stack into a state that can be changed: it waits for what
// is under way, and clears away, when that is agreed to, what an earlier
// attempt has left.
func (s *Stack) settle(ctx context.Context) (state, error) {
	for {
		st, err := s.describe(ctx, s.Name)
		if err != nil {
			return st, err
		}
		if err := s.ours(st); err != nil {
			return st, err
		}
		switch {
		case !st.made():
			return st, nil
		case st.busy():
			s.console.printf("an operation is under way already (%s): following it first\n", st.status)
			if _, err := s.attach(ctx, st); err != nil {
				return st, err
			}
			continue
		}
		switch {
		case failed(st.status):
			err = s.clearFailed(ctx, st)
		case st.status == types.StackStatusUpdateRollbackFailed:
			err = s.goBack(ctx, st)
		case st.status == types.StackStatusDeleteFailed:
			err = &Error{Kind: Refused, Message: "the stack is half deleted", Hint: "parley destroy" + s.flags() + " takes the rest away; then deploy again"}
		default:
			return st, nil
		}
		if err != nil {
			return st, err
		}
	}
}

// failed says that the stack never came to be.
func failed(status types.StackStatus) bool {
	switch status {
	case types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed:
		return true
	}
	return false
}

// ours refuses a stack of that name that something else has made: deploying
// over it would remove what is in it.
func (s *Stack) ours(st state) error {
	_, site := st.parameters["SiteHash"]
	_, functions := st.parameters["FunctionsKey"]
	if st.made() && !(site && functions) {
		return &Error{Kind: Refused, Message: "stack " + s.Name + " was not made by parley", Hint: "--stack with another name leaves it alone"}
	}
	return nil
}

// clearFailed removes a stack that never came to be. CloudFormation keeps its
// name, so that one can look at what happened, and takes no other change.
func (s *Stack) clearFailed(ctx context.Context, st state) error {
	events, _, err := s.operation(ctx, st.id)
	if err != nil {
		return err
	}
	how, question := "was undone", "Its empty stack must go first."
	if st.status != types.StackStatusRollbackComplete {
		how, question = "was not undone altogether", "What is left of it must go first."
	}
	s.console.printf("an earlier attempt has failed and %s", how)
	if e, found := firstCause(events); found {
		s.console.printf(": %s: %s", aws.ToString(e.LogicalResourceId), plain(aws.ToString(e.ResourceStatusReason)))
	}
	s.console.printf("\n")
	yes, err := s.console.confirm(ctx, question+" Remove it? Type yes:", "yes")
	if err != nil {
		return err
	}
	if !yes {
		return errDeclined
	}
	_, err = s.remove(ctx, st)
	return err
}

// goBack has CloudFormation try again to undo an update that it could neither
// do nor undo.
func (s *Stack) goBack(ctx context.Context, st state) error {
	s.console.printf("an earlier update could neither be done nor undone (%s)\n", st.reason)
	yes, err := s.console.confirm(ctx, "Have AWS try again to undo it? Type yes:", "yes")
	if err != nil {
		return err
	}
	if !yes {
		return errDeclined
	}
	mark, err := s.lastMark(ctx, st.id)
	if err != nil {
		return err
	}
	if _, err := s.cloudformation.ContinueUpdateRollback(ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &st.id}); err != nil {
		return s.explain("undo the earlier update", err)
	}
	o, err := s.follow(ctx, st.id, mark)
	if err != nil {
		return err
	}
	if o.status != types.ResourceStatusUpdateRollbackComplete {
		e := explainFailure(o.events, "the earlier update is still half undone", "")
		e.Hint = "mend what is said there, then run it again; or leave resources out: aws cloudformation continue-update-rollback --stack-name " + s.Name + s.awsFlags() + " --resources-to-skip NAME"
		return e
	}
	return nil
}

// errDeclined says that the answer was no.
var errDeclined = &Error{Kind: Unconfirmed, Message: "not confirmed, so nothing was changed"}
