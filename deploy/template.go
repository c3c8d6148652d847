package deploy

import (
	_ "embed"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Template is what CloudFormation makes the chat of, in YAML.
//
//go:embed template.yaml
var Template string

// Parameter is what the template asks for.
type Parameter struct {
	Name        string   `yaml:"-"`
	Type        string   `yaml:"Type"`                  // String or Number
	Description string   `yaml:"Description"`           // one or two sentences
	Default     *string  `yaml:"Default"`               // nil: it must be given; it may be empty
	Allowed     []string `yaml:"AllowedValues"`         // nil: any that matches
	Pattern     string   `yaml:"AllowedPattern"`        // a regular expression; empty: any
	Constraint  string   `yaml:"ConstraintDescription"` // goes on after its name: "must be true or false."
	Secret      bool     `yaml:"NoEcho"`                // CloudFormation never shows it again
}

// ForPeople tells whether somebody may choose the parameter's value. The others
// this program sets itself.
func (p Parameter) ForPeople() bool {
	switch p.Name {
	case "ArtifactsBucket", "FunctionsKey", "WebsiteKey", "SiteHash", "Version", "OriginSecret", "OriginSecretPrevious":
		return false
	}
	return true
}

// Resource is one thing that the template creates.
type Resource struct {
	LogicalID string `yaml:"-"`
	Type      string `yaml:"Type"`      // AWS::S3::Bucket
	Condition string `yaml:"Condition"` // of the template; empty: it is always created
}

// Output is what a finished stack tells.
type Output struct {
	Name        string `yaml:"-"`
	Description string `yaml:"Description"`
}

// Parameters returns what the template asks for, in its order. The caller must
// not change them; so too for Resources and Outputs.
func Parameters() []Parameter { return contents().parameters }

// Resources returns what the template creates, in its order, which is not the
// order of creation.
func Resources() []Resource { return contents().resources }

// Outputs returns what a stack made of the template tells.
func Outputs() []Output { return contents().outputs }

type sections struct {
	parameters []Parameter
	resources  []Resource
	outputs    []Output
}

// contents reads the embedded template once. It panics where that cannot be
// read: TestTemplateContents keeps such a program from being built.
var contents = sync.OnceValue(func() sections {
	read, err := readSections(Template)
	if err != nil {
		panic(fmt.Sprintf("deploy/template.yaml: %v", err))
	}
	return read
})

func readSections(template string) (read sections, err error) {
	var t struct {
		Parameters yaml.Node `yaml:"Parameters"`
		Resources  yaml.Node `yaml:"Resources"`
		Outputs    yaml.Node `yaml:"Outputs"`
	}
	if err = yaml.Unmarshal([]byte(template), &t); err != nil {
		return read, err
	}
	if read.parameters, err = inOrder(&t.Parameters, func(p *Parameter, name string) { p.Name = name }); err != nil {
		return read, err
	}
	if read.resources, err = inOrder(&t.Resources, func(r *Resource, name string) { r.LogicalID = name }); err != nil {
		return read, err
	}
	read.outputs, err = inOrder(&t.Outputs, func(o *Output, name string) { o.Name = name })
	return read, err
}

// inOrder decodes a mapping's values in the order in which they are written.
func inOrder[T any](mapping *yaml.Node, name func(*T, string)) (all []T, err error) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		var one T
		if err := mapping.Content[i+1].Decode(&one); err != nil {
			return nil, fmt.Errorf("%s: %w", mapping.Content[i].Value, err)
		}
		name(&one, mapping.Content[i].Value)
		all = append(all, one)
	}
	return all, nil
}
