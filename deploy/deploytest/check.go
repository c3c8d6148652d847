package deploytest

import (
	"slices"
	"strings"
)

// pseudoParameters are those that a reference may name.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html
var pseudoParameters = []string{
	"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix", "AWS::NotificationARNs",
}

// uses calls back for all that a value refers to, in all branches: a Ref has no attribute.
func uses(v any, found func(name, attribute string), conditions func(name string)) {
	name, argument, ok := function(v)
	switch {
	case !ok:
		for _, one := range fields(v) {
			uses(one, found, conditions)
		}
		for _, one := range list(v) {
			uses(one, found, conditions)
		}
		return
	case name == "Ref":
		found(text(argument), "")
		return
	case name == "Condition":
		conditions(text(argument))
		return
	case name == "Fn::GetAtt":
		if args := list(argument); len(args) == 2 {
			found(text(args[0]), text(args[1]))
		}
		return
	case name == "Fn::If":
		if args := list(argument); len(args) > 0 {
			conditions(text(args[0]))
		}
	case name == "Fn::Sub":
		pattern, own := text(argument), map[string]any(nil)
		if args := list(argument); len(args) == 2 {
			pattern, own = text(args[0]), fields(args[1])
		}
		for _, match := range variable.FindAllStringSubmatch(pattern, -1) {
			if _, local := own[match[1]]; local || strings.HasPrefix(match[1], "!") {
				continue
			}
			logical, attribute, _ := strings.Cut(match[1], ".")
			found(logical, attribute)
		}
	}
	uses(argument, found, conditions)
}

// check refuses what CreateChangeSet and ValidateTemplate refuse without knowing any parameter.
func (t *template) check() error {
	var unresolved, unknown []string
	var bad error
	look := func(block string) func(name, attribute string) {
		return func(name, attribute string) {
			_, isParameter := t.parameters[name]
			r, isResource := t.resources[name]
			switch {
			case attribute == "" && (isParameter || slices.Contains(pseudoParameters, name)):
			case !isResource && !slices.Contains(unresolved, name):
				unresolved = append(unresolved, name)
			case isResource && block == "Conditions":
				unresolved = append(unresolved, name)
			case isResource && attribute != "" && kinds[r.typ] != nil && !kinds[r.typ].has(attribute):
				bad = invalid("Template error: resource %s does not support attribute type %s in Fn::GetAtt", name, attribute)
			}
		}
	}
	condition := func(name string) {
		if _, ok := t.conditions[name]; !ok {
			bad = invalid("Template format error: Unresolved condition dependency %s in the Resources block of the template", name)
		}
	}
	refused := func(block string) error {
		if len(unresolved) > 0 {
			slices.Sort(unresolved)
			return invalid("Template format error: Unresolved resource dependencies [%s] in the %s block of the template", strings.Join(unresolved, ", "), block)
		}
		return bad
	}
	for name, v := range t.conditions {
		uses(v, look("Conditions"), func(other string) {
			if _, ok := t.conditions[other]; !ok || other == name {
				bad = invalid("Template format error: Unresolved condition dependency %s in the Conditions block of the template", other)
			}
		})
	}
	if err := refused("Conditions"); err != nil {
		return err
	}
	for _, logical := range t.order {
		r := t.resources[logical]
		if kindOf(r.typ) == nil && !slices.Contains(unknown, r.typ) {
			unknown = append(unknown, r.typ)
		}
		uses(r.properties, look("Resources"), condition)
		for _, other := range r.dependsOn {
			if t.resources[other] == nil {
				unresolved = append(unresolved, other)
			}
		}
		if r.condition != "" {
			condition(r.condition)
		}
	}
	if len(unknown) > 0 {
		return invalid("Template format error: Unrecognized resource types: [%s]", strings.Join(unknown, ", "))
	}
	if err := refused("Resources"); err != nil {
		return err
	}
	for _, o := range t.outputs {
		uses(o.value, look("Outputs"), condition)
		if o.condition != "" {
			condition(o.condition)
		}
	}
	return refused("Outputs")
}

// dependencies are the resources that each resource of a stack waits for, conditions decided; and the resources in an
// order in which nothing waits for a later one. Resources whose condition does not hold are in neither.
func (t *template) dependencies(s *scope) (of map[string][]string, order []string, err error) {
	of = map[string][]string{}
	for _, logical := range t.order {
		if c := t.resources[logical].condition; c != "" {
			holds, err := s.condition(c)
			if err != nil {
				return nil, nil, err
			}
			if !holds {
				continue
			}
		}
		of[logical] = nil
	}
	for _, logical := range t.order {
		if _, active := of[logical]; !active {
			continue
		}
		seen, err := s.references(t.resources[logical].properties, of)
		if err != nil {
			return nil, nil, err
		}
		for _, other := range append(seen, t.resources[logical].dependsOn...) {
			if _, active := of[other]; active && !slices.Contains(of[logical], other) {
				of[logical] = append(of[logical], other)
			}
		}
	}
	state := map[string]int{} // 1: waits, 2: done
	var visit func(logical string) bool
	visit = func(logical string) bool {
		switch state[logical] {
		case 1:
			return false
		case 2:
			return true
		}
		state[logical] = 1
		for _, other := range of[logical] {
			if !visit(other) {
				return false
			}
		}
		state[logical] = 2
		order = append(order, logical)
		return true
	}
	for _, logical := range t.order {
		if _, active := of[logical]; active && !visit(logical) {
			var circle []string
			for l, s := range state {
				if s == 1 {
					circle = append(circle, l)
				}
			}
			slices.Sort(circle)
			return nil, nil, invalid("Circular dependency between resources: [%s]", strings.Join(circle, ", "))
		}
	}
	return of, order, nil
}

// references are the resources a value refers to in the branches that its conditions take. One that is not active is
// refused, as nothing can take its place.
func (s *scope) references(v any, active map[string][]string) (seen []string, err error) {
	see := *s
	note := func(logical string) error {
		if _, ok := active[logical]; !ok {
			return invalid("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", logical)
		}
		seen = append(seen, logical)
		return nil
	}
	see.reference = func(logical string) (string, error) { return "", note(logical) }
	see.attribute = func(logical, _ string) (string, error) { return later, note(logical) }
	_, err = see.value(v)
	return seen, err
}
