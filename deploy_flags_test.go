package main

import (
	"reflect"
	"testing"

	"parley/deploy"
)

// TestEverySettingHasAFlag holds the flags to the template's parameters: each
// that is for people has one of its name, and there is no other.
func TestEverySettingHasAFlag(t *testing.T) {
	flags := map[string]bool{}
	of := reflect.TypeFor[settingsFlags]()
	for i := range of.NumField() {
		if field := of.Field(i); field.Type == reflect.TypeFor[*string]() {
			flags[field.Name] = true
		}
	}
	for _, p := range deploy.Parameters() {
		if p.ForPeople() != flags[p.Name] {
			t.Errorf("%s: for people %v, a flag %v", p.Name, p.ForPeople(), flags[p.Name])
		}
		delete(flags, p.Name)
	}
	for name := range flags {
		t.Errorf("flag %s is no parameter of the template", name)
	}
	value := "a"
	set := (&settingsFlags{DomainName: &value}).settings()
	if len(set.Parameters) != 1 || set.Parameters["DomainName"] != "a" {
		t.Errorf("one flag given: %v", set.Parameters)
	}
}
