package deploy

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// whyRefused is what stands in the way of a change set that failed. Where
// CloudFormation has validated early, as it does since November 2025, its reason
// only names another call; when that is not permitted either, the reason stays.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
func (s *Stack) whyRefused(ctx context.Context, cs *changeSet, reason string) string {
	if !strings.Contains(reason, "DescribeEvents") {
		return reason
	}
	var causes []string
	pages := cloudformation.NewDescribeEventsPaginator(s.cloudformation, &cloudformation.DescribeEventsInput{
		ChangeSetName: &cs.id, Filters: &types.EventFilter{FailedEvents: aws.Bool(true)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			break
		}
		for _, e := range page.OperationEvents {
			if e.EventType == types.EventTypeValidationError && aws.ToString(e.ValidationStatusReason) != "" {
				causes = append(causes, aws.ToString(e.LogicalResourceId)+": "+strings.TrimSuffix(aws.ToString(e.ValidationStatusReason), "."))
			}
		}
	}
	if len(causes) == 0 {
		return reason
	}
	return strings.Join(causes, "; ")
}
