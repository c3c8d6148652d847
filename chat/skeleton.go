package chat

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Skeleton returns what a normalised name must be unique by: case folded, spaces
// taken out, and letters that look like a Latin one replaced by it. It is a small
// table of our own for Latin, Cyrillic, Greek, digits, framed letters and the
// scripts in whose letters alone a Latin word can be written (Lisu, Cherokee,
// Coptic), not UTS 39: scripts that are not mixed within a name leave little else
// to confuse.
func Skeleton(name string) string {
	s := norm.NFC.String(strings.ToLower(norm.NFKC.String(strings.ToLower(strings.Map(unframed, name)))))
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
	"ɩ", "l", "ɨ", "l", "ʋ", "v", "ɣ", "y", "ʉ", "u", "ɑ", "a", "ɐ", "a", "ɒ", "a", "ǀ", "l", "ǃ", "l",
	"〇", "o", "○", "o", "◯", "o", "⭕", "o",
	// Cyrillic.
	"а", "a", "в", "b", "е", "e", "ё", "ë", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c",
	"т", "t", "у", "y", "х", "x", "і", "l", "ї", "ï", "ј", "j", "ѕ", "s", "һ", "h", "ԁ", "d", "ԛ", "q",
	"ԝ", "w", "ӏ", "l", "ү", "y", "ь", "b", "г", "r", "п", "n", "ѵ", "v", "з", "3",
	// Greek.
	"α", "a", "β", "b", "ε", "e", "ζ", "z", "η", "h", "ι", "l", "κ", "k", "μ", "m", "ν", "n", "ο", "o",
	"ρ", "p", "σ", "o", "τ", "t", "υ", "y", "χ", "x", "ϲ", "c", "ϳ", "j", "γ", "y",
	// Lisu, which has capitals alone.
	"ꓐ", "b", "ꓑ", "p", "ꓓ", "d", "ꓔ", "t", "ꓖ", "g", "ꓗ", "k", "ꓙ", "j", "ꓚ", "c", "ꓜ", "z", "ꓝ", "f", "ꓟ", "m", "ꓠ", "n", "ꓡ", "l", "ꓢ", "s",
	"ꓣ", "r", "ꓦ", "v", "ꓧ", "h", "ꓪ", "w", "ꓫ", "x", "ꓬ", "y", "ꓮ", "a", "ꓰ", "e", "ꓲ", "l", "ꓳ", "o", "ꓴ", "u",
	// Cherokee, whose small letters are small capitals.
	"ꭰ", "d", "ꭱ", "r", "ꭲ", "t", "ꭵ", "l", "ꭺ", "a", "ꭻ", "j", "ꭼ", "e", "ꮃ", "w", "ꮇ", "m", "ꮋ", "h", "ꮐ", "g", "ꮑ", "n", "ꮓ", "z", "ꮎ", "o",
	"ꮞ", "s", "ꮤ", "w", "ꮪ", "s", "ꮮ", "l", "ꮯ", "c", "ꮲ", "p", "ꮴ", "v", "ꮶ", "k", "ꮷ", "j", "ꮾ", "b", "ᏼ", "b", "ꮍ", "y", "ꮖ", "l", "ꮻ", "o",
	"ꮩ", "v", "ꮢ", "r", "ꮹ", "g", "ᏻ", "g", "ꮒ", "h",
	// Coptic.
	"ⲁ", "a", "ⲃ", "b", "ⲉ", "e", "ⲏ", "h", "ⲓ", "l", "ⲕ", "k", "ⲙ", "m", "ⲛ", "n", "ⲟ", "o", "ⲣ", "p", "ⲥ", "c", "ⲧ", "t", "ⲩ", "y", "ⲭ", "x",
	"ⲍ", "z", "ⲗ", "l",
)

// unframed returns the letter within a circle or square, of which NFKC takes
// away only the white ones, and the zero of any digits.
func unframed(r rune) rune {
	if l := framed(r); l != 0 {
		return l
	}
	if unicode.Is(unicode.Nd, r) && !unicode.Is(unicode.Nd, r-1) {
		return '0'
	}
	return r
}

// framed returns the letter that stands in a black circle or square, or that a
// flag is made of: 🅐 🅰 🇦; 0 for anything else.
func framed(r rune) rune {
	for _, a := range []rune{0x1F150, 0x1F170, 0x1F1E6} {
		if a <= r && r < a+26 {
			return 'a' + r - a
		}
	}
	return 0
}
