package deploy

import (
	"fmt"
	"strings"
)

// sign stands before a change in the list.
var sign = map[Action]string{Add: "+", Modify: "~", MayModify: "~", Replace: "!", MayReplace: "!", Remove: "-"}

// show lists changes for reading.
func (s *Stack) show(changes []Change) {
	counts := map[Action]int{}
	for _, c := range changes {
		counts[c.Action]++
		line := fmt.Sprintf("  %s %-26s %s", sign[c.Action], c.Resource, kindOf(c.Type).name)
		if len(c.Properties) > 0 {
			line += ": " + strings.Join(c.Properties, ", ")
		}
		switch c.Action {
		case Replace:
			line += " (a new one is made, this one is deleted)"
		case MayReplace:
			line += " (may be replaced by a new one)"
		case MayModify:
			line += " (perhaps)"
		}
		s.console.printf("%s\n", line)
		if loses(c) {
			s.console.printf("    This would delete every message, every name and every room.\n")
		}
	}
	var parts []string
	for _, a := range []struct {
		action Action
		word   string
	}{{Add, "to add"}, {Modify, "to change"}, {MayModify, "perhaps to change"}, {Replace, "to replace"}, {MayReplace, "perhaps to replace"}, {Remove, "to remove"}} {
		if n := counts[a.action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, a.word))
		}
	}
	s.console.printf("%s: %s\n", count(len(changes), "resource"), strings.Join(parts, ", "))
}

// loses says that a change deletes what people have said.
func loses(c Change) bool {
	return holdsMessages[c.Type] && (c.Action == Replace || c.Action == MayReplace || c.Action == Remove)
}
