package protocol

import (
	"strconv"
	"unicode/utf8"
)

// person returns the id of the person that an action concerns.
func (f *fields) person() string {
	s := f.required("person")
	if f.err == nil && (s == "" || len(s) > MaxIDBytes) {
		f.fail(Errorf(BadField, "\"person\" must be a person's id."))
	}
	return s
}

func (f *fields) reason() string {
	s, _ := f.str("reason")
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
