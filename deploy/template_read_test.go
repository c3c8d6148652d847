package deploy_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is a mapping of a template. The short forms of functions have become
// the long ones: !Ref A is {Ref: A}, !GetAtt A.B is {Fn::GetAtt: [A, B]}.
type object = map[string]any

// parsedTemplate is a CloudFormation template as the tests look at it.
type parsedTemplate struct {
	Parameters, Rules, Conditions, Resources, Outputs object
}

// parseTemplate reads what CloudFormation would, and refuses what it would refuse of
// YAML: aliases, and keys that stand twice.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
func parseTemplate(text string) (*parsedTemplate, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, err
	}
	value, err := yamlValue(document.Content[0])
	if err != nil {
		return nil, err
	}
	root, ok := value.(object)
	if !ok {
		return nil, errors.New("not a mapping")
	}
	t := &parsedTemplate{}
	for name, section := range map[string]*object{
		"Parameters": &t.Parameters, "Rules": &t.Rules, "Conditions": &t.Conditions, "Resources": &t.Resources, "Outputs": &t.Outputs,
	} {
		*section, _ = root[name].(object)
	}
	return t, nil
}

func yamlValue(n *yaml.Node) (any, error) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return nil, fmt.Errorf("line %d: CloudFormation knows no aliases", n.Line)
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return longForm(n)
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := object{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s stands twice", n.Content[i].Line, key)
			}
			value, err := yamlValue(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key] = value
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, one := range n.Content {
			value, err := yamlValue(one)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	var value any
	err := n.Decode(&value)
	return value, err
}

// longForm gives the long form of a short one.
func longForm(n *yaml.Node) (any, error) {
	name, plain := n.Tag[1:], *n
	plain.Tag = ""
	if n.Kind == yaml.ScalarNode {
		plain.Tag = "!!str"
	}
	argument, err := yamlValue(&plain)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Ref", "Condition":
		return object{name: argument}, nil
	case "GetAtt":
		resource, attribute, found := strings.Cut(fmt.Sprint(argument), ".")
		if !found {
			return nil, fmt.Errorf("line %d: GetAtt without an attribute", n.Line)
		}
		return object{"Fn::GetAtt": []any{resource, attribute}}, nil
	case "Sub", "If", "Equals", "Not", "And", "Or", "Select", "Split", "Join":
		return object{"Fn::" + name: argument}, nil
	}
	return nil, fmt.Errorf("line %d: unknown function !%s", n.Line, name)
}

// argumentOf returns the argument of a value that is that function, such as Ref.
func argumentOf(value any, name string) (argument any, ok bool) {
	if m, is := value.(object); is && len(m) == 1 {
		argument, ok = m[name]
	}
	return argument, ok
}

var substitution = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// reference is what a value needs to be known.
type reference struct{ name, attribute string }

// references lists what a value refers to, in no order: by Ref, GetAtt and Sub.
func references(value any) (all []reference) {
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			all = append(all, references(one)...)
		}
	case object:
		if name, ok := argumentOf(v, "Ref"); ok {
			return []reference{{name: fmt.Sprint(name)}}
		}
		if at, ok := argumentOf(v, "Fn::GetAtt"); ok {
			list := at.([]any)
			return []reference{{fmt.Sprint(list[0]), fmt.Sprint(list[1])}}
		}
		if text, ok := argumentOf(v, "Fn::Sub"); ok {
			for _, found := range substitution.FindAllStringSubmatch(fmt.Sprint(text), -1) {
				name, attribute, _ := strings.Cut(found[1], ".")
				all = append(all, reference{name, attribute})
			}
			return all
		}
		for _, one := range v {
			all = append(all, references(one)...)
		}
	}
	return all
}

// conditionsIn lists the conditions that a value names, by If and Condition.
func conditionsIn(value any) (all []string) {
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			all = append(all, conditionsIn(one)...)
		}
	case object:
		if list, ok := argumentOf(v, "Fn::If"); ok {
			all = append(all, fmt.Sprint(list.([]any)[0]))
		}
		if name, ok := v["Condition"].(string); ok {
			all = append(all, name)
		}
		for _, one := range v {
			all = append(all, conditionsIn(one)...)
		}
	}
	return all
}

// under returns a value as it is where these conditions hold and the others
// do not: without If, and without what then has no value.
func under(value any, hold ...string) any {
	switch v := value.(type) {
	case []any:
		list := []any{}
		for _, one := range v {
			if one = under(one, hold...); one != noValue {
				list = append(list, one)
			}
		}
		return list
	case object:
		if name, ok := argumentOf(v, "Ref"); ok && name == "AWS::NoValue" {
			return noValue
		}
		if branches, ok := argumentOf(v, "Fn::If"); ok {
			list := branches.([]any)
			if slices.Contains(hold, fmt.Sprint(list[0])) {
				return under(list[1], hold...)
			}
			return under(list[2], hold...)
		}
		m := object{}
		for key, one := range v {
			if one = under(one, hold...); one != noValue {
				m[key] = one
			}
		}
		return m
	}
	return value
}

type absence struct{}

// noValue stands for a property that is not there.
var noValue any = absence{}

// within walks into mappings by their keys; nil where there is nothing.
func within(value any, path ...string) any {
	for _, key := range path {
		m, ok := value.(object)
		if !ok {
			return nil
		}
		value = m[key]
	}
	return value
}

// properties returns those of a resource, where these conditions hold.
func (t *parsedTemplate) properties(id string, hold ...string) object {
	p, _ := under(within(t.Resources[id], "Properties"), hold...).(object)
	return p
}

// of lists the resources of a type, sorted.
func (t *parsedTemplate) of(kind string) (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if within(t.Resources[id], "Type") == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// needs lists the resources that must be there before this one, sorted.
func (t *parsedTemplate) needs(id string) []string {
	all := map[string]bool{}
	for _, r := range references(t.Resources[id]) {
		if _, known := t.Resources[r.name]; known {
			all[r.name] = true
		}
	}
	for _, name := range listOf(within(t.Resources[id], "DependsOn")) {
		all[fmt.Sprint(name)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// listOf makes a list of what may also stand alone.
func listOf(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}
