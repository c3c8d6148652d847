package chat

import (
	"context"
	"errors"
	"iter"
)

// ConnectionID names one open WebSocket. The gateway makes it, in API
// Gateway's form; it is random, and never sent to another connection.
type ConnectionID = string

// PersonID names one person for as long as the person is stored. It is random,
// public (others see it beside each message) and proves nothing.
type PersonID = string

// Handshake is what is known of a connection before it is accepted. It is an
// alias of an unnamed struct so that the gateway can declare the identical type
// and neither has to import the other.
type Handshake = struct {
	Subprotocols []string // as offered, most wanted first
	Origin       string   // empty if there was none
	Address      string   // the client's IP address, without port
	UserAgent    string
}

// Connection is what is kept of an open WebSocket between two of its actions:
// on AWS each action is another process.
type Connection struct {
	ID      ConnectionID
	Plain   bool     // came without the sub-protocol: the sample's clients, wscat
	Person  PersonID // empty until hello; on a plain connection until its first from
	Session [32]byte // hash of the session's token; zero: none
	Stored  bool     // Person is in People
	Rooms   []string // joined, in order of joining; at most protocol.MaxRooms
	Since   int64    // when OnConnect began, in milliseconds since 1970 UTC; 0: long ago
	Address string   // the client's, as an AddressKey; empty: not known. Goes with the connection
	Version uint64   // counts the Puts, from 1; 0: not stored yet
}

// ErrNoConnection is returned for a connection that is not in the table.
var ErrNoConnection = errors.New("no such connection")

// ErrChanged is returned for a Connection that is not the one stored now.
var ErrChanged = errors.New("the connection has changed")

// ConnectionTable knows the open connections. All methods may be called
// concurrently. The gateway's calls for one connection come one after the other
// here, and at any time on AWS; beside them one that is gone may be deleted.
type ConnectionTable interface {
	PersonConnections

	// Put stores the connection under the next Version. One with Version 0
	// replaces whatever was known; any other must be the one stored now, else it
	// is ErrChanged, and so it is where the connection was deleted. Memberships
	// are not changed by it: Rooms is the caller's note of what it joined.
	Put(ctx context.Context, c Connection) error
	// Get returns the connection, or ErrNoConnection. The caller owns the result.
	Get(ctx context.Context, id ConnectionID) (Connection, error)
	// Delete forgets the connection and all its memberships. It returns what was
	// known of it, or ErrNoConnection if somebody deleted it before.
	Delete(ctx context.Context, id ConnectionID) (Connection, error)
}

// Member is a connection in a room.
type Member struct {
	Connection ConnectionID
	Person     PersonID // empty: listens without a name and is not counted
	Plain      bool
}

// Audience chooses among a room's connections.
type Audience int

const (
	Everyone     Audience = iota // all connections of the room
	WithProtocol                 // those that came with the sub-protocol
)

// Membership knows which connections are in which room.
type Membership interface {
	// Join puts a connection into a room, or changes what is known of it there.
	// first tells that its person is not in the room by another connection; the
	// same connection joining again is told the same again.
	Join(ctx context.Context, room string, m Member) (first bool, err error)
	// Leave takes a connection out of a room. last tells that its person has no
	// other connection there now. Leaving a room one is not in is no error.
	Leave(ctx context.Context, room string, id ConnectionID) (last bool, err error)
	// InRoom yields the ids of a room's connections in pages, each id at least
	// once. The pages belong to the table: read only, valid until the next one.
	// A connection whose Join returned before the call is in them.
	InRoom(ctx context.Context, room string, to Audience) iter.Seq2[[]ConnectionID, error]
	// Present returns how many persons are in a room, and up to limit of them.
	Present(ctx context.Context, room string, limit int) (people []PersonID, count int, err error)
}

// Poster delivers to connections. It MUST NOT block on a slow recipient, and
// what one goroutine posts to one connection MUST arrive in that order wherever
// the home promises order at all.
type Poster interface {
	// Post sends each frame, in order, to each connection. It returns the ids
	// that are gone for ever. The frames stay the caller's, who no longer
	// changes them. err is for a failure of the whole, not of one recipient.
	Post(ctx context.Context, frames [][]byte, to []ConnectionID) (gone []ConnectionID, err error)
	// Close ends connections. On AWS code and reason are lost, so an error event
	// goes before.
	Close(ctx context.Context, code int, reason string, ids ...ConnectionID) error
}

// RoomPoster is what a Poster may be besides, where it can reach a room better
// than by being handed its connections page by page.
type RoomPoster interface {
	// PostRoom is Post to all of a room's connections but one; an empty except
	// leaves nobody out.
	PostRoom(ctx context.Context, room string, to Audience, except ConnectionID, frames [][]byte) (gone []ConnectionID, err error)
}

// Kind tells what an entry of a room's log is.
type Kind uint8

const (
	KindMessage Kind = 1
	KindEdit    Kind = 2
	KindDelete  Kind = 3
)

// Entry is one entry of a room's log: what changed the room's history.
type Entry struct {
	Seq    uint64 // 1, 2, 3 … without holes
	Kind   Kind
	At     int64    // milliseconds since 1970 UTC, by the server's clock
	Person PersonID // who did it
	From   string   // the person's name at that time
	ID     string   // the client's id of it; may be empty
	Text   string   // of a message as it is now; of an edit until a newer change replaces it
	Target uint64   // edit, delete: the sequence of the message concerned
	Order  bool     // delete: a moderator's, of what somebody else said; not stored
	Lost   bool     // its checksum does not match: only Seq can be trusted

	// What became of a message: the log's to say, ignored on the way in.
	Edited  uint64 // the edit that gave it its Text; 0: none
	Deleted uint64 // the delete that took its Text; 0: none
}

