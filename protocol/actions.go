package protocol

// Action is a frame that comes in. Its concrete type is one of those below.
type Action interface {
	// ActionID is the id that the answer or the error carries back; may be empty.
	ActionID() string
}

// Hello opens a connection that came with the sub-protocol. It is answered by
// Welcome, followed by one Joined for each room asked for.
type Hello struct {
	ID      string
	Name    string // wanted if the session has none yet; empty: only reads so far
	Session string // the token of an earlier Welcome; empty: a new person
	Link    string // a token from a link's fragment
	Rooms   []Position
}

// Position is where a client is in a room's log.
type Position struct {
	Room  string
	Epoch string  // empty: the present one
	After *uint64 // the last sequence the client has; nil: none, the newest page is wanted
}

// Message says something in a room. Golden frame number one is a Message:
// {"type":"message","from":"<username>","text":"<message>"}.
type Message struct {
	ID   string // makes sending it again harmless; empty: each one is another message
	Room string // GeneralRoom unless told
	Text string
	From string // the first one names a plain connection; nowhere does it decide who speaks
}

// Edit gives an own message another text; Edited answers.
type Edit struct {
	ID     string // makes sending it again harmless; empty: each one is another edit
	Room   string // GeneralRoom unless told
	Target uint64 // the message's sequence
	Text   string
}

// Delete takes an own message's text away for good; Deleted answers.
type Delete struct {
	ID     string // as in Edit
	Room   string // GeneralRoom unless told
	Target uint64 // the message's sequence
}

// Join enters a room; Joined answers.
type Join struct {
	ID string
	Position
}

// Leave leaves a room; Left answers.
type Leave struct{ ID, Room string }

// Rename takes a name, or another one; Renamed answers.
type Rename struct{ ID, Name string }

// ReadHistory asks for a page of a room's log; History answers.
type ReadHistory struct {
	ID     string
	Room   string
	Before *uint64 // the newest entries below this sequence
	After  *uint64 // the oldest entries above this sequence; not both
	Limit  int     // messages, 1 to MaxHistory
}

// Typing tells the room that somebody is writing. Nothing answers.
type Typing struct{ ID, Room string }

// ListRooms asks for the rooms; Rooms answers.
type ListRooms struct{ ID string }

// Ping asks for the heads of rooms, to find a lost tail; Pong answers.
type Ping struct {
	ID    string
	Rooms []Position
}

func (a *Hello) ActionID() string       { return a.ID }
func (a *Message) ActionID() string     { return a.ID }
func (a *Edit) ActionID() string        { return a.ID }
func (a *Delete) ActionID() string      { return a.ID }
func (a *Join) ActionID() string        { return a.ID }
func (a *Leave) ActionID() string       { return a.ID }
func (a *Rename) ActionID() string      { return a.ID }
func (a *ReadHistory) ActionID() string { return a.ID }
func (a *Typing) ActionID() string      { return a.ID }
func (a *ListRooms) ActionID() string   { return a.ID }
func (a *Ping) ActionID() string        { return a.ID }
