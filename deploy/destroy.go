package deploy

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Destroyed is what a destruction did.
type Destroyed struct {
	*Stack
	Result    string   `json:"result"`    // "destroyed", or "nothing" when there was nothing
	Leftovers []string `json:"leftovers"` // what still has the stack's name, such as "log group /aws/lambda/parley-OnAction"
	Unseen    []string `json:"unseen"`    // kinds of things that could not be looked for, and why
}

// Destroy deletes the stack with every message and all else that Deploy has
// made, and looks what is left. It may be called again after anything.
func (s *Stack) Destroy(ctx context.Context) (*Destroyed, error) {
	st, err := s.describe(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if err := s.ours(st); err != nil {
		return nil, err
	}
	d := &Destroyed{Stack: s, Result: "destroyed"}
	if st.exists() {
		if err := s.agreeToDestroy(ctx, st); err != nil {
			return nil, err
		}
		if st, err = s.awaitQuiet(ctx, st); err != nil {
			return nil, err
		}
	}
	if st.exists() {
		o, err := s.remove(ctx, st)
		if err != nil {
			return nil, err
		}
		s.console.printf("the stack is deleted, in %s\n", clock(o.took))
	}
	bucket := s.artifactsBucket()
	was, err := s.deleteBucket(ctx, bucket)
	if err != nil {
		return nil, err
	}
	if was {
		s.console.printf("bucket %s is deleted\n", bucket)
	} else if !st.exists() {
		d.Result = "nothing"
		s.console.printf("there is no stack %s here\n", s.Name)
	}
	s.leftovers(ctx, d)
	switch {
	case len(d.Leftovers) > 0:
		s.console.printf("left:\n  %s\n", strings.Join(d.Leftovers, "\n  "))
	case len(d.Unseen) == 0:
		s.console.printf("nothing is left\n")
	default:
		s.console.printf("nothing is left as far as can be seen\n")
	}
	for _, u := range d.Unseen {
		s.console.printf("not looked for: %s\n", u)
	}
	return d, nil
}

// agreeToDestroy has the stack's name typed. It refuses beforehand what
// CloudFormation would fail at after having removed half.
func (s *Stack) agreeToDestroy(ctx context.Context, st state) error {
	if s.protected(ctx, st) {
		hint := "parley deploy" + s.flags() + " --deletion-protection false, then destroy"
		if st.parameters["DeletionProtection"] != "true" || st.status == types.StackStatusDeleteFailed { // which deploy would not change, or cannot
			hint = "aws dynamodb update-table --no-deletion-protection-enabled --table-name " + s.table() + s.awsFlags() + ", then destroy"
		}
		return &Error{Kind: Refused, Message: "the table is protected from deletion", Hint: hint}
	}
	if st.made() {
		s.console.printf("This deletes the chat at %s: every message, every name and every room, for good.\n", st.outputs["WebsiteUrl"])
	}
	yes, err := s.console.confirm(ctx, "Type the stack's name, "+s.Name+":", s.Name)
	if err != nil {
		return err
	}
	if !yes {
		return errDeclined
	}
	return nil
}

// protected asks the table itself, since somebody may have set or lifted that by
// hand. The table of a stack that never came to be is none to protect.
func (s *Stack) protected(ctx context.Context, st state) bool {
	if !st.made() || failed(st.status) {
		return false
	}
	out, err := s.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(s.table())})
	if isCode(err, "ResourceNotFoundException") {
		return false
	}
	if err != nil || out.Table == nil {
		return st.parameters["DeletionProtection"] == "true" // as far as can be known
	}
	return aws.ToBool(out.Table.DeletionProtectionEnabled)
}

// table is the name that the template gives it.
func (s *Stack) table() string { return s.Name + "-Connections" }

// awaitQuiet waits for the end of what CloudFormation does already.
func (s *Stack) awaitQuiet(ctx context.Context, st state) (state, error) {
	for st.busy() {
		s.console.printf("an operation is under way already (%s): following it first\n", st.status)
		if _, err := s.attach(ctx, st); err != nil {
			return st, err
		}
		var err error
		if st, err = s.describe(ctx, s.Name); err != nil {
			return st, err
		}
	}
	return st, nil
}
