package deploy

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestProgress tells a deployment of minutes as it is told on AWS, where the
// stand-in's last no second.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := progress{console: &Console{Out: &out}, began: map[string]time.Time{}, kinds: map[string]string{}, told: time.Now()}
		happens := func(name, resourceType, status, reason string) {
			physical := "id-" + name
			if name == "parley" {
				physical = "arn:stack"
			}
			p.tell(types.StackEvent{
				StackId: aws.String("arn:stack"), PhysicalResourceId: &physical, LogicalResourceId: &name, ResourceType: &resourceType,
				ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &reason, Timestamp: aws.Time(time.Now()),
			})
		}
		wait := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); p.tick() {
				time.Sleep(3 * time.Second)
			}
		}
		p.tick()
		happens("parley", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "User Initiated")
		wait(3 * time.Second)
		happens("ConnectionsTable", "AWS::DynamoDB::Table", "CREATE_IN_PROGRESS", "")
		happens("ConnectionsTable", "AWS::DynamoDB::Table", "CREATE_IN_PROGRESS", "Resource creation Initiated")
		happens("Distribution", "AWS::CloudFront::Distribution", "CREATE_IN_PROGRESS", "")
		wait(12 * time.Second)
		happens("ConnectionsTable", "AWS::DynamoDB::Table", "CREATE_COMPLETE", "")
		wait(75 * time.Second)
		happens("Role", "AWS::IAM::Role", "CREATE_IN_PROGRESS", "")
		happens("Distribution", "AWS::CloudFront::Distribution", "CREATE_FAILED", `Resource handler returned message: "Access denied (Service: CloudFront, Status Code: 403, Request ID: 1)" (RequestToken: 2, HandlerErrorCode: AccessDenied)`)
		happens("Role", "AWS::IAM::Role", "CREATE_FAILED", "Resource creation cancelled")
		happens("parley", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Distribution].")
		happens("ConnectionsTable", "AWS::DynamoDB::Table", "DELETE_IN_PROGRESS", "")
		wait(45 * time.Second)
		happens("ConnectionsTable", "AWS::DynamoDB::Table", "DELETE_SKIPPED", "")
		want := strings.TrimPrefix(`
  0:03  make     Distribution               CloudFront distribution, usually 3 to 5 minutes
  0:15  made     ConnectionsTable           DynamoDB table, 0:12
  0:45  wait     Distribution               CloudFront distribution, for 0:42 so far
  1:15  wait     Distribution               CloudFront distribution, for 1:12 so far
  1:30  FAILED   Distribution               CloudFront distribution: Access denied
  1:30  undo what was done, since not all can be done
  2:00  wait     ConnectionsTable           DynamoDB table, for 0:30 so far
  2:15  kept     ConnectionsTable           DynamoDB table, 0:45
`, "\n")
		if out.String() != want {
			t.Errorf("got\n%swant\n%s", out.String(), want)
		}
	})
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", 4*time.Minute + 7*time.Second: "4:07", time.Hour + 2*time.Minute + 3*time.Second: "1:02:03", 59*time.Minute + 59*time.Second + 600*time.Millisecond: "1:00:00"} {
		if got := clock(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
