package chat

import (
	"errors"
	"strings"
	"testing"

	"parley/protocol"
)

func TestNormalizeName(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"Ada", "Ada"},
		{"  Ada \t\n", ""}, // tab and newline are controls
		{"  Ada   L. ", "Ada L."},
		{"<username>", "<username>"}, // golden frame number one
		{"ａｄｍｉｎ", "admin"},
		{"Zoë", "Zoë"}, {"Zoe\u0308", "Zoë"},
		{"Søren Ångström", "Søren Ångström"},
		{"Мария", "Мария"}, {"Ελένη", "Ελένη"}, {"שלום", "שלום"}, {"محمد", "محمد"}, {"田中さん", "田中さん"}, {"Tanaka 田中", "Tanaka 田中"}, {"김 Kim", "김 Kim"},
		{"🦀", "🦀"}, {"Ada ❤\uFE0F", "Ada ❤"}, {"R2-D2", "R2-D2"}, {"42", "42"},
		{strings.Repeat("n", 40), strings.Repeat("n", 40)},

		{"", ""}, {"   ", ""}, {"\u3000", ""},
		{strings.Repeat("n", 41), ""}, {strings.Repeat("n", 100_000), ""},
		{"аdmin", ""},         // Cyrillic а
		{"Αlice", ""},         // Greek Α
		{"ad\u200bmin", ""},   // zero width space
		{"ad\u00admin", ""},   // soft hyphen
		{"\u202eadmin", ""},   // right-to-left override
		{"a\u2066dmin", ""},   // isolate
		{"admin\u0000", ""},   // NUL
		{"x\n{\"level\"", ""}, // a second line in a log
		{"\u001b[31mred", ""}, // terminal escape
		{"z\u0335\u0336\u0337algo", ""},
		{"\u0301x", ""},                                        // begins with an accent
		{"\u3164", ""},                                         // HANGUL FILLER
		{"a\U000E0041b", ""},                                   // tag character
		{"Greɡ", ""}, {"ɑdmin", ""}, {"bᴏb", ""}, {"ʟisa", ""}, // phonetic
		{"Ɓala", "Ɓala"}, {"ɗan Musa", "ɗan Musa"}, // Hausa
		{"\xff\xfe", ""}, // not UTF-8
		{"👩\u200d💻", ""}, // zero width joiner
	} {
		got, err := NormalizeName(c.name)
		var e *protocol.Error
		switch {
		case c.want == "" && (!errors.As(err, &e) || e.Code != protocol.BadName):
			t.Errorf("%q: got %q, %v; want bad_name", c.name, got, err)
		case c.want != "" && (err != nil || got != c.want):
			t.Errorf("%q: got %q, %v; want %q", c.name, got, err, c.want)
		}
		if err == nil {
			again, err := NormalizeName(got)
			if again != got || err != nil {
				t.Errorf("%q is not stable: %q, %v", got, again, err)
			}
		}
	}
}

func TestSkeletonsCollide(t *testing.T) {
	for _, same := range [][]string{
		{"admin", "ADMIN", "Admin", "ad min", "аdмin", "adm1n", "admln"},
		{"admin", "ꓮꓓꓟꓲꓠ", "ᎪᎠᎷᏆᏁ", "🅐🅓🅜🅘🅝", "🅰🅳🅼🅸🅽", "🇦🇩🇲🇮🇳", "Ɑdmin", "admǀn"}, // Lisu, Cherokee, framed, an alpha, a click
		{"system", "ЅҮЅТЕМ"}, {"owner", "OWNER", "〇wner", "໐wner", "०wner", "๐wner"}, {"nome", "ⲚⲞⲘⲈ"}, // Cyrillic, zeros, Coptic
		{"alice", "A1ice", "aIice", "AIlCE"},
		{"moderator", "rnoderator", "r noderator", "m0derator", "MODERAT0R"},
		{"ОСЕАН", "OCEAH", "осеан"}, // Cyrillic capitals
		{"ΝΙΚΟ", "NIKO", "νικο"},    // Greek capitals
		{"Zoë", "ZOË", "Zoe\u0308"},
	} {
		for _, s := range same[1:] {
			if Skeleton(s) != Skeleton(same[0]) {
				t.Errorf("%q and %q look alike, but %q is not %q", s, same[0], Skeleton(s), Skeleton(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"Ada", "Adam"}, {"Zoë", "Zoe"}, {"alice", "alice-2"}, {"🦀", "🐙"}, {"Мария", "Марина"}} {
		if Skeleton(other[0]) == Skeleton(other[1]) {
			t.Errorf("%q and %q are two names", other[0], other[1])
		}
	}
}

func FuzzNormalizeName(f *testing.F) {
	for _, s := range []string{"Ada", "<username>", "ａｄｍｉｎ", "Zoe\u0308", "田中さん", "\u202eadmin", "a\u0301\u0301\u0301", "ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := NormalizeName(s)
		if err != nil {
			return
		}
		if again, err := NormalizeName(name); err != nil || again != name {
			t.Errorf("%q became %q, which becomes %q, %v", s, name, again, err)
		}
		if name == "" || strings.ContainsFunc(name, protocol.Invisible) || Skeleton(name) == "" {
			t.Errorf("%q became %q, skeleton %q", s, name, Skeleton(name))
		}
		if again := Skeleton(Skeleton(name)); again != Skeleton(name) {
			t.Errorf("%q looks like %q, which looks like %q", name, Skeleton(name), again)
		}
		if Skeleton(strings.ToUpper(name)) != Skeleton(name) && !strings.ContainsAny(name, "ŉǰΐΰẖẗẘẙẚßﬀﬁﬂ") {
			t.Skip() // Unicode's special casing is not ours to judge
		}
	})
}
