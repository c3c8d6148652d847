package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"parley/protocol"
)

// NormalizeName returns a name as it is kept and shown: RFC 8266 Nickname
// (NFKC, white space trimmed and folded), with emoji variation selectors taken
// out. What would let one name pass for another (controls, bidi overrides, zero
// width, stacked marks, mixed scripts) is refused by an Error with BadName.
func NormalizeName(name string) (string, error) {
	bad := func(what string) (string, error) {
		return "", protocol.Errorf(protocol.BadName, "A name %s.", what)
	}
	if len(name) > 8*protocol.MaxNameRunes { // generous: refuse a novel before normalising it
		return bad("may have 40 characters")
	}
	if !utf8.ValidString(name) {
		return bad("must be UTF-8")
	}
	name = strings.ReplaceAll(name, "\uFE0F", "")
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, name)
	if strings.ContainsFunc(name, protocol.Invisible) {
		return bad("may not have characters that cannot be seen")
	}
	name, err := precis.Nickname.String(name)
	switch {
	case err != nil && strings.TrimSpace(name) == "":
		return bad("needs at least one letter, digit or sign")
	case err != nil:
		return bad("may not have these characters")
	case utf8.RuneCountInString(name) > protocol.MaxNameRunes:
		return bad("may have 40 characters")
	case strings.ContainsFunc(name, protocol.Invisible): // NFKC may have made one
		return bad("may not have characters that cannot be seen")
	case stacked(name):
		return bad("may have at most two accents on one letter, and none before the first")
	case strings.ContainsFunc(name, phonetic):
		return bad("may not have phonetic letters, which look like others")
	case mixed(name):
		return bad("may not mix letters of several scripts")
	}
	return name, nil
}

// stacked tells whether more than two combining marks follow each other, or one
// stands first: they would run into the lines around the name.
func stacked(name string) bool {
	marks := 2
	for _, r := range norm.NFD.String(name) {
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > 2 {
			return true
		}
	}
	return false
}

// phonetic tells Latin letters that no language writes, and that pass for those
// that are written: small capitals, script and turned letters. What African and
// other orthographies have taken from the IPA is not among them.
func phonetic(r rune) bool {
	switch {
	case strings.ContainsRune("ɓɔɖɗəɛɣɨɩɲʉʊʋʃʒʔ", r):
		return false
	case 0x0250 <= r && r <= 0x02AF, // IPA Extensions
		0x1D00 <= r && r <= 0x1DBF,                                 // Phonetic Extensions and their supplement
		0xA720 <= r && r <= 0xA7FF,                                 // Latin Extended-D
		0xAB30 <= r && r <= 0xAB6F,                                 // Latin Extended-E
		0x10780 <= r && r <= 0x107BF, 0x1DF00 <= r && r <= 0x1DFFF: // Latin Extended-F and -G
		return true
	}
	return false
}

// mixed tells whether a name has letters of scripts that no language writes
// together. East Asian ones are written together, and with Latin.
func mixed(name string) bool {
	var scripts []string
	for _, r := range name {
		s := script(r)
		if s == "" || len(scripts) > 0 && scripts[len(scripts)-1] == s {
			continue
		}
		scripts = append(scripts, s)
	}
	for _, together := range [][]string{
		{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
	} {
		if within(scripts, together) {
			return false
		}
	}
	return len(scripts) > 0 && !within(scripts, scripts[:1])
}

func within(scripts, set []string) bool {
	for _, s := range scripts {
		found := false
		for _, t := range set {
			found = found || s == t
		}
		if !found {
			return false
		}
	}
	return true
}

// script returns the script of a letter; "" for what stands in any.
func script(r rune) string {
	if r < 0x80 {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return "Latin"
		}
		return ""
	}
	if !unicode.IsLetter(r) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			if name == "Common" || name == "Inherited" {
				return ""
			}
			return name
		}
	}
	return ""
}
