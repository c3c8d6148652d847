package deploy

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// remove deletes the stack and follows that to its end. What CloudFormation
// cannot delete at first is mended where that is known, and tried again.
func (s *Stack) remove(ctx context.Context, st state) (outcome, error) {
	if !st.made() { // a name without resources, which tells no events
		if _, err := s.cloudformation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &st.id}); err != nil {
			return outcome{}, s.explain("delete the stack", err)
		}
		return outcome{}, s.awaitGone(ctx, st.id)
	}
	var retain []string
	for tries := 3; ; tries-- {
		mark, err := s.lastMark(ctx, st.id)
		if err != nil {
			return outcome{}, err
		}
		if _, err := s.cloudformation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &st.id, RetainResources: retain}); err != nil {
			return outcome{}, s.explain("delete the stack", err)
		}
		o, err := s.follow(ctx, st.id, mark)
		if err != nil || o.status == types.ResourceStatusDeleteComplete {
			return o, err
		}
		if tries == 1 {
			return o, explainFailure(o.events, "the rest of the stack is deleted", "mend what is said there; parley destroy"+s.flags()+" goes on from here")
		}
		again, err := s.mend(ctx, st, o)
		if err != nil {
			return o, err
		}
		s.console.printf("try again to delete what is left\n")
		retain = again
	}
}

// mend does what CloudFormation's own attempt at a deletion needs: it empties
// buckets that something was put into meanwhile, and lifts the protection of a
// table in which nobody has ever spoken: one of a stack that never came to be.
// retain are resources to pass over: a site whose function is not there or broken
// has nothing left to do when its bucket is empty.
func (s *Stack) mend(ctx context.Context, st state, o outcome) (retain []string, err error) {
	for _, e := range o.events {
		if e.ResourceStatus != types.ResourceStatusDeleteFailed || isStack(e) {
			continue
		}
		switch aws.ToString(e.ResourceType) {
		case "AWS::S3::Bucket":
			if err := s.emptyBucket(ctx, aws.ToString(e.PhysicalResourceId)); err != nil && !strings.Contains(err.Error(), "does not exist") {
				return nil, err
			}
		case "AWS::DynamoDB::Table":
			if !failed(st.status) {
				continue
			}
			if _, err := s.dynamodb.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: e.PhysicalResourceId, DeletionProtectionEnabled: aws.Bool(false)}); err != nil {
				return nil, s.explain("lift the protection of table "+aws.ToString(e.PhysicalResourceId), err)
			}
		case "Custom::ParleySite":
			if bucket := st.outputs["WebsiteBucketName"]; bucket != "" {
				if err := s.emptyBucket(ctx, bucket); err != nil {
					return nil, err
				}
			}
			if name := aws.ToString(e.LogicalResourceId); !slices.Contains(retain, name) {
				retain = append(retain, name)
			}
		}
	}
	return retain, nil
}
