package gateway

import (
	"strings"
	"unicode/utf8"
)

// What a stranger sends is short when it is meant well, and up to maxHeaderBytes long when it is not.
const (
	keptBytes   = 256 // of a header, kept as long as the connection lives
	quotedBytes = 200 // of a header, repeated in a log or an answer
)

// keep returns the beginning of a header's value, in memory of its own.
func keep(value string) string { return strings.Clone(beginning(value, keptBytes)) }

// quotable returns the beginning of a header's value. It is still to be quoted.
func quotable(value string) string { return beginning(value, quotedBytes) }

// beginning shortens s to at most so many bytes, at a character's border.
func beginning(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