// Appended is an entry after Append. Repeat tells that (room, person, id) was
// already in the log: Entry is then the first one, as it is now, and nothing was
// added. A delete of what is deleted already is a repeat of that first delete.
// Refused is why a change was not added; see CheckChange.
type Appended struct {
	Entry
	Repeat  bool
	Refused error
}

// Extent says which part of a room's log exists.
type Extent struct {
	Epoch string // the log's incarnation; changes only when sequences may mean something else
	Floor uint64 // entries up to and including this one have been trimmed; 0: none
	Head  uint64 // the newest entry; 0: nothing was ever said
}

// RoomHead is a room that has a log.
type RoomHead struct {
	Room string
	Head uint64
	At   int64 // when its newest entry was made
}

// MessageLog keeps each room's log. What Append returned is durable.
type MessageLog interface {
	Eraser

	// Append adds the entries in their order, in one commit, and gives them the
	// room's next sequences. Seq is ignored on the way in, and At is raised to
	// that of the room's newest entry, if it is less. An entry whose
	// (room, person, id) is there already, or stands earlier in the same call,
	// is not added again; messages without an id never repeat. Two calls for one
	// room may come at once: their messages do not mix.
	//
	// An edit or delete is added only where CheckChange allows it for the message
	// at its Target as that is then. With it, for whoever looks from then on, the
	// message becomes Changed, and the text that it had is in no entry any more:
	// neither in the message's own nor in that of an earlier edit. What a store
	// cannot overwrite in the same step it overwrites as soon as it can.
	Append(ctx context.Context, room string, entries ...Entry) ([]Appended, error)
	// Extent returns the bounds of a room's log; those of an empty one for a
	// room that was never spoken in.
	Extent(ctx context.Context, room string) (Extent, error)
	// Range returns the entries with from <= Seq <= to, oldest first. It stops
	// before the entry whose text would make all texts together more than
	// maxBytes, but not before the first.
	Range(ctx context.Context, room string, from, to uint64, maxBytes int) ([]Entry, error)
	// RangeBack is Range from the end: newest entries first, from to downwards.
	RangeBack(ctx context.Context, room string, from, to uint64, maxBytes int) ([]Entry, error)
	// Rooms returns the rooms with a log, the most recently spoken in first.
	Rooms(ctx context.Context, limit int) ([]RoomHead, error)
}

// Person is somebody who took a name or spoke.
type Person struct {
	ID       PersonID
	Name     string       // as shown; empty: none any more
	Skeleton string       // what makes the name unique; empty: holds no name
	Session  [32]byte     // hash of the token that was issued last; zero: has none
	Holder   ConnectionID // the connection that holds the name, while no session does; empty: the session does
	Created  int64        // milliseconds since 1970 UTC
	Seen     int64        // last hello, in milliseconds since 1970 UTC
	Admitted []string     // rooms by invitation that the person was let into; at most protocol.MaxAdmitted
	Role     string       // the role at which Session was issued; empty: guest. A role is a Rule; where they differ, hello issues another session
	Former   []Former     // sessions that were issued before, each another; at most MaxFormer
}

// ErrNoPerson is returned for a person, session or name that is not stored.
var ErrNoPerson = errors.New("no such person")

// ErrNameTaken is returned when a skeleton belongs to somebody else.
var ErrNameTaken = errors.New("name is taken")

// People keeps persons and the uniqueness of their names. What a method
// returned without error is durable.
type People interface {
	PeopleEraser

	// Persons returns those of the persons that are stored, in any order.
	Persons(ctx context.Context, ids ...PersonID) ([]Person, error)
	// PersonBySession returns whose session this hash is, or was: Session or one of
	// Former. ErrNoPerson.
	PersonBySession(ctx context.Context, session [32]byte) (Person, error)
	// PersonByName returns who holds a skeleton, or ErrNoPerson.
	PersonByName(ctx context.Context, skeleton string) (Person, error)
	// PutPerson stores a person whole, new or changed. It takes the skeleton in
	// the same step: ErrNameTaken if another one holds it, and nothing changes.
	PutPerson(ctx context.Context, p Person) error
	// ChangePerson stores a person as change makes it of what is stored now, so that
	// nothing is undone that others change at the same time. change MUST NOT block,
	// may be called again, also on what it made itself, and must not write to lists
	// that it is given. It returns the person as it then is; ErrNoPerson if there is
	// none, and ErrNameTaken as PutPerson does.
	ChangePerson(ctx context.Context, id PersonID, change func(*Person)) (Person, error)
	// NoteSeen raises Seen to at, and makes the name that the person holds, if any,
	// the session's: Holder becomes empty. It changes nothing else, whatever
	// others change at the same time, and returns the person as it then is;
	// ErrNoPerson if there is none.
	NoteSeen(ctx context.Context, id PersonID, at int64) (Person, error)
	// ReleaseName takes the skeleton from the person, if it is still held and
	// still by the given holder. The name stays for display. It is no error if not.
	ReleaseName(ctx context.Context, id PersonID, holder ConnectionID) error
}
