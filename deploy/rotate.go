package deploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

// originSecrets are what the distribution tells OnConnect, so that nobody comes
// past it.
type originSecrets struct {
	sent string // what the distribution sends; empty: what it has sent so far
	also string // what OnConnect takes beside it; empty: nothing
}

func (o originSecrets) choose(chosen map[string]string) {
	if o.sent != "" {
		chosen["OriginSecret"] = o.sent
	}
	chosen["OriginSecretPrevious"] = o.also
}

// secretSteps are the secrets of one change of the stack after the other.
//
// A new stack has one secret, and a change keeps it. Another one needs two
// changes: CloudFormation changes the distribution minutes before OnConnect,
// which has to know its address, so OnConnect learns the new secret beforehand.
// It takes the old one until the change after that. Between any two steps, and
// in each of them whether it goes forward or back, it takes all that the
// distribution may send.
func (s *Stack) secretSteps(ctx context.Context, st state, set Settings) ([]originSecrets, error) {
	switch {
	case !st.made():
		return []originSecrets{{sent: newSecret()}}, nil
	case !set.RotateOriginSecret:
		return []originSecrets{{}}, nil
	}
	present, err := s.originSecret(ctx, st)
	if err != nil {
		return nil, err
	}
	s.console.printf("another origin secret takes two changes: first OnConnect learns it, then the distribution sends it\n")
	next := newSecret()
	return []originSecrets{{also: next}, {sent: next, also: present}}, nil
}

// swap is the second step, once the first has changed the stack: nothing but the secrets.
func (s *Stack) swap(ctx context.Context, first *changeSet, secrets originSecrets) (*changeSet, error) {
	st, err := s.describe(ctx, first.stack)
	if err != nil {
		return nil, err
	}
	chosen := map[string]string{}
	secrets.choose(chosen)
	s.console.printf("OnConnect takes the new secret; now the distribution is to send it\n")
	cs, err := s.propose(ctx, st, cloudformation.CreateChangeSetInput{
		UsePreviousTemplate: aws.Bool(true), Parameters: choose(chosen, st), Tags: (&Settings{}).tags(st), Description: aws.String("parley: another origin secret"),
	})
	if err != nil {
		return nil, err
	}
	// Whoever changed the stack since the first step has taken the new secret away
	// again. From here on such a change would remove this change set.
	now, err := s.describe(ctx, first.stack)
	if err == nil && now.changeSet != first.id {
		err = &Error{Kind: Refused, Message: "somebody else has changed the stack meanwhile, so the secret stays as it was", Hint: "the same command again makes another one"}
	}
	if err != nil {
		s.discard(ctx, cs)
		return nil, err
	}
	s.show(cs.changes)
	return cs, nil
}

// merge lists what two changes of the stack do to each resource, together.
func merge(first, second []Change) []Change {
	all := slices.Clone(first)
	for _, c := range second {
		i := slices.IndexFunc(all, func(other Change) bool { return other.Resource == c.Resource })
		if i < 0 {
			all = append(all, c)
			continue
		}
		if rank[c.Action] < rank[all[i].Action] {
			all[i].Action = c.Action
		}
		properties := slices.Concat(all[i].Properties, c.Properties)
		slices.Sort(properties)
		all[i].Properties = slices.Compact(properties)
	}
	sortChanges(all)
	return all
}

// newSecret is what CloudFront tells the functions, so that nobody comes past
// it: 256 random bits.
func newSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret)
	return base64.RawURLEncoding.EncodeToString(secret)
}

// originSecret reads the present secret from where it is in use, the
// distribution. CloudFormation never shows it again, and a copy kept for this
// could be another one than what is deployed, and could be read by more people.
func (s *Stack) originSecret(ctx context.Context, st state) (string, error) {
	id := st.outputs["DistributionId"]
	out, err := s.cloudfront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &id})
	if err != nil {
		return "", s.explain("read the present origin secret from the distribution", err)
	}
	if out.DistributionConfig != nil && out.DistributionConfig.Origins != nil {
		for _, origin := range out.DistributionConfig.Origins.Items {
			if origin.CustomHeaders == nil {
				continue
			}
			for _, h := range origin.CustomHeaders.Items {
				if strings.EqualFold(aws.ToString(h.HeaderName), originHeader) {
					return aws.ToString(h.HeaderValue), nil
				}
			}
		}
	}
	return "", &Error{Kind: Refused, Message: "distribution " + cmp.Or(id, "of this stack") + " sends no origin secret", Hint: "somebody has changed it by hand? parley deploy without --rotate-origin-secret puts it right only when the stack changes"}
}

// originHeader carries the secret.
const originHeader = "X-Parley-Origin"
