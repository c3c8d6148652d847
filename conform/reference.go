package conform

import (
	"strings"
	"sync"

	"parley/protocol"
)

// specification is asyncapi.yaml as its words, one space between them, and the
// line that each word stands on.
var specification = sync.OnceValue(func() (spec struct {
	text  string
	lines []int // of the word that begins at each byte
}) {
	unquote := strings.NewReplacer(`\"`, `"`, `''`, `'`)
	var text strings.Builder
	line := 0
	for of := range strings.Lines(string(protocol.AsyncAPI)) {
		line++
		for word := range strings.FieldsSeq(of) {
			text.WriteString(unquote.Replace(word))
			text.WriteByte(' ')
			for len(spec.lines) < text.Len() {
				spec.lines = append(spec.lines, line)
			}
		}
	}
	spec.text = text.String()
	return spec
})

// Line is where the breach's rule stands in protocol/asyncapi.yaml, from 1.
func (b *Breach) Line() int {
	spec := specification()
	if at := strings.Index(spec.text, b.Rule); at >= 0 {
		return spec.lines[at]
	}
	return 0
}
