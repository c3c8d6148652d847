package deploytest

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// functions are the intrinsic functions understood here. A template with another one is refused.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
var functions = []string{
	"Fn::Sub", "Fn::GetAtt", "Fn::Join", "Fn::If", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Fn::Select", "Fn::Split",
	"Fn::FindInMap", "Fn::Base64", "Fn::Contains", "Fn::EachMemberIn",
}

// noValue is what !Ref AWS::NoValue gives: the property or element that has it is not there.
var noValue = &struct{ string }{"AWS::NoValue"}

// scope is what a value is resolved in.
type scope struct {
	template   *template
	parameters map[string]string
	pseudo     map[string]string // without AWS::NoValue
	// reference and attribute give what a resource has. nil where there are no resources: conditions and rules.
	reference func(logical string) (string, error)
	attribute func(logical, name string) (string, error)
	depth     int // of conditions in conditions
}

// value resolves v and all in it. What it returns shares nothing with v.
func (s *scope) value(v any) (any, error) {
	if name, argument, ok := function(v); ok {
		return s.call(name, argument)
	}
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for key, one := range v {
			one, err := s.value(one)
			if err != nil {
				return nil, err
			}
			if one != noValue {
				all[key] = one
			}
		}
		return all, nil
	case []any:
		all := []any{}
		for _, one := range v {
			one, err := s.value(one)
			if err != nil {
				return nil, err
			}
			if one != noValue {
				all = append(all, one)
			}
		}
		return all, nil
	}
	return v, nil
}

// text resolves v to a string.
func (s *scope) text(v any) (string, error) {
	v, err := s.value(v)
	if err != nil {
		return "", err
	}
	one, ok := v.(string)
	if !ok {
		return "", invalid("Template error: every value of a function must be a string, not %v", v)
	}
	return one, nil
}

func (s *scope) call(name string, argument any) (any, error) {
	args := list(argument)
	bad := invalid("Template error: %s has a wrong argument: %v", name, argument)
	switch name {
	case "Ref":
		return s.ref(text(argument))
	case "Condition":
		return truth(s.condition(text(argument)))
	case "Fn::GetAtt":
		if len(args) != 2 || s.attribute == nil {
			return nil, bad
		}
		attribute, err := s.text(args[1])
		if err != nil {
			return nil, err
		}
		return s.attribute(text(args[0]), attribute)
	case "Fn::Sub":
		return s.sub(argument)
	case "Fn::If":
		if len(args) != 3 {
			return nil, bad
		}
		holds, err := s.condition(text(args[0]))
		if err != nil {
			return nil, err
		}
		if holds {
			return s.value(args[1])
		}
		return s.value(args[2])
	case "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Fn::Contains", "Fn::EachMemberIn":
		return truth(s.test(name, argument))
	case "Fn::Base64":
		one, err := s.text(argument)
		return base64.StdEncoding.EncodeToString([]byte(one)), err
	}
	resolved, err := s.value(argument)
	if err != nil {
		return nil, err
	}
	if args = list(resolved); len(args) < 2 {
		return nil, bad
	}
	switch name {
	case "Fn::Join":
		var parts []string
		for _, one := range list(args[1]) {
			parts = append(parts, text(one))
		}
		return strings.Join(parts, text(args[0])), nil
	case "Fn::Split":
		all := []any{}
		for one := range strings.SplitSeq(text(args[1]), text(args[0])) {
			all = append(all, one)
		}
		return all, nil
	case "Fn::Select":
		from := list(args[1])
		if len(from) == 1 && text(from[0]) == later { // split from what is known later
			return later, nil
		}
		i, err := strconv.Atoi(text(args[0]))
		if err != nil || i < 0 || i >= len(from) {
			return nil, invalid("Template error: Fn::Select cannot select nonexistent value at index %s", text(args[0]))
		}
		return from[i], nil
	case "Fn::FindInMap":
		if len(args) == 3 {
			if found, ok := fields(fields(s.template.mappings[text(args[0])])[text(args[1])])[text(args[2])]; ok {
				return found, nil
			}
		}
		return nil, invalid("Template error: Unable to get mapping for %v", args)
	}
	return nil, bad
}

