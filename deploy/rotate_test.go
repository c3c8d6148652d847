package deploy

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// watchSecrets sees to it that at every moment OnConnect takes whatever the
// distribution may send then: while a resource changes, that is what it was, and
// what it will be.
func (a *account) watchSecrets() {
	a.Watch = func(may func(string) []map[string]any) {
		for _, d := range may("Distribution") {
			sent := sentBy(d)
			for _, f := range may("OnConnectFunction") {
				variables := f["Environment"].(map[string]any)["Variables"].(map[string]any)
				if taken := []any{variables["ORIGIN_SECRET"], variables["ORIGIN_SECRET_PREVIOUS"]}; sent == "" || !slices.Contains(taken, any(sent)) {
					a.t.Errorf("the distribution may send %q, and OnConnect takes %q: everybody is refused", sent, taken)
				}
			}
		}
	}
}

// sentBy is the origin secret in a distribution's properties.
func sentBy(distribution map[string]any) (sent string) {
	for _, origin := range distribution["DistributionConfig"].(map[string]any)["Origins"].([]any) {
		headers, _ := origin.(map[string]any)["OriginCustomHeaders"].([]any)
		for _, h := range headers {
			sent, _ = h.(map[string]any)["HeaderValue"].(string)
		}
	}
	return sent
}

// TestOriginSecret follows the secret between CloudFront and the functions.
func TestOriginSecret(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.set(Settings{})
	first := a.secret()
	if len(first) < 40 {
		t.Fatalf("the distribution sends %q", first)
	}
	a.mustDeploy("two", "updated")
	if a.secret() != first {
		t.Error("another program has another secret")
	}

	d, err := a.deploy(t.Context(), release("two"), Settings{RotateOriginSecret: true})
	if err != nil {
		t.Fatal(err)
	}
	second := a.secret()
	if second == first || len(second) < 40 {
		t.Errorf("after %q comes %q", first, second)
	}
	var changed []string
	for _, c := range d.Changes {
		changed = append(changed, c.Resource)
	}
	if list := strings.Join(changed, " "); !strings.Contains(list, "Distribution") || !strings.Contains(list, "OnConnectFunction") {
		t.Errorf("changed: %s", list)
	}

	a.mustDeploy("two", "updated") // the one before is taken no longer
	a.mustDeploy("two", "unchanged")
	if a.secret() != second {
		t.Error("the secret has changed unasked")
	}
	told := a.told()
	for _, secret := range []string{first, second} {
		if strings.Contains(told, secret) {
			t.Error("a secret is told")
		}
	}
}

// secret is what the distribution tells the functions.
func (a *account) secret() string {
	a.t.Helper()
	s, err := a.open(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := s.originSecret(a.t.Context(), a.describe())
	if err != nil {
		a.t.Fatal(err)
	}
	return secret
}

// TestRotationLocksNobodyOut, whatever becomes of it. Where it is killed is in
// TestKilledAtEachCall.
func TestRotationLocksNobodyOut(t *testing.T) {
	t.Parallel()
	rotate := func(a *account, ctx context.Context) error {
		_, err := a.deploy(ctx, release("two"), Settings{RotateOriginSecret: true})
		return err
	}
	start := func(t *testing.T) (*account, string) {
		a := newAccount(t)
		a.watchSecrets()
		a.mustDeploy("one", "created")
		return a, a.secret()
	}
	t.Run("undisturbed", func(t *testing.T) {
		t.Parallel()
		a, first := start(t)
		if err := rotate(a, t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.secret() == first {
			t.Error("the secret is the same")
		}
		a.wantTold("takes two changes", "now the distribution is to send it", "taken until the next deploy")
		if err := rotate(a, t.Context()); err != nil { // and once more, while the one before is taken still
			t.Fatal(err)
		}
	})
	for _, failing := range []string{"Distribution", "OnConnectFunction"} {
		t.Run(failing+" fails and is undone", func(t *testing.T) {
			t.Parallel()
			a, first := start(t)
			a.Fail(failing, "no", "UPDATE")
			wantError(t, rotate(a, t.Context()), Refused, "the stack is again as it was")
			if a.secret() != first {
				t.Error("the distribution has another secret")
			}
			a.Fail(failing, "")
			a.mustDeploy("two", "updated")
			if a.secret() != first {
				t.Error("the distribution has got another secret unasked")
			}
			a.mustDeploy("two", "unchanged")
		})
	}
	t.Run("interrupted while the distribution changes", func(t *testing.T) {
		t.Parallel()
		a, first := start(t)
		goOn := a.Hang("Distribution")
		ctx, interrupt := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- rotate(a, ctx) }()
		client := a.cloudformation()
		for t.Context().Err() == nil {
			out, err := client.DescribeStackResource(t.Context(), &cloudformation.DescribeStackResourceInput{StackName: &a.name, LogicalResourceId: aws.String("Distribution")})
			if err == nil && out.StackResourceDetail.ResourceStatus == "UPDATE_IN_PROGRESS" {
				break
			}
		}
		interrupt()
		wantError(t, <-ended, Interrupted, "AWS goes on with it")
		goOn()
		a.mustDeploy("two", "updated") // follows it, and drops the secret before
		if a.secret() == first {
			t.Error("the secret is the same")
		}
		a.mustDeploy("two", "unchanged")
	})
	t.Run("somebody else deploys between the two changes", func(t *testing.T) {
		t.Parallel()
		a, first := start(t)
		s, err := a.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		zips, err := s.pack(t.Context(), release("one"))
		if err != nil {
			t.Fatal(err)
		}
		st := a.describe()
		steps, err := s.secretSteps(t.Context(), st, Settings{RotateOriginSecret: true})
		if err != nil {
			t.Fatal(err)
		}
		cs, err := s.proposal(t.Context(), st, release("one"), zips, Settings{}, steps[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.execute(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		a.mustDeploy("one", "updated") // takes the new secret from OnConnect
		_, err = s.swap(t.Context(), cs, steps[1])
		wantError(t, err, Refused, "so the secret stays as it was")
		if a.secret() != first {
			t.Error("the distribution has another secret")
		}
	})
}
