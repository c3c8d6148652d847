package chat

import (
	"errors"

	"parley/planted"
	"parley/protocol"
)

// Why an edit or delete is not added to a log.
var (
	ErrNoMessage = errors.New("no such message")
	ErrNotTheirs = errors.New("somebody else said it")
)

// CheckChange returns ErrNoMessage or ErrNotTheirs where an edit or delete must
// not be added to a log. target is the entry at its Target, the zero Entry if
// there is none. Who may change what is decided here; a MessageLog asks within
// its commit, so that nothing comes between. A delete of a message that is
// deleted already is allowed: the log answers it with the first one.
func CheckChange(change, target Entry) error {
	switch {
	case target.Kind != KindMessage || target.Lost:
		return ErrNoMessage
	case target.Person != change.Person && !(change.Order && change.Kind == KindDelete):
		return ErrNotTheirs
	case change.Kind == KindEdit && target.Deleted != 0:
		return ErrNoMessage
	}
	return nil
}

// Changed returns the message as an edit or delete leaves it. A deleted one
// stays deleted, and an edit older than its present one changes nothing.
func (e Entry) Changed(change Entry) Entry {
	switch {
	case e.Deleted != 0:
	case change.Kind == KindDelete:
		e.Text, e.Edited, e.Deleted = "", 0, change.Seq
	case change.Seq > e.Edited && !planted.Is(planted.LostEdit):
		e.Text, e.Edited = change.Text, change.Seq
	}
	return e
}

// asSpoken returns what an action asks to add to a log; ok is false for one that
// adds nothing.
func asSpoken(a protocol.Action) (s spoken, ok bool) {
	switch a := a.(type) {
	case *protocol.Message:
		return spoken{action: a, room: a.Room, from: a.From, entry: Entry{Kind: KindMessage, ID: a.ID, Text: a.Text}}, true
	case *protocol.Edit:
		return spoken{action: a, room: a.Room, entry: Entry{Kind: KindEdit, ID: a.ID, Target: a.Target, Text: a.Text}}, true
	case *protocol.Delete:
		return spoken{action: a, room: a.Room, entry: Entry{Kind: KindDelete, ID: a.ID, Target: a.Target}}, true
	}
	return s, false
}

// refusal is what the sender of an entry is told that was not added, or that
// turned out to be another one; nil if neither is so.
func refusal(asked Entry, a Appended) *protocol.Error {
	switch {
	case errors.Is(a.Refused, ErrNotTheirs):
		return protocol.Errorf(protocol.NotYours, "Somebody else said it. Only they may change it.")
	case a.Refused != nil:
		return protocol.Errorf(protocol.NoSuchMessage, "There is no such message, or it was deleted.")
	case a.Repeat && !a.Lost && a.Kind != asked.Kind:
		return protocol.Errorf(protocol.BadField, "The id %q was given to something else. Send this with another one.", asked.ID)
	}
	return nil
}

// told returns the event that tells an entry, and to whom of its room.
func told(room string, e Entry) (event any, to Audience) {
	switch e.Kind {
	case KindEdit:
		return &protocol.Edited{Type: "edit", Room: room, Seq: e.Seq, Target: e.Target, ID: e.ID, Person: e.Person, Text: e.Text, At: e.At}, WithProtocol
	case KindDelete:
		return &protocol.Deleted{Type: "delete", Room: room, Seq: e.Seq, Target: e.Target, ID: e.ID, Person: e.Person, At: e.At}, WithProtocol
	}
	return &protocol.Said{
		Type: "message", Room: room, Seq: e.Seq, ID: e.ID, From: e.From, Person: e.Person, Text: e.Text, At: e.At,
		Edited: e.Edited, Deleted: e.Deleted != 0,
	}, Everyone
}
