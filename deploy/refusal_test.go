package deploy

import (
	"errors"
	"strings"
	"testing"
)

// TestANameIsTaken finds it out before anything is made, and says which.
func TestANameIsTaken(t *testing.T) {
	const group = "/aws/lambda/parley-OnAction"
	a := newQuickAccount(t)
	a.Leave("AWS::Logs::LogGroup", group)
	_, err := a.deploy(t.Context(), release("one"), Settings{})
	var e *Error
	if !errors.As(err, &e) || e.Kind != Refused || !strings.Contains(e.Message, "'"+group+"' already exists") || !strings.Contains(e.Hint, "remove it") {
		t.Errorf("got %#v, want that %s is taken", err, group)
	}
	if left := a.Left(); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
	a.Deny("cloudformation:DescribeEvents")
	if _, err = a.deploy(t.Context(), release("one"), Settings{}); !errors.As(err, &e) || e.Kind != Refused || !strings.Contains(e.Message, "DescribeEvents") {
		t.Errorf("without that permission: got %v", err)
	}
}
