package protocol

// Person is how others see somebody.
type Person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color int    `json:"color"` // a hue, 0 to 359 degrees; see Hue
}

// You is what welcome tells about the one it is for.
type You struct {
	Person
	Role string `json:"role"` // RoleGuest, RoleModerator or RoleOperator
}

// Welcome answers Hello.
type Welcome struct {
	Type    string   `json:"type"`
	ID      string   `json:"id,omitzero"`
	You     You      `json:"you"`     // name is empty until one is taken
	Session string   `json:"session"` // keep it secret and send it in the next hello
	Server  string   `json:"server"`  // name and version
	Limits  Limits   `json:"limits"`
	Rooms   []string `json:"rooms"` // a joined follows for each
}

// Item is a message within a page, as it is now. A deleted or lost one keeps
// its sequence and nothing else.
type Item struct {
	Seq     uint64 `json:"seq"`
	ID      string `json:"id,omitzero"` // the client's
	From    string `json:"from,omitzero"`
	Person  string `json:"person,omitzero"`
	Text    string `json:"text"`
	At      int64  `json:"at,omitzero"`     // milliseconds since 1970 UTC
	Edited  uint64 `json:"edited,omitzero"` // the edit that gave it this text
	Deleted bool   `json:"deleted,omitzero"`
	Lost    bool   `json:"lost,omitzero"` // damaged where it was stored
}

// Change is an edit or a delete within a page.
type Change struct {
	Type   string `json:"type"` // "edit" or "delete"
	Seq    uint64 `json:"seq"`
	Target uint64 `json:"target"`
	ID     string `json:"id,omitzero"`
	Person string `json:"person,omitzero"`
	Text   string `json:"text,omitzero"` // an edit's; empty: a newer change has replaced it
	At     int64  `json:"at,omitzero"`
}

// Page is a part of a room's log. It holds every entry with From <= seq <= To,
// so that a client knows what it has even where changes replaced messages.
type Page struct {
	Type  string `json:"type"` // "joined" or "history"
	ID    string `json:"id,omitzero"`
	Room  string `json:"room"`
	Epoch string `json:"epoch"`
	Floor uint64 `json:"floor"` // entries up to this one exist no more
	Head  uint64 `json:"head"`  // the newest entry when this was written
	From  uint64 `json:"from"`
	To    uint64 `json:"to"` // From-1: the page is empty

	// Complete is false where the client's position could not be continued: the
	// page is then the newest one, and what lay between is not in it.
	Complete bool `json:"complete"`

	// More tells that there are further entries in the direction asked for:
	// newer ones after a position, older ones otherwise.
	More bool `json:"more"`

	Messages []Item   `json:"messages"` // oldest first
	Changes  []Change `json:"changes"`  // oldest first
}

// Joined answers Join, and Hello for each of its rooms.
type Joined struct {
	Page
	People []Person `json:"people"` // those with a name, as many as fit, at most MaxPeople
	Count  int      `json:"count"`  // of all those

	Rules RoomRules `json:"rules,omitzero"`
}

// History answers ReadHistory.
type History struct{ Page }

// Said is a message as all in its room get it. The sender's own copy, known by
// person and id, is the acknowledgement: it is durable.
type Said struct {
	Type   string `json:"type"` // "message"
	Room   string `json:"room"`
	Seq    uint64 `json:"seq"`
	ID     string `json:"id,omitzero"`
	From   string `json:"from"`
	Person string `json:"person"`
	Text   string `json:"text"`
	At     int64  `json:"at"` // milliseconds since 1970 UTC

	// One that is sent again may have been changed since it was first said.
	Edited  uint64 `json:"edited,omitzero"` // as in Item
	Deleted bool   `json:"deleted,omitzero"`
}

// Edited is an edit as all in the room get it but plain connections. The copy of
// who edited, known by person and id, is the acknowledgement: it is durable.
type Edited struct {
	Type   string `json:"type"` // "edit"
	Room   string `json:"room"`
	Seq    uint64 `json:"seq"`
	Target uint64 `json:"target"` // the message's sequence
	ID     string `json:"id,omitzero"`
	Person string `json:"person"`
	Text   string `json:"text"` // empty: a newer change has replaced it
	At     int64  `json:"at"`   // milliseconds since 1970 UTC
}

// Deleted is a delete, told as Edited is. A second delete of one message is
// answered by the first, under its own id.
type Deleted struct {
	Type   string `json:"type"` // "delete"
	Room   string `json:"room"`
	Seq    uint64 `json:"seq"`
	Target uint64 `json:"target"` // the message's sequence
	ID     string `json:"id,omitzero"`
	Person string `json:"person"`
	At     int64  `json:"at"` // milliseconds since 1970 UTC
}

// Left answers Leave.
type Left struct {
	Type string `json:"type"`
	ID   string `json:"id,omitzero"`
	Room string `json:"room"`
}

// Presence tells who came and went since the last one. In rooms of more than
// MaxPresencePeople it has only the count.
type Presence struct {
	Type   string   `json:"type"`
	Room   string   `json:"room"`
	Joined []Person `json:"joined,omitempty"`
	Left   []Person `json:"left,omitempty"`
	Count  int      `json:"count"`
}

// SomebodyTypes tells that a person is writing.
type SomebodyTypes struct {
	Type   string `json:"type"` // "typing"
	Room   string `json:"room"`
	Person string `json:"person"`
	Name   string `json:"name"`
}

// Renamed answers Rename, and tells the others.
type Renamed struct {
	Type   string `json:"type"`
	ID     string `json:"id,omitzero"`
	Person string `json:"person"`
	From   string `json:"from"` // empty: had none
	To     string `json:"to"`
}

// RoomInfo is a room in Rooms.
type RoomInfo struct {
	Room  string `json:"room"`
	Head  uint64 `json:"head"`
	Count int    `json:"count"` // persons present
}

// Rooms answers ListRooms, the most recently spoken in first.
type Rooms struct {
	Type  string     `json:"type"`
	ID    string     `json:"id,omitzero"`
	Rooms []RoomInfo `json:"rooms"`
}

// RoomPosition is a room in Pong.
type RoomPosition struct {
	Room  string `json:"room"`
	Epoch string `json:"epoch"`
	Head  uint64 `json:"head"`
}

// Pong answers Ping, for those of its rooms that the connection is in.
type Pong struct {
	Type  string         `json:"type"`
	ID    string         `json:"id,omitzero"`
	Rooms []RoomPosition `json:"rooms"`
}

// Notice is a sentence for the person, and a code for the program.
type Notice struct {
	Type string `json:"type"`
	ID   string `json:"id,omitzero"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// NameGiven is the code of the notice that tells a plain connection which name
// it has, where that is not the one it asked for.
const NameGiven = "name_given"
