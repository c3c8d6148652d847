package protocol

import (
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FuzzCheckRoom: a name that is taken stands in a path as itself, is seen, and has one spelling.
func FuzzCheckRoom(f *testing.F) {
	f.Fuzz(func(t *testing.T, name string) {
		if err := CheckRoom(name); err != nil {
			if e := Encode(err); err.Code != BadRoom || !utf8.Valid(e) || len(e) > 1<<10 {
				t.Errorf("%q: %s", name, e)
			}
			return
		}
		if clean := path.Clean("/r/" + name); clean != "/r/"+name {
			t.Errorf("%q is %q in a path", name, clean)
		}
		u, err := url.Parse("http://x/r/" + url.PathEscape(name))
		if err != nil || u.Path != "/r/"+name || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q in an address is %v, %v", name, u, err)
		}
		if name == "" || utf8.RuneCountInString(name) > MaxRoomRunes || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) ||
			strings.TrimSpace(name) != name || strings.ContainsAny(name, "/\x00\r\n\t\u202e\u200b\u2066") {
			t.Errorf("%q is a room", name)
		}
	})
}
