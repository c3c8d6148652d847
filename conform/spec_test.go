package conform

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func specificationText(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../protocol/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRulesAreWordForWord holds the sentences that breaches quote to the
// specification, so that neither changes without the other.
func TestRulesAreWordForWord(t *testing.T) {
	text := " " + strings.Join(strings.Fields(string(specificationText(t))), " ")
	text = strings.NewReplacer(`\"`, `"`, `''`, `'`).Replace(text)
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		sentence, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, sentence) {
			t.Errorf("not in asyncapi.yaml: %s", sentence)
		}
		if (&Breach{Rule: sentence}).Line() == 0 {
			t.Errorf("on no line of asyncapi.yaml: %s", sentence)
		}
		n++
		return true
	})
	if n < 40 {
		t.Errorf("only %d rules were looked at", n)
	}
}

// TestKindsAreTheSpecifications: the same events, with the same fields that must be there.
func TestKindsAreTheSpecifications(t *testing.T) {
	var spec struct {
		Components struct {
			Messages map[string]struct{ Name string }
			Schemas  map[string]struct {
				Required   []string
				Properties map[string]struct{ Const string }
			}
		}
	}
	if err := yaml.Unmarshal(specificationText(t), &spec); err != nil {
		t.Fatal(err)
	}
	events := 0
	for key, m := range spec.Components.Messages {
		if !strings.HasPrefix(key, "event-") {
			continue
		}
		events++
		schema, known := spec.Components.Schemas[strings.ToUpper(m.Name[:1])+m.Name[1:]+"Event"]
		if !known || schema.Properties["type"].Const != m.Name {
			t.Errorf("no schema for %s", key)
		}
		want := slices.DeleteFunc(slices.Clone(schema.Required), func(name string) bool { return name == "type" })
		got := slices.Clone(kinds[m.Name].required)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s must have %q, by the specification %q", m.Name, got, want)
		}
	}
	if events != len(kinds) {
		t.Errorf("%d kinds of events, %d in the specification", len(kinds), events)
	}
}

// TestRefusedIsACopy: go generate ./conform makes it one again.
func TestRefusedIsACopy(t *testing.T) {
	golden, err := os.ReadFile("../protocol/testdata/refused.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(golden, refusedJSON) {
		t.Error("refused.json differs from protocol/testdata/refused.json; go generate ./conform copies it")
	}
	all, err := badFrames()
	if err != nil || len(all) < 50 {
		t.Errorf("%d bad frames: %v", len(all), err)
	}
}

// TestGoldenEvents: what the specification gives as examples is what decode takes.
func TestGoldenEvents(t *testing.T) {
	files, err := os.ReadDir("../protocol/testdata/events")
	if err != nil || len(files) < len(kinds) {
		t.Fatalf("%d golden events: %v", len(files), err)
	}
	for _, f := range files {
		frame, err := os.ReadFile("../protocol/testdata/events/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode(1, bytes.TrimSpace(frame)); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}
