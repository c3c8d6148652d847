package chat

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Skeleton returns what a normalised name must be unique by: case folded, spaces
// taken out, and letters that look like a Latin one replaced by it. It is a small
// table of our own for Latin, Cyrillic, Greek and digits, not UTS 39: scripts
// that are not mixed within a name leave little else to confuse.
func Skeleton(name string) string {
	s := norm.NFC.String(strings.ToLower(norm.NFKC.String(strings.ToLower(name))))
	for { // again where one replacement has made room for another: "r noderator" is no other moderator
		plainer := norm.NFC.String(confusables.Replace(s))
		if plainer == s {
			return s
		}
		s = plainer
	}
}

// confusables maps lower-case letters to those that they, or their capitals,
// look like. Where the two differ (Greek ν is a v, its capital an N) the capital
// decides: names in capitals are how one poses as an authority.
var confusables = strings.NewReplacer(
	" ", "",
	// Digits and signs, and Latin letters that merge with others.
	"0", "o", "1", "l", "i", "l", "|", "l", "ı", "l", "rn", "m", "vv", "w", "ß", "ss",
	"ɩ", "l", "ɨ", "l", "ʋ", "v", "ɣ", "y", "ʉ", "u",
	// Cyrillic.
	"а", "a", "в", "b", "е", "e", "ё", "ë", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c",
	"т", "t", "у", "y", "х", "x", "і", "l", "ї", "ï", "ј", "j", "ѕ", "s", "һ", "h", "ԁ", "d", "ԛ", "q",
	"ԝ", "w", "ӏ", "l", "ь", "b", "г", "r", "п", "n", "ѵ", "v", "з", "3",
	// Greek.
	"α", "a", "β", "b", "ε", "e", "ζ", "z", "η", "h", "ι", "l", "κ", "k", "μ", "m", "ν", "n", "ο", "o",
	"ρ", "p", "σ", "o", "τ", "t", "υ", "y", "χ", "x", "ϲ", "c", "ϳ", "j", "γ", "y",
)
