package deploy

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// setProtection is what somebody does by hand.
func (a *account) setProtection(on bool) {
	a.t.Helper()
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &a.URL, Region: "eu-central-1", Credentials: anyCredentials})
	if _, err := client.UpdateTable(a.t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("parley-Connections"), DeletionProtectionEnabled: &on}); err != nil {
		a.t.Fatal(err)
	}
}

// TestProtectedTable: what holds messages is not deleted, and the way out that is
// told leads out.
func TestProtectedTable(t *testing.T) {
	t.Parallel()
	protect := Settings{Parameters: map[string]string{"DeletionProtection": "true"}}
	refused := func(a *account, hint string) {
		a.t.Helper()
		_, err := a.destroy(a.t.Context())
		if e := wantError(a.t, err, Refused, "protected from deletion"); !strings.Contains(e.Hint, hint) {
			a.t.Errorf("hint: got %q, want %q in it", e.Hint, hint)
		}
	}
	destroyed := func(a *account) {
		a.t.Helper()
		if _, err := a.destroy(a.t.Context()); err != nil {
			a.t.Errorf("%v\n%s", err, a.told())
		}
		if left := a.Left(); len(left) > 0 {
			a.t.Errorf("left: %q", left)
		}
	}
	const byHand = "aws dynamodb update-table --no-deletion-protection-enabled --table-name parley-Connections --region eu-central-1, then destroy"

	t.Run("by its setting", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.set(protect)
		refused(a, "parley deploy --region eu-central-1 --deletion-protection false, then destroy")
		a.wantLeft(artifacts, "stack parley CREATE_COMPLETE")
		a.set(Settings{Parameters: map[string]string{"DeletionProtection": "false"}})
		destroyed(a)
	})
	t.Run("by hand", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.set(Settings{})
		a.setProtection(true)
		refused(a, byHand)
		a.wantLeft(artifacts, "stack parley CREATE_COMPLETE")
		a.setProtection(false)
		destroyed(a)
	})
	t.Run("somebody has deleted the stack around it", func(t *testing.T) {
		t.Parallel()
		a := newAccount(t)
		a.set(protect)
		if _, err := a.cloudformation().DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &a.name}); err != nil {
			t.Fatal(err)
		}
		for a.describe().status != "DELETE_FAILED" {
		}
		refused(a, byHand)
		a.setProtection(false)
		destroyed(a)
	})
	t.Run("of a stack that never came to be", func(t *testing.T) {
		t.Parallel()
		for _, next := range []string{"deploy", "destroy"} {
			a := newAccount(t)
			a.Fail("Stage", "no", "CREATE")
			_, err := a.deploy(t.Context(), release("one"), protect)
			wantError(t, err, Refused, "Stage (API stage) failed: no; not all that was made could be removed again")
			a.wantLeft(artifacts, "stack parley ROLLBACK_FAILED")
			a.Fail("Stage", "")
			if next == "deploy" {
				a.set(protect)
				refused(a, "--deletion-protection false")
			} else {
				destroyed(a)
			}
		}
	})
}
