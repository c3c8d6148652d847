package protocol

import "fmt"

// Code tells a program what went wrong; the message beside it tells a person.
type Code string

const (
	Malformed        Code = "malformed"         // not one JSON object: syntax, duplicate keys, nesting, UTF-8
	UnknownType      Code = "unknown_type"      // no such action
	BadField         Code = "bad_field"         // a field is missing, of another type, or out of range
	TooLarge         Code = "too_large"         // the text or the frame is too long
	HelloFirst       Code = "hello_first"       // say hello, then send this again
	HelloTwice       Code = "hello_twice"       // this connection has said hello already
	NotPlain         Code = "not_plain"         // needs a connection with the sub-protocol
	NameFirst        Code = "name_first"        // take a name, then send this again
	BadName          Code = "bad_name"          // the name has something that names may not have
	NameTaken        Code = "name_taken"        // somebody else has it, or one that looks like it; see suggestion
	BadRoom          Code = "bad_room"          // the room's name has something that rooms may not have
	NotInRoom        Code = "not_in_room"       // join the room first
	NoSuchMessage    Code = "no_such_message"   // edit, delete: no message has this sequence, or none any more
	NotYours         Code = "not_yours"         // edit, delete: somebody else said it
	TooManyRooms     Code = "too_many_rooms"    // leave one first
	TooFast          Code = "too_fast"          // over a rate limit: again after the time told
	Unavailable      Code = "unavailable"       // the store did not take it: again after the time told
	Internal         Code = "internal"          // our fault; reported in the log
	SlowReader       Code = "slow_reader"       // closing: reads too slowly
	TimedOut         Code = "timed_out"         // closing: nothing was heard, or a message took too long
	Restarting       Code = "restarting"        // closing: the server restarts
	NotText          Code = "not_text"          // closing: a binary message, or one that is not UTF-8
	Muted            Code = "muted"             // speaking was taken from this person, here or everywhere
	Banned           Code = "banned"            // closing: this person, or its address, may not come
	Kicked           Code = "kicked"            // closing: a moderator asked this person to leave
	Locked           Code = "locked"            // only moderators speak in this room now
	SlowMode         Code = "slow_mode"         // the room is in slow mode: again after the time told
	NotAllowed       Code = "not_allowed"       // needs a role that this person does not have
	BadLink          Code = "bad_link"          // the link is unknown, used or over
	InvitationNeeded Code = "invitation_needed" // the room is by invitation
	SignedOut        Code = "signed_out"        // closing: the session was ended
	NoSuchPerson     Code = "no_such_person"    // nobody has this id
	TooMany          Code = "too_many"          // over a limit of how many: again after the time told, or with fewer
	NameReserved     Code = "name_reserved"     // the name is for those who run the chat
	ProtocolError    Code = "protocol_error"    // closing: RFC 6455 was violated
)

// Error is the event that answers an action which could not be done, and that
// goes before every deliberate close. It is a Go error too.
type Error struct {
	Type       string `json:"type"` // "error"
	ID         string `json:"id,omitzero"`
	Code       Code   `json:"code"`
	Message    string `json:"message"`
	Retry      bool   `json:"retry"`               // the same action may succeed later, unchanged
	After      int64  `json:"after,omitzero"`      // milliseconds to wait before trying, or coming, again
	Suggestion string `json:"suggestion,omitzero"` // name_taken: a name that is free
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf makes an Error that is not worth repeating unchanged.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Type: "error", Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithID returns a copy that answers the action with this id.
func (e *Error) WithID(id string) *Error {
	c := *e
	c.ID = id
	return &c
}

// Retriable returns a copy which says that the same action may succeed later;
// after is in milliseconds, 0 for as soon as what the message asks for is done.
func (e *Error) Retriable(after int64) *Error {
	c := *e
	c.Retry, c.After = true, after
	return &c
}
