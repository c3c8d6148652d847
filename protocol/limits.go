package protocol

// Subprotocol is what our own clients offer in Sec-WebSocket-Protocol. A
// connection that comes without it is plain: the 2019 sample's clients, wscat.
const Subprotocol = "parley.v1"

// GeneralRoom is the room behind the path /, and the one that plain connections
// are in from the start.
const GeneralRoom = "general"

const (
	// MaxFrameBytes is the most one message may have, either way. API Gateway
	// takes 32 KB in one frame, and browsers send each message as one frame.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
	MaxFrameBytes = 32 << 10

	// MaxTextRunes is the longest text, in Unicode code points.
	MaxTextRunes = 8_000

	// MaxTextBytes is the longest text as it stands in JSON, quotes included,
	// nothing escaped that need not be. It leaves 2 KB of MaxFrameBytes for all
	// that stands around a text, in an event or in a page of history.
	MaxTextBytes = MaxFrameBytes - 2<<10

	// PageBytes is where a page of history ends, after at least one message.
	PageBytes = 24 << 10

	// MaxDepth is how deep the JSON of an action may nest; ours nests 3 deep.
	MaxDepth = 8

	MaxNameRunes = 40 // code points of a person's name
	MaxRoomRunes = 64 // code points of a room's name
	MaxIDBytes   = 64 // bytes of an action's id
	MaxRooms     = 32 // rooms that one connection may be in
	MaxAdmitted  = 64 // rooms by invitation that one person may have been let into

	MaxReasonRunes = 200             // code points of a reason
	MaxSlow        = 6 * 3600 * 1000 // milliseconds between two messages in slow mode
	MaxUses        = 10_000          // people that one invitation lets in, where it is bounded
	MaxDays        = 36_500          // days that messages are kept, where that is bounded
	MaxKept        = 100_000_000     // messages that a room keeps, where that is bounded

	DefaultHistory = 40  // messages in a page of history unless told
	MaxHistory     = 100 // messages in a page of history

	// MaxResume is how many entries a connection may have missed and still get
	// them all. Beyond it the newest page comes instead, with complete: false.
	MaxResume = 10_000

	MaxPeople         = 100 // persons listed in joined
	MaxPresencePeople = 50  // persons in a room up to which each one's coming and going is told
	MaxTypingPeople   = 20  // persons in a room up to which typing is told
	MaxRoomsListed    = 100 // rooms in the answer to rooms

	// MaxSequence is the greatest sequence: the greatest integer that JavaScript
	// holds exactly (ECMA-262, Number.MAX_SAFE_INTEGER).
	MaxSequence = 1<<53 - 1
)

// Limits is what welcome tells a client about the sizes above, so that it can
// measure before it sends.
type Limits struct {
	Frame     int `json:"frame"`     // bytes
	Text      int `json:"text"`      // code points
	TextBytes int `json:"textBytes"` // bytes, as JSON
	Name      int `json:"name"`      // code points
	Room      int `json:"room"`      // code points
	Rooms     int `json:"rooms"`     // joined at once
	History   int `json:"history"`   // messages in a page
}

// CurrentLimits are the limits of this version.
func CurrentLimits() Limits {
	return Limits{
		Frame: MaxFrameBytes, Text: MaxTextRunes, TextBytes: MaxTextBytes,
		Name: MaxNameRunes, Room: MaxRoomRunes, Rooms: MaxRooms, History: MaxHistory,
	}
}
