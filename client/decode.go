package client

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"parley/protocol"
)

// fields are an action to send.
type fields map[string]any

// encode writes an action as its frame.
func encode(action fields) []byte {
	b, err := json.Marshal(action, json.Deterministic(true))
	if err != nil { // only what is no JSON or no UTF-8, and all of it is ours
		panic("client: " + err.Error())
	}
	return b
}

// failed is API Gateway's word for an action whose function failed. It says not
// for which: {"message": "Internal server error", "connectionId": …, "requestId": …}.
type failed struct{}

// decode reads a frame. Nil: nothing that we know, or nothing that makes sense.
func decode(frame []byte) any {
	var head struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(frame, &head) != nil {
		return nil
	}
	var event any
	switch head.Type {
	case "":
		if head.Message != "" && bytes.HasPrefix(bytes.TrimSpace(frame), []byte("{")) {
			return failed{}
		}
		return nil
	case "welcome":
		event = new(protocol.Welcome)
	case "joined":
		event = new(protocol.Joined)
	case "history":
		event = new(protocol.History)
	case "message":
		event = new(protocol.Said)
	case "edit":
		event = new(protocol.Edited)
	case "delete":
		event = new(protocol.Deleted)
	case "left":
		event = new(protocol.Left)
	case "presence":
		event = new(protocol.Presence)
	case "typing":
		event = new(protocol.SomebodyTypes)
	case "renamed":
		event = new(protocol.Renamed)
	case "rooms":
		event = new(protocol.Rooms)
	case "pong":
		event = new(protocol.Pong)
	case "notice":
		event = new(protocol.Notice)
	case "error":
		event = new(protocol.Error)
	default:
		return nil
	}
	if json.Unmarshal(frame, event) != nil || !sensible(event) {
		return nil
	}
	return event
}

// sensible tells whether an event has what nobody behind could do without.
func sensible(event any) bool {
	page := func(p *protocol.Page) bool {
		return p.Room != "" && p.Epoch != "" && p.From > 0 && p.To >= p.From-1
	}
	switch e := event.(type) {
	case *protocol.Welcome:
		return e.You.ID != ""
	case *protocol.Joined:
		return page(&e.Page)
	case *protocol.History:
		return page(&e.Page)
	case *protocol.Said:
		return e.Seq > 0 && e.Room != ""
	case *protocol.Edited:
		return e.Seq > 0 && e.Target > 0 && e.Room != ""
	case *protocol.Deleted:
		return e.Seq > 0 && e.Target > 0 && e.Room != ""
	}
	return true
}
