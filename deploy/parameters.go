package deploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

// check refuses values that the template would refuse, before anything is asked
// of AWS.
func (set *Settings) check() error {
	for _, p := range Parameters() {
		value, given := set.Parameters[p.Name]
		if !given {
			continue
		}
		matches := true
		if p.Pattern != "" {
			matches = regexp.MustCompile(`^(?:` + p.Pattern + `)$`).MatchString(value)
		}
		if !matches || len(p.Allowed) > 0 && !slices.Contains(p.Allowed, value) {
			return &Error{Kind: Misused, Message: fmt.Sprintf("--%s %q: it %s", Flag(p.Name), value, strings.TrimSuffix(p.Constraint, ".")), Hint: p.Description}
		}
	}
	return nil
}

// upper begins a word within a parameter's name.
var upper = regexp.MustCompile(`([a-z])([A-Z])`)

// Flag is the name of a parameter on the command line: DomainName is domain-name.
func Flag(parameter string) string {
	return strings.ToLower(upper.ReplaceAllString(parameter, "$1-$2"))
}

// values are the template's parameters for a deployment. What neither the
// deployment nor its people say stays as the stack has it.
func (s *Stack) values(ctx context.Context, st state, r Release, zips zips, set Settings) ([]types.Parameter, error) {
	chosen := maps.Clone(set.Parameters)
	if chosen == nil {
		chosen = map[string]string{}
	}
	chosen["ArtifactsBucket"] = s.artifactsBucket()
	chosen["FunctionsKey"] = zips.functions.key
	chosen["WebsiteKey"] = zips.website.key
	chosen["SiteHash"] = r.SiteHash
	chosen["Version"] = version(st, r, set)
	chosen["OriginSecretPrevious"] = "" // the distribution has learnt the new one when its change is done
	if !st.made() || set.RotateOriginSecret {
		chosen["OriginSecret"] = newSecret()
	}
	if st.made() && set.RotateOriginSecret {
		previous, err := s.originSecret(ctx, st)
		if err != nil {
			return nil, err
		}
		chosen["OriginSecretPrevious"] = previous
	}
	var values []types.Parameter
	for _, p := range Parameters() {
		value, given := chosen[p.Name]
		_, had := st.parameters[p.Name]
		switch {
		case given:
			values = append(values, types.Parameter{ParameterKey: aws.String(p.Name), ParameterValue: &value})
		case had && st.made():
			values = append(values, types.Parameter{ParameterKey: aws.String(p.Name), UsePreviousValue: aws.Bool(true)})
		}
	}
	return values, nil
}

// version is the release's. The site is put again only when something of it
// changes in the stack, so to restore it the version gets a suffix, which it
// keeps until the next release.
func version(st state, r Release, set Settings) string {
	const suffix = "+restored-"
	if set.RestoreSite && st.made() {
		return r.Version + suffix + strings.ToLower(rand.Text()[:8])
	}
	if has := st.parameters["Version"]; strings.HasPrefix(has, r.Version+suffix) {
		return has
	}
	return r.Version
}

// tags are those of the stack and the new ones: a change set that names any
// replaces all.
func (set *Settings) tags(st state) (tags []types.Tag) {
	all := maps.Clone(st.tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, set.Tags)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return tags
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
