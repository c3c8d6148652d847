package deploytest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// later stands for what is known only when a resource is there.
const later = "{{changeSet:KNOWN_AFTER_APPLY}}"

type changeXML struct {
	Type           string
	ResourceChange resourceChangeXML
}

type resourceChangeXML struct {
	Action             string // Add, Modify, Remove
	PolicyAction       string `xml:",omitempty"`
	LogicalResourceId  string
	PhysicalResourceId string `xml:",omitempty"`
	ResourceType       string
	Replacement        string      `xml:",omitempty"` // True, False, Conditional
	Scope              []string    `xml:"Scope>member"`
	Details            []detailXML `xml:"Details>member"`
}

type detailXML struct {
	Target struct {
		Attribute          string
		Name               string `xml:",omitempty"`
		RequiresRecreation string
	}
	Evaluation    string // Static: it will change. Dynamic: it may
	ChangeSource  string
	CausingEntity string `xml:",omitempty"`
}

// cause is something a property refers to that is not what it was.
type cause struct{ source, entity string }

// compare is what executing c would do to the stack: every resource of the template, resolved, against the one there.
func (s *stack) compare(c *changeSet) ([]changeXML, error) {
	sc := &scope{template: c.template, parameters: c.parameters, pseudo: s.pseudo()}
	deps, order, err := c.template.dependencies(sc)
	if err != nil {
		return nil, err
	}
	decided := map[string]resourceChangeXML{}
	var causes []cause
	refer := func(source, logical, attribute string) (string, error) {
		change, changes := decided[logical]
		if changes && (change.Action == "Add" || change.Replacement == "True") {
			causes = append(causes, cause{source, logical})
			return later, nil
		}
		there := s.resources[logical]
		if attribute == "" {
			if change.Replacement == "Conditional" {
				causes = append(causes, cause{source, logical})
			}
			return there.physical, nil
		}
		if changes {
			causes = append(causes, cause{source, logical + "." + attribute})
		}
		v, ok := there.attribute(attribute)
		if !ok {
			return "", invalid("Template error: resource %s does not support attribute type %s in Fn::GetAtt", logical, attribute)
		}
		return v, nil
	}
	sc.reference = func(logical string) (string, error) { return refer("ResourceReference", logical, "") }
	sc.attribute = func(logical, name string) (string, error) { return refer("ResourceAttribute", logical, name) }

	for _, logical := range order {
		r, there := c.template.resources[logical], s.resources[logical]
		change := resourceChangeXML{LogicalResourceId: logical, ResourceType: r.typ}
		if there == nil {
			change.Action = "Add"
			decided[logical] = change
			continue
		}
		if there.typ != r.typ {
			return nil, invalid("Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", logical)
		}
		change.Action, change.PhysicalResourceId, change.Replacement = "Modify", there.physical, "False"
		names := slices.Sorted(maps.Keys(r.properties))
		for name := range there.properties {
			if _, still := r.properties[name]; !still {
				names = append(names, name)
			}
		}
		for _, name := range names {
			causes = nil
			v, err := sc.value(map[string]any{name: r.properties[name]})
			if err != nil {
				return nil, err
			}
			detail, differs := s.detail(c, r, name, there.properties[name], fields(v)[name], causes)
			if !differs {
				continue
			}
			change.Details = append(change.Details, detail)
			if detail.Target.RequiresRecreation == "Always" {
				if detail.Evaluation == "Static" {
					change.Replacement = "True"
				} else if change.Replacement == "False" {
					change.Replacement = "Conditional"
				}
			}
			if !slices.Contains(change.Scope, "Properties") {
				change.Scope = append(change.Scope, "Properties")
			}
		}
		if !kindOf(r.typ).untagged && !slices.Equal(there.tags, c.tags) {
			change.addAttribute("Tags")
		}
		if there.deletionPolicy != r.deletionPolicy {
			change.addAttribute("DeletionPolicy")
		}
		if len(change.Details) > 0 {
			if change.Replacement != "False" {
				change.PolicyAction = "ReplaceAnd" + policy(r.replacement)
			}
			decided[logical] = change
		}
	}
	for logical, there := range s.resources {
		if _, stays := deps[logical]; !stays {
			decided[logical] = resourceChangeXML{
				Action: "Remove", PolicyAction: policy(there.deletionPolicy), LogicalResourceId: logical, PhysicalResourceId: there.physical, ResourceType: there.typ,
			}
		}
	}
	all := []changeXML{}
	for _, logical := range slices.Sorted(maps.Keys(decided)) {
		all = append(all, changeXML{"Resource", decided[logical]})
	}
	return all, nil
}

// detail tells how a property changes and what makes it.
func (s *stack) detail(c *changeSet, r *resource, name string, old, now any, causes []cause) (d detailXML, differs bool) {
	d.Target.Attribute, d.Target.Name, d.Target.RequiresRecreation = "Properties", name, "Never"
	if needsReplacement(r.typ, name) {
		d.Target.RequiresRecreation = "Always"
	}
	d.Evaluation, d.ChangeSource = "Static", "DirectModification"
	same := reflect.DeepEqual(old, now)
	if same && len(causes) == 0 {
		return d, false
	}
	if len(causes) > 0 {
		d.ChangeSource, d.CausingEntity = causes[0].source, causes[0].entity
		unknown, _ := json.Marshal(now)
		if same || strings.Contains(string(unknown), later) {
			d.Evaluation = "Dynamic"
		}
		if causes[0].source == "ResourceReference" && !same {
			d.Evaluation = "Static" // the resource is new, so its name is
		}
		return d, true
	}
	uses(r.properties[name], func(used, attribute string) {
		if p := c.template.parameters[used]; p != nil && attribute == "" && s.parameters[used] != c.parameters[used] {
			d.ChangeSource, d.CausingEntity = "ParameterReference", used
		}
	}, func(string) {})
	return d, true
}

func (change *resourceChangeXML) addAttribute(attribute string) {
	d := detailXML{Evaluation: "Static", ChangeSource: "DirectModification"}
	d.Target.Attribute, d.Target.RequiresRecreation = attribute, "Never"
	change.Details = append(change.Details, d)
	change.Scope = append(change.Scope, attribute)
}

// policy is what becomes of a resource that its stack lets go.
func policy(p string) string {
	switch p {
	case "Retain", "RetainExceptOnCreate":
		return "Retain"
	case "Snapshot":
		return "Snapshot"
	}
	return "Delete"
}

// outputText is equal for two templates with the same outputs.
func (t *template) outputText() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t.outputs)) {
		o := t.outputs[name]
		v, _ := json.Marshal([]any{name, o.description, o.condition, o.value, o.export})
		b.Write(v)
	}
	return b.String()
}
