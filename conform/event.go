package conform

import (
	"fmt"
	"slices"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"parley/protocol"
)

// event is a frame that came.
type event struct {
	kind string // its type
	id   string // of the action that it answers; or the client's id of a message
	body any    // a pointer to the type that package protocol has for it
	raw  []byte
}

// kinds are the events there are, and the fields they must have.
var kinds = map[string]struct {
	body     func() any
	required []string
}{
	"welcome":    {func() any { return new(protocol.Welcome) }, []string{"you", "session", "server", "limits", "rooms"}},
	"joined":     {func() any { return new(protocol.Joined) }, slices.Concat(pageFields, []string{"people", "count"})},
	"history":    {func() any { return new(protocol.History) }, pageFields},
	"message":    {func() any { return new(protocol.Said) }, []string{"room", "seq", "from", "person", "text", "at"}},
	"edit":       {func() any { return new(protocol.Edited) }, []string{"room", "seq", "target", "person", "text", "at"}},
	"delete":     {func() any { return new(protocol.Deleted) }, []string{"room", "seq", "target", "person", "at"}},
	"left":       {func() any { return new(protocol.Left) }, []string{"room"}},
	"presence":   {func() any { return new(protocol.Presence) }, []string{"room", "count"}},
	"typing":     {func() any { return new(protocol.SomebodyTypes) }, []string{"room", "person", "name"}},
	"renamed":    {func() any { return new(protocol.Renamed) }, []string{"person", "from", "to"}},
	"rooms":      {func() any { return new(protocol.Rooms) }, []string{"rooms"}},
	"pong":       {func() any { return new(protocol.Pong) }, []string{"rooms"}},
	"moderated":  {func() any { return new(protocol.Moderated) }, []string{"do", "byName", "at"}},
	"moderation": {func() any { return new(protocol.Moderation) }, []string{"rules"}},
	"audit":      {func() any { return new(protocol.Audit) }, []string{"acts", "more"}},
	"invitation": {func() any { return new(protocol.Invitation) }, []string{"room", "link", "key"}},
	"session":    {func() any { return new(protocol.Session) }, []string{"you", "session"}},
	"erased":     {func() any { return new(protocol.Erased) }, []string{"person"}},
	"notice":     {func() any { return new(protocol.Notice) }, []string{"code", "text"}},
	"error":      {func() any { return new(protocol.Error) }, []string{"code", "message", "retry"}},
}

// pageFields are those that joined and history share.
var pageFields = []string{"room", "epoch", "floor", "head", "from", "to", "complete", "more", "messages", "changes"}

// decode reads a frame as strictly as the specification is written: a text
// message of one JSON object, no key twice, keys in their letter case, all
// fields that must be there of the type they must have.
func decode(kind websocket.MessageType, frame []byte) (event, error) {
	e := event{raw: frame}
	if kind != websocket.MessageText {
		return e, want(ruleObject, "a text message").but(fmt.Sprintf("a binary one of %d bytes", len(frame)))
	}
	if len(frame) > protocol.MaxFrameBytes {
		return e, want(ruleFrame, "at most %d bytes", protocol.MaxFrameBytes).but(fmt.Sprintf("%d bytes: %.200s", len(frame), frame))
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(frame, &members); err != nil || members == nil {
		return e, want(ruleObject, "one JSON object").but(fmt.Sprintf("%.300s (%v)", frame, err))
	}
	if err := json.Unmarshal(members["type"], &e.kind); err != nil {
		return e, want(ruleObject, "an object with a type").but(e)
	}
	known, ok := kinds[e.kind]
	if !ok {
		return e, want(ruleObject, "one of the events that are specified").but(e)
	}
	for _, name := range known.required {
		if v := members[name]; v == nil || v.Kind() == 'n' {
			return e, want(ruleObject, "a %s with its field %q", e.kind, name).but(e)
		}
	}
	body := known.body()
	if err := json.Unmarshal(frame, body); err != nil {
		return e, want(ruleObject, "a %s with fields of their types", e.kind).but(fmt.Sprintf("%.300s (%v)", frame, err))
	}
	if id := members["id"]; id != nil {
		if err := json.Unmarshal(id, &e.id); err != nil {
			return e, want(ruleAnswerID, "an id that is a string").but(e)
		}
	}
	e.body = body
	return e, nil
}

// action is a frame to send.
type action map[string]any

// encode writes JSON with nothing escaped that need not be.
func encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil { // only what is no JSON, and all of it is ours
		return []byte(fmt.Sprintf("%+v", v))
	}
	return b
}
