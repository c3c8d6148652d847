package protocol

// Roles, each of which may do what the one before may.
const (
	RoleGuest     = "guest"     // who has only a name
	RoleModerator = "moderator" // keeps order in all rooms
	RoleOperator  = "operator"  // decides also who is a moderator, what is kept, and who may create rooms
)

// Until says how long something lasts: nil, until it is lifted; 0, it is lifted
// now; otherwise milliseconds since 1970 UTC.
type Until = *uint64

// Mute keeps a person from speaking; Moderated answers.
type Mute struct {
	ID     string
	Room   string // empty: in all rooms
	Person string
	Until  Until
	Reason string
}

// Ban keeps a person out of the chat; Moderated answers.
type Ban struct {
	ID      string
	Person  string
	Until   Until
	Reason  string
	Address bool // also everybody from where the person is connected now
}

// Kick ends all connections of a person, who may come back; Moderated answers.
type Kick struct{ ID, Person, Reason string }

// Purge deletes all that a person said; Moderated answers.
type Purge struct {
	ID     string
	Room   string // empty: in all rooms
	Person string
}

// Lock keeps all but moderators from speaking in a room; Moderated answers.
type Lock struct {
	ID     string
	Room   string
	Until  Until
	Reason string
}

// Slow sets how often a person may speak in a room; Moderated answers.
type Slow struct {
	ID    string
	Room  string
	Every int64 // milliseconds between two messages of a person; 0 lifts it
	Until Until
}

// Invited makes a room one by invitation, or one for all; Moderated answers.
type Invited struct {
	ID   string
	Room string
	On   bool
}

// Invite makes a link into a room; Invitation answers.
type Invite struct {
	ID    string
	Room  string
	Until Until
	Uses  int // how many it lets in; 0: any number
}

// Revoke makes a link good for nobody any more; Moderated answers.
type Revoke struct{ ID, Key string }

// Appoint gives a person a role; Moderated answers.
type Appoint struct{ ID, Person, Role string }

// Creation says which role it takes to speak first in a room; Moderated answers.
type Creation struct{ ID, Role string }

// Retain says how long what was said is kept; Moderated answers.
type Retain struct {
	ID       string
	Room     string // empty: in all rooms that have no rule of their own
	Days     int    // 0: for ever
	Messages int    // 0: all
	Default  bool   // the room has no rule of its own any more
}

// Erase takes away all that is kept of a person; Moderated answers a moderator,
// and who erased itself is signed out.
type Erase struct {
	ID     string
	Person string // empty: oneself
}

// SignOut ends the session, with all its connections.
type SignOut struct{ ID string }

// UseLink does what a link is good for, as Hello does with its Link.
type UseLink struct{ ID, Link string }

// ListModeration asks what is in force; Moderation answers.
type ListModeration struct {
	ID   string
	Room string // empty: everywhere
}

// ReadAudit asks what moderators did; Audit answers.
type ReadAudit struct {
	ID     string
	Before uint64 // acts below this sequence; 0: the newest
	Limit  int    // 1 to MaxHistory
}

func (a *Mute) ActionID() string           { return a.ID }
func (a *Ban) ActionID() string            { return a.ID }
func (a *Kick) ActionID() string           { return a.ID }
func (a *Purge) ActionID() string          { return a.ID }
func (a *Lock) ActionID() string           { return a.ID }
func (a *Slow) ActionID() string           { return a.ID }
func (a *Invited) ActionID() string        { return a.ID }
func (a *Invite) ActionID() string         { return a.ID }
func (a *Revoke) ActionID() string         { return a.ID }
func (a *Appoint) ActionID() string        { return a.ID }
func (a *Creation) ActionID() string       { return a.ID }
func (a *Retain) ActionID() string         { return a.ID }
func (a *Erase) ActionID() string          { return a.ID }
func (a *SignOut) ActionID() string        { return a.ID }
func (a *UseLink) ActionID() string        { return a.ID }
func (a *ListModeration) ActionID() string { return a.ID }
func (a *ReadAudit) ActionID() string      { return a.ID }

