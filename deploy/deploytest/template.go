package deploytest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// template is a template as it was read, functions in their long form: {"Fn::Sub": …}, {"Ref": …}. Scalars are strings,
// as CloudFormation hands them to custom resources; objects are map[string]any, lists []any.
type template struct {
	body        string
	description string
	parameters  map[string]*parameter
	named       []string // the parameters in the template's order
	mappings    map[string]any
	conditions  map[string]any
	rules       map[string]any
	resources   map[string]*resource
	order       []string // the resources in the template's order
	outputs     map[string]*output
	shown       []string // the outputs in the template's order
}

type parameter struct {
	name, kind, description, pattern, constraint string
	fallback                                     *string // Default
	allowed                                      []string
	minLength, maxLength, minValue, maxValue     string
	noEcho                                       bool
}

type resource struct {
	logical, typ, condition     string
	properties                  map[string]any
	dependsOn                   []string
	deletionPolicy, replacement string // DeletionPolicy, UpdateReplacePolicy
	metadata                    any
}

type output struct {
	name, description, condition string
	value, export                any
}

// parseTemplate reads YAML or JSON. What it refuses, AWS refuses with the same words.
func parseTemplate(body string) (*template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(body), &document); err != nil {
		return nil, invalid("Template format error: YAML not well-formed. (%v)", err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, invalid("Template format error: unsupported structure.")
	}
	root := document.Content[0]
	t := &template{
		body: body, parameters: map[string]*parameter{}, resources: map[string]*resource{}, outputs: map[string]*output{},
		mappings: map[string]any{}, conditions: map[string]any{}, rules: map[string]any{},
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		section, node := root.Content[i].Value, root.Content[i+1]
		v, err := value(node)
		if err != nil {
			return nil, err
		}
		m, _ := v.(map[string]any)
		switch section {
		case "AWSTemplateFormatVersion", "Metadata":
		case "Description":
			t.description, _ = v.(string)
		case "Mappings":
			t.mappings = m
		case "Conditions":
			t.conditions = m
		case "Rules":
			t.rules = m
		case "Parameters":
			t.named = keys(node)
			for _, name := range t.named {
				t.parameters[name] = newParameter(name, fields(m[name]))
			}
		case "Resources":
			t.order = keys(node)
			for _, logical := range t.order {
				if t.resources[logical], err = newResource(logical, fields(m[logical])); err != nil {
					return nil, err
				}
			}
		case "Outputs":
			t.shown = keys(node)
			for _, name := range t.shown {
				f := fields(m[name])
				if f["Value"] == nil {
					return nil, invalid("Template format error: Output %s is malformed.", name)
				}
				t.outputs[name] = &output{name: name, description: text(f["Description"]), condition: text(f["Condition"]), value: f["Value"], export: fields(f["Export"])["Name"]}
			}
		default:
			return nil, invalid("Invalid template property or properties [%s]", section)
		}
	}
	if len(t.order) == 0 {
		return nil, invalid("Template format error: At least one Resources member must be defined.")
	}
	return t, t.check()
}

func newParameter(name string, f map[string]any) *parameter {
	p := &parameter{
		name: name, kind: text(f["Type"]), description: text(f["Description"]), pattern: text(f["AllowedPattern"]), constraint: text(f["ConstraintDescription"]),
		minLength: text(f["MinLength"]), maxLength: text(f["MaxLength"]), minValue: text(f["MinValue"]), maxValue: text(f["MaxValue"]),
		noEcho: text(f["NoEcho"]) == "true",
	}
	if d, ok := f["Default"]; ok {
		s := text(d)
		p.fallback = &s
	}
	for _, v := range list(f["AllowedValues"]) {
		p.allowed = append(p.allowed, text(v))
	}
	return p
}

func newResource(logical string, f map[string]any) (*resource, error) {
	r := &resource{
		logical: logical, typ: text(f["Type"]), condition: text(f["Condition"]), properties: fields(f["Properties"]),
		deletionPolicy: text(f["DeletionPolicy"]), replacement: text(f["UpdateReplacePolicy"]), metadata: f["Metadata"],
	}
	for key := range f {
		if !slices.Contains([]string{"Type", "Condition", "Properties", "DeletionPolicy", "UpdateReplacePolicy", "Metadata", "DependsOn", "CreationPolicy", "UpdatePolicy"}, key) {
			return nil, invalid("Invalid template resource property '%s'", key)
		}
	}
	switch d := f["DependsOn"].(type) {
	case string:
		r.dependsOn = []string{d}
	case []any:
		for _, v := range d {
			r.dependsOn = append(r.dependsOn, text(v))
		}
	}
	if r.typ == "" {
		return nil, invalid("Template format error: [/Resources/%s] Every Resources object must contain a Type member.", logical)
	}
	return r, nil
}

// value turns a node into a value and its tag into a function: !Sub x is {"Fn::Sub": "x"}.
func value(n *yaml.Node) (any, error) {
	var v any
	switch n.Kind {
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, invalid("Template format error: [line %d] 'null' values are not allowed in templates", n.Line)
		}
		v = n.Value
	case yaml.SequenceNode:
		all := []any{}
		for _, c := range n.Content {
			one, err := value(c)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		v = all
	case yaml.MappingNode:
		all := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			one, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			if _, twice := all[n.Content[i].Value]; twice {
				return nil, invalid("Template format error: duplicate key %q at line %d", n.Content[i].Value, n.Content[i].Line)
			}
			all[n.Content[i].Value] = one
		}
		if s, ok := all["Fn::GetAtt"].(string); ok {
			all["Fn::GetAtt"] = attributePath(s)
		}
		v = all
	}
	switch tag := n.Tag; {
	case strings.HasPrefix(tag, "!!") || tag == "":
		return v, nil
	case tag == "!Ref" || tag == "!Condition":
		return map[string]any{tag[1:]: v}, nil
	case tag == "!GetAtt":
		if s, ok := v.(string); ok {
			v = attributePath(s)
		}
	case !slices.Contains(functions, "Fn::"+tag[1:]):
		return nil, invalid("Template format error: unknown tag %s at line %d", tag, n.Line)
	}
	return map[string]any{"Fn::" + n.Tag[1:]: v}, nil
}

func attributePath(s string) any {
	logical, attribute, _ := strings.Cut(s, ".")
	return []any{logical, attribute}
}

func keys(n *yaml.Node) (all []string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, n.Content[i].Value)
	}
	return all
}

func fields(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// text is a scalar's text, and nothing for anything else.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// function gives name and argument of a value that is a function and nothing else.
func function(v any) (name string, argument any, ok bool) {
	m, isMap := v.(map[string]any)
	if !isMap || len(m) != 1 {
		return "", nil, false
	}
	for name, argument = range m {
		_, plain := argument.(string)
		ok = name == "Ref" || name == "Condition" && plain || strings.HasPrefix(name, "Fn::") // a policy has a Condition too
	}
	return name, argument, ok
}
