package deploy

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// state is what CloudFormation says of the stack. The zero state is a stack
// that does not exist.
type state struct {
	id         string // its ARN, under which it is found after its deletion too
	status     types.StackStatus
	reason     string
	changeSet  string // ARN of the one that was executed last
	parameters map[string]string
	outputs    map[string]string
	tags       map[string]string
}

func (st *state) exists() bool {
	return st.status != "" && st.status != types.StackStatusDeleteComplete
}

// made says that the stack is more than a name: resources may exist.
func (st *state) made() bool { return st.exists() && st.status != types.StackStatusReviewInProgress }

// busy says that an operation of CloudFormation is under way.
func (st *state) busy() bool { return busy(st.status) }

func busy(status types.StackStatus) bool {
	return strings.HasSuffix(string(status), "_IN_PROGRESS") && status != types.StackStatusReviewInProgress
}

// describe returns the state of the stack with that name or ARN.
func (s *Stack) describe(ctx context.Context, name string) (state, error) {
	out, err := s.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if isMissing(err) {
		return state{}, nil
	}
	if err != nil {
		return state{}, s.explain("look at the stack", err)
	}
	if len(out.Stacks) == 0 {
		return state{}, nil
	}
	stack := out.Stacks[0]
	st := state{
		id: aws.ToString(stack.StackId), status: stack.StackStatus, reason: aws.ToString(stack.StackStatusReason), changeSet: aws.ToString(stack.ChangeSetId),
		parameters: map[string]string{}, outputs: map[string]string{}, tags: map[string]string{},
	}
	for _, p := range stack.Parameters {
		st.parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for _, o := range stack.Outputs {
		st.outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, t := range stack.Tags {
		st.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return st, nil
}

// isMissing says that CloudFormation knows no such stack. It has no code of its
// own for that.
func isMissing(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}

// isCode says that AWS answered with one of these error codes.
func isCode(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode() == code {
			return true
		}
	}
	return false
}
