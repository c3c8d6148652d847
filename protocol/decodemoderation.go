package protocol

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// person returns the id of the person that an action concerns.
func (f *fields) person() string {
	s := f.required("person")
	if f.err == nil && (s == "" || len(s) > MaxIDBytes) {
		f.fail(Errorf(BadField, "\"person\" must be a person's id."))
	}
	return s
}

// reason returns why a moderator does something, as a line that others are shown
// in the chat's own words: nothing in it is invisible or reorders what stands
// beside it, and it ends no line.
func (f *fields) reason() string {
	s, _ := f.str("reason")
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case Invisible(r):
			return -1
		}
		return r
	}, norm.NFC.String(s))), " ")
	if utf8.RuneCountInString(s) > MaxReasonRunes {
		f.fail(Errorf(BadField, "A reason may have %d characters.", MaxReasonRunes))
	}
	return s
}

func (f *fields) role() string {
	s := f.required("role")
	if f.err == nil && s != RoleGuest && s != RoleModerator && s != RoleOperator {
		f.fail(Errorf(BadField, "\"role\" must be %s, %s or %s.", RoleGuest, RoleModerator, RoleOperator))
	}
	return s
}

func (f *fields) retain(id string) *Retain {
	r := &Retain{ID: id, Room: f.roomOr(""), Days: f.numberOr(0, "days", 0, MaxDays), Messages: f.numberOr(0, "messages", 0, MaxKept), Default: f.boolean("default")}
	if r.Default && (r.Days != 0 || r.Messages != 0) {
		f.fail(Errorf(BadField, "\"default\" leaves it to what all rooms keep: it goes without \"days\" and \"messages\"."))
	}
	return r
}

// token returns the token of a link.
func (f *fields) token() string {
	f.required("link")
	return f.optional("link", maxTokenBytes)
}

// boolean returns a field that is false where it is missing.
func (f *fields) boolean(name string) bool {
	switch v := f.get(name); {
	case v == nil:
		return false
	case v.Kind() == 't':
		return true
	case v.Kind() != 'f':
		f.fail(Errorf(BadField, "%q must be true or false.", name))
	}
	return false
}

// number returns an integer from least to most that must be there.
func (f *fields) number(name string, least, most int) int {
	if f.get(name) == nil {
		f.fail(Errorf(BadField, "%q is missing.", name))
	}
	return f.numberOr(0, name, least, most)
}

// numberOr returns an integer from least to most, or other where there is none.
func (f *fields) numberOr(other int, name string, least, most int) int {
	v := f.get(name)
	if v == nil {
		return other
	}
	n, err := strconv.ParseUint(string(v), 10, 31) // no sign, no fraction, no exponent
	if err != nil || int(n) < least || int(n) > most {
		f.fail(Errorf(BadField, "%q must be an integer from %d to %d.", name, least, most))
		return other
	}
	return int(n)
}
