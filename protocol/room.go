package protocol

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CheckRoom returns an Error with BadRoom for what cannot be a room's name. A
// name stands in a path (/r/{room}) and in a heading, so it is what it looks
// like: NFC, without a slash, controls, or characters that cannot be seen.
func CheckRoom(name string) *Error {
	switch {
	case name == "":
		return Errorf(BadRoom, "A room needs a name.")
	case !utf8.ValidString(name):
		return Errorf(BadRoom, "A room's name must be UTF-8.")
	case utf8.RuneCountInString(name) > MaxRoomRunes:
		return Errorf(BadRoom, "A room's name may have %d characters.", MaxRoomRunes)
	case name == "." || name == "..":
		return Errorf(BadRoom, "A room cannot be called %q: it stands in the page's address.", name)
	case strings.Contains(name, "/"):
		return Errorf(BadRoom, "A room's name may not have a slash.")
	case strings.TrimSpace(name) != name:
		return Errorf(BadRoom, "A room's name may not begin or end with a space.")
	case strings.ContainsFunc(name, Invisible):
		return Errorf(BadRoom, "A room's name may not have characters that cannot be seen.")
	case !norm.NFC.IsNormalString(name):
		return Errorf(BadRoom, "A room's name must be in Unicode's normal form C.")
	}
	return nil
}

// visible tells what a reader of a text would see something of.
func visible(r rune) bool { return r != ' ' && !Invisible(r) }

// Invisible tells controls, bidi controls, zero width characters and others
// that would let two names look alike or one run past its line. White space
// other than the plain space is among them.
func Invisible(r rune) bool {
	switch {
	case r == ' ':
		return false
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Z):
		return true
	case r == unicode.ReplacementChar:
		return true
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
		return true
	case r == 0x2800: // BRAILLE PATTERN BLANK
		return true
	}
	return unicode.Is(unicode.Noncharacter_Code_Point, r)
}
