package deploy

import (
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
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
func (s *Stack) values(st state, r Release, zips zips, set Settings, secrets originSecrets) []types.Parameter {
	chosen := maps.Clone(set.Parameters)
	if chosen == nil {
		chosen = map[string]string{}
	}
	chosen["ArtifactsBucket"] = s.artifactsBucket()
	chosen["FunctionsKey"] = zips.functions.key
	chosen["WebsiteKey"] = zips.website.key
	chosen["SiteHash"] = r.SiteHash
	chosen["Version"] = version(st, r, set)
	secrets.choose(chosen)
	return choose(chosen, st)
}

// choose gives the template's parameters the chosen values, or those that they have.
func choose(chosen map[string]string, st state) (values []types.Parameter) {
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
	return values
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
