package conform

import (
	"strings"

	"github.com/coder/websocket"

	"parley/protocol"
)

// wireMutants are wrong about handshakes, frames, closes, limits and hints.
var wireMutants = []mutant{
	{"greets", "handshake/client_speaks_first", "before the first action", &proxy{greet: func(l *link) {
		l.tell(`{"type":"notice","code":"hi","text":"Welcome!"}`)
	}}},
	{"confirms what it is not", "handshake/unknown_sub-protocol", "parley.v999", &proxy{confirm: func(offered []string, confirmed string) string {
		return strings.Join(offered[:min(1, len(offered))], "")
	}}},
	{"confirms nothing", "handshake/sub-protocol", "confirmed", &proxy{confirm: func([]string, string) string { return "" }}},
	{"lets every page in", "handshake/foreign_origin", "403", &proxy{origin: func(string) string { return "" }}},
	{"lets no page in", "handshake/own_origin", "403", &proxy{origin: func(string) string { return "https://example.com" }}},
	{"sends binary messages", "hello/welcome", "text message", &proxy{binary: true}},
	{"sends what nobody knows", "hello/welcome", "specified", &proxy{event: on("welcome", func(l *link, m action) bool {
		l.tell(`{"type":"hug"}`)
		return true
	})}},
	{"sends no JSON", "hello/welcome", "JSON object", &proxy{event: on("welcome", func(l *link, m action) bool {
		l.tell(`{"message": "Internal server error", "connectionId":"Qyi07eCbtjMCJKw=", "requestId":"Qyi3UG41tjMFlUg="}`)
		l.tell("[]")
		return true
	})}},
	{"counts the nameless", "hint/people", "two persons", &proxy{event: on("joined", func(l *link, m action) bool {
		m["count"] = m["count"].(float64) + 1
		return true
	})}},
	{"tells nobody who comes", "hint/presence", "joined", &proxy{event: on("presence", func(l *link, m action) bool { return m["joined"] == nil })}},
	{"tells nobody who goes", "hint/presence", "left", &proxy{event: on("presence", func(l *link, m action) bool { return m["left"] == nil })}},
	{"tells nobody who types", "hint/typing", "writing", &proxy{event: on("typing", func(l *link, m action) bool { return false })}},
	{"tells the writer that it types", "hint/typing", "own typing", &proxy{action: on("typing", func(l *link, m action) bool {
		m["person"], m["name"] = "x", "y"
		l.tell(string(encode(m)))
		return true
	})}},
	{"closes with other codes", "frame/binary frame/too_big frame/not_UTF-8", "StatusNormalClosure", &proxy{code: func(websocket.StatusCode) websocket.StatusCode { return 1000 }}},
	{"closes without a word", "frame/binary frame/too_big frame/not_UTF-8", "as the last event", &proxy{event: on("error", func(l *link, m action) bool { return m["id"] != nil })}},
	{"swallows what is too big", "frame/too_big", "32769 bytes", &proxy{action: func(l *link, frame string) []string {
		if len(frame) > protocol.MaxFrameBytes {
			return nil
		}
		return []string{frame}
	}}},
	{"mends what is not UTF-8", "frame/not_UTF-8", "UTF-8", &proxy{action: func(l *link, frame string) []string {
		return []string{strings.ToValidUTF8(frame, "")}
	}}},
	{"sends everybody back", "hello/welcome", "come back", &proxy{event: sendBack(attempts)}},
	{"tells no time to try again", "limit/flood", "a time to try again", &proxy{action: func(l *link, frame string) []string {
		if m := fields(frame); m["type"] == "message" {
			if l.count["actions"]++; l.count["actions"] > 5 {
				l.tell(`{"type":"error","id":` + string(encode(m["id"])) + `,"code":"too_fast","message":"Slower.","retry":true}`)
				return nil
			}
		}
		return []string{frame}
	}}},
	{"swallows parts", "frame/in_parts", "four frames", &proxy{action: on("message", func(l *link, m action) bool { return false })}},
}
