package protocol

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// DecodeAction reads one frame. It is strict where leniency would let two
// readers see two things (duplicate keys, keys in another case, invalid UTF-8,
// integers as floats), and ignores unknown fields. The error is what the
// connection is to be sent; it carries the action's id if that could be read.
func DecodeAction(frame []byte) (Action, *Error) {
	if len(frame) > MaxFrameBytes {
		return nil, Errorf(TooLarge, "A frame may have %s bytes; this one has %s.", comma(MaxFrameBytes), comma(len(frame)))
	}
	if nestsDeeper(frame, MaxDepth) {
		return nil, Errorf(Malformed, "This nests deeper than %d levels.", MaxDepth)
	}
	f := &fields{}
	if err := f.read(frame); err != nil {
		return nil, Errorf(Malformed, "This is not one JSON object: %s.", err)
	}
	id := f.id()
	kind := f.kind()
	if f.err != nil {
		return nil, f.err.WithID(id)
	}
	var a Action
	switch kind {
	case "message":
		a = &Message{ID: id, Room: f.roomOr(GeneralRoom), Text: f.text(), From: f.optional("from", MaxFrameBytes)}
	case "edit":
		a = &Edit{ID: id, Room: f.roomOr(GeneralRoom), Target: f.target(), Text: f.text()}
	case "delete":
		a = &Delete{ID: id, Room: f.roomOr(GeneralRoom), Target: f.target()}
	case "hello":
		a = &Hello{ID: id, Name: f.optional("name", MaxFrameBytes), Session: f.optional("session", maxTokenBytes), Link: f.optional("link", maxTokenBytes), Rooms: f.positions()}
	case "join":
		a = &Join{ID: id, Position: f.position()}
	case "leave":
		a = &Leave{ID: id, Room: f.room()}
	case "rename":
		a = &Rename{ID: id, Name: f.required("name")}
	case "history":
		a = f.history(id)
	case "typing":
		a = &Typing{ID: id, Room: f.room()}
	case "rooms":
		a = &ListRooms{ID: id}
	case "ping":
		a = &Ping{ID: id, Rooms: f.positions()}
	case "mute":
		a = &Mute{ID: id, Room: f.roomOr(""), Person: f.person(), Until: f.sequence("until", 0), Reason: f.reason()}
	case "ban":
		a = &Ban{ID: id, Person: f.person(), Until: f.sequence("until", 0), Reason: f.reason(), Address: f.boolean("address")}
	case "kick":
		a = &Kick{ID: id, Person: f.person(), Reason: f.reason()}
	case "purge":
		a = &Purge{ID: id, Room: f.roomOr(""), Person: f.person()}
	case "lock":
		a = &Lock{ID: id, Room: f.room(), Until: f.sequence("until", 0), Reason: f.reason()}
	case "slow":
		a = &Slow{ID: id, Room: f.room(), Every: int64(f.number("every", 0, MaxSlow)), Until: f.sequence("until", 0)}
	case "invited":
		a = &Invited{ID: id, Room: f.room(), On: f.boolean("on")}
	case "invite":
		a = &Invite{ID: id, Room: f.room(), Until: f.sequence("until", 1), Uses: f.numberOr(0, "uses", 1, MaxUses)}
	case "revoke":
		a = &Revoke{ID: id, Key: f.required("key")}
	case "appoint":
		a = &Appoint{ID: id, Person: f.person(), Role: f.role()}
	case "creation":
		a = &Creation{ID: id, Role: f.role()}
	case "retain":
		a = f.retain(id)
	case "erase":
		a = &Erase{ID: id, Person: f.optional("person", MaxIDBytes)}
	case "sign_out":
		a = &SignOut{ID: id}
	case "link":
		a = &UseLink{ID: id, Link: f.token()}
	case "moderation":
		a = &ListModeration{ID: id, Room: f.roomOr("")}
	case "audit":
		r := &ReadAudit{ID: id, Limit: f.numberOr(DefaultHistory, "limit", 1, MaxHistory)}
		if before := f.sequence("before", 1); before != nil {
			r.Before = *before
		}
		a = r
	case "":
		return nil, Errorf(UnknownType, "Each action needs a type, for example {\"type\":\"message\",\"text\":\"hello\"}.").WithID(id)
	default:
		return nil, Errorf(UnknownType, "There is no action %q.", shorten(kind)).WithID(id)
	}
	if f.err != nil {
		return nil, f.err.WithID(id)
	}
	return a, nil
}

// maxTokenBytes bounds session and link tokens, which have 22 bytes today:
// 128 bits in base64url.
const maxTokenBytes = 128

// fields are the members of a JSON object, and the first thing found wrong.
type fields struct {
	members []member
	err     *Error
}

// member is a part of the object, which it shares.
type member struct {
	name  []byte // without quotes
	value jsontext.Value
}

// usualMembers is how many an action has at most in general.
const usualMembers = 8

