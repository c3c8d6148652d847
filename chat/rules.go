package chat

import (
	"context"
	"errors"
	"iter"
)

// RuleKind tells what a Rule does.
type RuleKind string

// A rule has a room, a subject, or both; an empty room is every room.
const (
	RuleRole         RuleKind = "role"          // subject: a person; Text: "operator" or "moderator"
	RuleMute         RuleKind = "mute"          // subject: a person, who may not speak in the room
	RuleBan          RuleKind = "ban"           // subject: a person, who may not come
	RuleBanAddress   RuleKind = "ban_address"   // subject: an AddressKey, from which nobody may come
	RuleLock         RuleKind = "lock"          // in the room only moderators speak
	RuleSlow         RuleKind = "slow"          // Value: milliseconds between two messages of one person
	RuleInvited      RuleKind = "invited"       // the room is for those who were let in, see Person.Admitted
	RuleInvitation   RuleKind = "invitation"    // subject: a LinkHash, which lets its bearer into the room; Value: how often still, 0: ever again
	RuleRetention    RuleKind = "retention"     // Value: milliseconds after which entries go, 0: never; Text: how many stay at most, empty: all
	RuleCreation     RuleKind = "creation"      // Text: the role that it takes to speak first in a room
	RuleOperatorLink RuleKind = "operator_link" // subject: a LinkHash, which makes its bearer an operator, once
	RuleDismissing   RuleKind = "dismissing"    // subject: two persons; Text: the operator whom By is about to dismiss; internal
	RuleErasing      RuleKind = "erasing"       // subject: a person who is being erased; internal, and gone when that is done
)

// Rule is something that a moderator has laid down and that can be lifted. At
// most one is in force for each kind, room and subject.
type Rule struct {
	Kind    RuleKind
	Room    string
	Subject string
	Value   int64
	Text    string
	Reason  string   // told to the person concerned; may be empty
	Name    string   // of the person concerned, when it was laid down
	By      PersonID // empty: whoever runs the chat, by a command
	ByName  string
	At      int64 // when it was laid down, in milliseconds since 1970 UTC
	Until   int64 // when it ends by itself; 0: when it is lifted
}

// Act is an entry of the audit log: what a moderator or an operator did.
type Act struct {
	Seq uint64 // 1, 2, 3 … without holes
	At  int64  // milliseconds since 1970 UTC
	By  PersonID
	// ByName, Name and Room are as they were then. An erased person's are emptied.
	ByName string
	Do     string // "mute", "unmute", "purge" … as on the wire
	Room   string
	Person PersonID // concerned; may be empty
	Name   string
	Detail string // reason, until, how many; never the text of a message, never an address
}

// ActsOnce is among how many entries of the audit log PutActOnce looks for its own.
const ActsOnce = 100

// Same tells whether two entries tell of one act; see Rules.PutActOnce.
func (a Act) Same(b Act) bool {
	return a.At == b.At && a.By == b.By && a.Do == b.Do && a.Person == b.Person
}

// MaxRules bounds the rules in force: each home holds all of them in memory.
const MaxRules = 5000

// ErrTooManyRules is returned for a rule beyond MaxRules.
var ErrTooManyRules = errors.New("too many rules are in force")

// Rules keeps what moderators have laid down, and what they did. What a method
// returned without error is durable.
type Rules interface {
	// PutRule lays down a rule in the place of the one with its kind, room and
	// subject, if there is one. ErrTooManyRules.
	PutRule(ctx context.Context, r Rule) error
	// TakeRule lifts a rule. Of several callers at once one is told that there
	// was one, and which: so a link that counts once counts once.
	TakeRule(ctx context.Context, kind RuleKind, room, subject string) (r Rule, existed bool, err error)
	// UseRule takes one from the Value of a rule and returns it as it then is.
	// The use that brings it to 0 lifts it; one with Value 0 is not changed.
	UseRule(ctx context.Context, kind RuleKind, room, subject string) (r Rule, existed bool, err error)
	// AllRules returns the rules, also such as have ended, in any order.
	AllRules(ctx context.Context) ([]Rule, error)
	// PutAct appends to the audit log. Seq is ignored on the way in.
	PutAct(ctx context.Context, a Act) (Act, error)
	// PutActOnce is PutAct for what may be done again, or by several at once: where one
	// of the newest ActsOnce entries has the same At, By, Do and Person that one is
	// returned, and none is added.
	PutActOnce(ctx context.Context, a Act) (Act, error)
	// Acts returns at most limit entries of the audit log with Seq below before,
	// or the newest where that is 0, newest first.
	Acts(ctx context.Context, before uint64, limit int) ([]Act, error)
	// ForgetActs empties ByName in what a person did, and Name and Detail in what
	// was done about it, in the audit log and in rules, so that nothing of them is left. Call it again where it
	// returned an error.
	ForgetActs(ctx context.Context, person PersonID) error
}

// Place is where an entry stands.
type Place struct {
	Room string
	Seq  uint64
}

// Eraser is the part of a MessageLog that takes away what was kept.
type Eraser interface {
	// SaidBy yields where a person's messages stand that have a text still, in
	// any order; in one room, or in all where room is empty. What is said
	// meanwhile may be missing.
	SaidBy(ctx context.Context, person PersonID, room string) iter.Seq2[Place, error]
	// ForgetSender takes the name of a person from all entries of all rooms: From
	// is empty then. Their texts go by deletes, before it. The places remain, with
	// the person's id and those of clients, which are random and keep anything
	// from being said twice. Call it again where it returned an error.
	ForgetSender(ctx context.Context, person PersonID) error
	// Trim raises the floor of a room's log, and takes what lies below for good.
	// A floor that is lower than the present one or above the head changes nothing.
	Trim(ctx context.Context, room string, floor uint64) error
	// Aged returns the sequence of the newest entry that was made before at; 0:
	// none was.
	Aged(ctx context.Context, room string, at int64) (uint64, error)
}

// PeopleEraser is the part of People that takes them away.
type PeopleEraser interface {
	// ErasePerson removes a person, its name and its sessions, so that nothing of
	// them is left. It is no error if there is none.
	ErasePerson(ctx context.Context, id PersonID) error
}

// PersonConnections is the part of a ConnectionTable that finds whom a moderator
// acts on.
type PersonConnections interface {
	// OfPerson returns the open connections of a person. One that became that
	// person's before the call is among them.
	OfPerson(ctx context.Context, id PersonID) ([]Connection, error)
}