func truth(holds bool, err error) (any, error) { return strconv.FormatBool(holds), err }

func (s *scope) ref(name string) (any, error) {
	if name == "AWS::NoValue" {
		return noValue, nil
	}
	if v, ok := s.pseudo[name]; ok {
		return v, nil
	}
	if p, ok := s.template.parameters[name]; ok {
		v := s.parameters[name]
		if p.kind != "CommaDelimitedList" && !strings.HasPrefix(p.kind, "List<") {
			return v, nil
		}
		all := []any{}
		for one := range strings.SplitSeq(v, ",") {
			all = append(all, strings.TrimSpace(one))
		}
		return all, nil
	}
	if s.reference == nil {
		return nil, invalid("Template format error: Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", name)
	}
	return s.reference(name)
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// sub replaces ${…} by a name of its own, a parameter, a resource or an attribute; ${!literal} loses its mark.
func (s *scope) sub(argument any) (string, error) {
	pattern, own := text(argument), map[string]any(nil)
	if args := list(argument); len(args) == 2 {
		pattern, own = text(args[0]), fields(args[1])
	}
	var first error
	replaced := variable.ReplaceAllStringFunc(pattern, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		v := any(map[string]any{"Ref": name})
		if one, ok := own[name]; ok {
			v = one
		} else if logical, attribute, dotted := strings.Cut(name, "."); dotted {
			v = map[string]any{"Fn::GetAtt": []any{logical, attribute}}
		}
		one, err := s.text(v)
		if err != nil && first == nil {
			first = err
		}
		return one
	})
	return replaced, first
}

// condition says whether a condition of the template holds.
func (s *scope) condition(name string) (bool, error) {
	v, ok := s.template.conditions[name]
	if !ok {
		return false, invalid("Template format error: Unresolved condition dependency %s", name)
	}
	return s.holds(v)
}

// holds resolves a function that says yes or no, without any resource.
func (s *scope) holds(v any) (bool, error) {
	bare := *s
	bare.reference, bare.attribute = nil, nil
	if bare.depth++; bare.depth > 50 {
		return false, invalid("Template format error: Circular condition dependencies")
	}
	one, err := bare.text(v)
	return one == "true", err
}

func (s *scope) test(name string, argument any) (bool, error) {
	args := list(argument)
	switch name {
	case "Fn::And", "Fn::Or":
		if len(args) < 2 || len(args) > 10 {
			return false, invalid("Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters.", name)
		}
		for _, one := range args {
			holds, err := s.holds(one)
			if err != nil || holds == (name == "Fn::Or") {
				return holds, err
			}
		}
		return name == "Fn::And", nil
	case "Fn::Not":
		if len(args) != 1 {
			return false, invalid("Template error: every Fn::Not object requires one boolean parameter.")
		}
		holds, err := s.holds(args[0])
		return !holds, err
	}
	resolved, err := s.value(argument)
	if err != nil {
		return false, err
	}
	if args = list(resolved); len(args) != 2 {
		return false, invalid("Template error: every %s object requires a list of 2 parameters.", name)
	}
	switch name {
	case "Fn::Equals":
		return fmt.Sprint(args[0]) == fmt.Sprint(args[1]), nil
	case "Fn::Contains":
		return slices.ContainsFunc(list(args[0]), func(one any) bool { return text(one) == text(args[1]) }), nil
	}
	for _, one := range list(args[0]) { // Fn::EachMemberIn
		if !slices.ContainsFunc(list(args[1]), func(other any) bool { return text(one) == text(other) }) {
			return false, nil
		}
	}
	return true, nil
}
