package deploytest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const masked = "****" // what a NoEcho parameter's value is shown as

// parameters are the values a template runs with: what the call gives, else what the stack has where the call says so,
// else the default.
func (q *request) parameters(t *template, s *stack) (map[string]string, error) {
	values := map[string]string{}
	var missing []string
	for name, p := range t.parameters {
		if p.fallback != nil {
			values[name] = *p.fallback
		} else {
			missing = append(missing, name)
		}
	}
	for _, given := range q.structures("Parameters") {
		name := given("ParameterKey")
		if t.parameters[name] == nil {
			return nil, invalid("Parameters: [%s] do not exist in the template", name)
		}
		value := given("ParameterValue")
		if given("UsePreviousValue") == "true" {
			if s == nil {
				return nil, invalid("Invalid value for UsePreviousValue: parameter %s has no previous value", name)
			}
			previous, had := s.parameters[name]
			if !had {
				return nil, invalid("Invalid value for UsePreviousValue: parameter %s has no previous value", name)
			}
			value = previous
		}
		values[name] = value
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, invalid("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	for _, name := range t.named {
		if err := t.parameters[name].accept(values[name]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// accept checks one value as its declaration demands.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
func (p *parameter) accept(value string) error {
	broken := ""
	number, notNumber := strconv.ParseFloat(value, 64)
	outside := func(limit string, wrong func(limit float64) bool) bool {
		l, err := strconv.ParseFloat(limit, 64)
		return err == nil && wrong(l)
	}
	switch {
	case p.kind == "Number" && notNumber != nil:
		return invalid("Parameter '%s' must be a number.", p.name)
	case p.pattern != "" && !matchesAll(p.pattern, value):
		broken = "must match pattern " + p.pattern
	case len(p.allowed) > 0 && !slices.Contains(p.allowed, value):
		broken = "must be one of AllowedValues"
	case outside(p.minLength, func(l float64) bool { return float64(len(value)) < l }):
		broken = fmt.Sprintf("must contain at least %s characters", p.minLength)
	case outside(p.maxLength, func(l float64) bool { return float64(len(value)) > l }):
		broken = fmt.Sprintf("must contain at most %s characters", p.maxLength)
	case p.kind == "Number" && outside(p.minValue, func(l float64) bool { return number < l }):
		broken = "must be a number not less than " + p.minValue
	case p.kind == "Number" && outside(p.maxValue, func(l float64) bool { return number > l }):
		broken = "must be a number not greater than " + p.maxValue
	default:
		return nil
	}
	if p.constraint != "" {
		return invalid("Parameter %s failed to satisfy constraint: %s", p.name, p.constraint)
	}
	return invalid("Parameter '%s' %s", p.name, broken)
}

// matchesAll says whether the whole value matches, as it has to for CloudFormation.
func matchesAll(pattern, value string) bool {
	r, err := regexp.Compile(`^(?:` + pattern + `)$`)
	return err == nil && r.MatchString(value)
}

// obeyRules checks the Rules section: pairs of parameters that belong together.
func (s *scope) obeyRules() error {
	for name, rule := range s.template.rules {
		f := fields(rule)
		if f["RuleCondition"] != nil {
			if applies, err := s.holds(f["RuleCondition"]); err != nil || !applies {
				if err != nil {
					return err
				}
				continue
			}
		}
		for _, a := range list(f["Assertions"]) {
			holds, err := s.holds(fields(a)["Assert"])
			if err != nil {
				return err
			}
			if !holds {
				return invalid("Template error: Rule %s failed: %s", name, text(fields(a)["AssertDescription"]))
			}
		}
	}
	return nil
}

// shownParameters are a stack's parameters as they are told: secrets masked.
func shownParameters(t *template, values map[string]string) (all []parameterXML) {
	for _, name := range t.named {
		value := values[name]
		if t.parameters[name].noEcho {
			value = masked
		}
		all = append(all, parameterXML{ParameterKey: name, ParameterValue: value})
	}
	return all
}

type parameterXML struct{ ParameterKey, ParameterValue string }