// decoder reads one object after the other.
type decoder struct {
	jsontext.Decoder
	object bytes.Reader
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// read takes an object apart, which must not change while f is used. The default
// options of jsontext refuse duplicate names at every level and anything that is
// not UTF-8.
func (f *fields) read(object []byte) error {
	d := decoders.Get().(*decoder)
	defer func() {
		d.object.Reset(nil) // a frame is not kept for the next one
		decoders.Put(d)
	}()
	d.object.Reset(object)
	d.Reset(&d.object)
	if d.PeekKind() != '{' {
		if _, err := d.ReadToken(); err != nil {
			return plainly(err)
		}
		return errNotObject
	}
	if _, err := d.ReadToken(); err != nil {
		return plainly(err)
	}
	next := func() (jsontext.Value, error) {
		v, err := d.ReadValue() // in the decoder's own buffer
		end := int(d.InputOffset())
		return object[end-len(v) : end], err
	}
	f.members = make([]member, 0, usualMembers)
	for d.PeekKind() == '"' {
		quoted, err := next()
		if err != nil {
			return plainly(err)
		}
		name, err := unquoted(quoted)
		if err != nil {
			return plainly(err)
		}
		v, err := next()
		if err != nil {
			return plainly(err)
		}
		f.members = append(f.members, member{name, v})
	}
	if _, err := d.ReadToken(); err != nil { // the closing brace
		return plainly(err)
	}
	return atEnd(&d.Decoder)
}

// unquoted returns what a string that was read says, in its own bytes where these say it.
func unquoted(v jsontext.Value) ([]byte, error) {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1], nil
	}
	return jsontext.AppendUnquote(nil, v)
}

func (f *fields) get(name string) jsontext.Value {
	for _, m := range f.members {
		if string(m.name) == name {
			return m.value
		}
	}
	return nil
}

func (f *fields) fail(e *Error) {
	if f.err == nil {
		f.err = e
	}
}

// str returns a string, and whether there was one.
func (f *fields) str(name string) (string, bool) {
	v := f.get(name)
	if v == nil {
		return "", false
	}
	if v.Kind() != '"' {
		f.fail(Errorf(BadField, "%q must be a string.", name))
		return "", false
	}
	b, err := unquoted(v)
	if err != nil {
		f.fail(Errorf(BadField, "%q must be a string.", name))
		return "", false
	}
	return string(b), true
}

func (f *fields) optional(name string, maxBytes int) string {
	s, _ := f.str(name)
	if len(s) > maxBytes {
		f.fail(Errorf(BadField, "%q may have %s bytes.", name, comma(maxBytes)))
	}
	return s
}

func (f *fields) required(name string) string {
	s, ok := f.str(name)
	if !ok {
		f.fail(Errorf(BadField, "%q is missing.", name))
	}
	return s
}

// id returns the action's id, or "" and a failure.
func (f *fields) id() string {
	s, ok := f.str("id")
	if !ok {
		return ""
	}
	if s == "" || len(s) > MaxIDBytes || strings.ContainsFunc(s, unicode.IsControl) {
		f.fail(Errorf(BadField, "\"id\" must have 1 to %d bytes, and no control characters.", MaxIDBytes))
		return ""
	}
	return s
}

func (f *fields) kind() string {
	s, _ := f.str("type")
	return s
}

func (f *fields) room() string {
	s := f.required("room")
	if f.err == nil {
		if err := CheckRoom(s); err != nil {
			f.fail(err)
		}
	}
	return s
}

func (f *fields) roomOr(other string) string {
	if f.get("room") == nil {
		return other
	}
	return f.room()
}

func (f *fields) text() string {
	s := f.required("text")
	if f.err != nil {
		return ""
	}
	if n := utf8.RuneCountInString(s); n > MaxTextRunes {
		f.fail(Errorf(TooLarge, "A message may have %s characters; this one has %s.", comma(MaxTextRunes), comma(n)))
	}
	if n := quotedBytes(s); n > MaxTextBytes {
		f.fail(Errorf(TooLarge, "A message may have %s bytes as JSON; this one has %s. Send it in parts.", comma(MaxTextBytes), comma(n)))
	}
	if !strings.ContainsFunc(s, visible) {
		f.fail(Errorf(BadField, "A message needs a text."))
	}
	return s
}

// sequence returns a sequence, or nil if there was none.
func (f *fields) sequence(name string, least uint64) *uint64 {
	v := f.get(name)
	if v == nil {
		return nil
	}
	n, err := strconv.ParseUint(string(v), 10, 64) // no sign, no fraction, no exponent
	if err != nil || n < least || n > MaxSequence {
		f.fail(Errorf(BadField, "%q must be an integer from %d to 2^53-1.", name, least))
		return nil
	}
	return &n
}

// target returns the sequence of the message that a change is for.
func (f *fields) target() uint64 {
	if f.get("target") == nil {
		f.fail(Errorf(BadField, "\"target\" is missing: the sequence of the message."))
	}
	if n := f.sequence("target", 1); n != nil {
		return *n
	}
	return 0
}

func (f *fields) position() Position {
	return Position{Room: f.room(), Epoch: f.optional("epoch", MaxIDBytes), After: f.sequence("after", 0)}
}

func (f *fields) positions() []Position {
	v := f.get("rooms")
	if v == nil {
		return nil
	}
	notAList := Errorf(BadField, "\"rooms\" must be a list of at most %d objects, each with a \"room\".", MaxRooms)
	if v.Kind() != '[' {
		f.fail(notAList)
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	d.ReadToken() // the bracket; v has been checked already
	var all []Position
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil || v.Kind() != '{' || len(all) == MaxRooms {
			f.fail(notAList)
			return nil
		}
		one := &fields{}
		if err := one.read(v); err != nil {
			f.fail(notAList)
			return nil
		}
		p := one.position()
		if one.err != nil {
			f.fail(one.err)
			return nil
		}
		all = append(all, p)
	}
	return all
}

func (f *fields) history(id string) *ReadHistory {
	h := &ReadHistory{ID: id, Room: f.room(), Before: f.sequence("before", 1), After: f.sequence("after", 0)}
	if h.Before != nil && h.After != nil {
		f.fail(Errorf(BadField, "Ask for the history before or after a sequence, not both."))
	}
	h.Limit = f.numberOr(DefaultHistory, "limit", 1, MaxHistory)
	return h
}