// Ruling is something that a moderator has laid down, or did.
type Ruling struct {
	Do       string `json:"do"` // the action's type; "unmute", "unban", "unlock" … where it was lifted
	Room     string `json:"room,omitzero"`
	Person   string `json:"person,omitzero"`
	Name     string `json:"name,omitzero"`     // of the person, then
	Address  string `json:"address,omitzero"`  // of a ban, shortened
	Until    int64  `json:"until,omitzero"`    // milliseconds since 1970 UTC; 0: until it is lifted
	Every    int64  `json:"every,omitzero"`    // slow: milliseconds
	Role     string `json:"role,omitzero"`     // appoint, creation
	Key      string `json:"key,omitzero"`      // invite: what revokes the link
	Uses     int    `json:"uses,omitzero"`     // invite: how many it still lets in; 0: any number
	Days     int    `json:"days,omitzero"`     // retain
	Messages int    `json:"messages,omitzero"` // retain; purge and erase: how many went
	Reason   string `json:"reason,omitzero"`
	By       string `json:"by,omitzero"` // a person; empty: whoever runs the chat
	ByName   string `json:"byName"`
	At       int64  `json:"at"` // milliseconds since 1970 UTC
}

// Moderated answers a moderator, and tells the person concerned; what concerns a
// whole room is told to all in it.
type Moderated struct {
	Type string `json:"type"`
	ID   string `json:"id,omitzero"`
	Ruling
}

// Moderation answers ListModeration.
type Moderation struct {
	Type  string   `json:"type"`
	ID    string   `json:"id,omitzero"`
	Rules []Ruling `json:"rules"`
}

// Act is an entry of the audit log.
type Act struct {
	Seq    uint64 `json:"seq"`
	At     int64  `json:"at"` // milliseconds since 1970 UTC
	By     string `json:"by,omitzero"`
	ByName string `json:"byName"`
	Do     string `json:"do"`
	Room   string `json:"room,omitzero"`
	Person string `json:"person,omitzero"`
	Name   string `json:"name,omitzero"`
	Detail string `json:"detail,omitzero"`
}

// Audit answers ReadAudit, the newest first.
type Audit struct {
	Type string `json:"type"`
	ID   string `json:"id,omitzero"`
	Acts []Act  `json:"acts"`
	More bool   `json:"more"`
}

// Invitation answers Invite.
type Invitation struct {
	Type  string `json:"type"`
	ID    string `json:"id,omitzero"`
	Room  string `json:"room"`
	Link  string `json:"link"` // the token, for /r/{room}#invitation=…; it is told once
	Key   string `json:"key"`  // what revokes it
	Until int64  `json:"until,omitzero"`
	Uses  int    `json:"uses,omitzero"`
}

// Session tells all connections of a person that its role is another one, and
// gives the token that counts from now on. It answers a link, too.
type Session struct {
	Type    string `json:"type"`
	ID      string `json:"id,omitzero"`
	You     You    `json:"you"`
	Session string `json:"session"` // keep it secret and send it in the next hello
}

// Erased tells that the name of a person is to be shown no more.
type Erased struct {
	Type   string `json:"type"`
	Person string `json:"person"`
}

// RoomRules is what keeps the one that joins from speaking in the room.
type RoomRules struct {
	Locked  bool   `json:"locked,omitzero"`
	Invited bool   `json:"invited,omitzero"`
	Slow    int64  `json:"slow,omitzero"`   // milliseconds between two messages
	Muted   bool   `json:"muted,omitzero"`  // the one that joins is
	Until   int64  `json:"until,omitzero"`  // when what keeps it from speaking ends; 0: when it is lifted
	Reason  string `json:"reason,omitzero"` // of the same
}
