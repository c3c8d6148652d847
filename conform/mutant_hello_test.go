package conform

import (
	"strings"

	"github.com/coder/websocket"
)

// helloMutants are wrong about persons: sessions, names and plain connections.
var helloMutants = []mutant{
	{"forgets sessions", "hello/again_with_session name/kept message/same_id_again", "", &proxy{action: on("hello", func(l *link, m action) bool {
		delete(m, "session")
		return true
	})}},
	{"adopts unknown sessions", "hello/unknown_session", "making", &proxy{
		action: on("hello", func(l *link, m action) bool {
			session, _ := m["session"].(string)
			l.swap("offered", session)
			return true
		}),
		event: on("welcome", func(l *link, m action) bool {
			if offered := l.swap("offered", ""); offered != "" {
				m["session"] = offered
			}
			return true
		}),
	}},
	{"tells sessions", "message/copies", "secret", &proxy{event: on("welcome message", func(l *link, m action) bool {
		if m["type"] == "welcome" {
			l.swap("session", m["session"].(string))
		} else {
			l.mu.Lock()
			m["debug"] = l.known["session"]
			l.mu.Unlock()
		}
		return true
	})}},
	{"says hello again and again", "hello/twice", "second hello", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "hello_twice" {
			m = action{"type": "pong", "id": m["id"], "rooms": []any{}}
			l.tell(string(encode(m)))
			return false
		}
		return true
	})}},
	{"needs no hello", "hello/first", "before hello", &proxy{greet: func(l *link) {
		if l.server.Subprotocol() != "" {
			l.server.Write(l.ctx, websocket.MessageText, []byte(`{"type":"hello","id":"early"}`))
			l.server.Read(l.ctx) // its welcome
		}
	}}},
	{"has limits of its own", "hello/welcome", "limits", &proxy{event: on("welcome", func(l *link, m action) bool {
		m["limits"].(map[string]any)["text"] = 4000
		return true
	})}},
	{"has no limits", "hello/welcome", `field "limits"`, &proxy{event: on("welcome", func(l *link, m action) bool {
		delete(m, "limits")
		return true
	})}},
	{"gives everybody one color", "hello/welcome", "color", &proxy{event: on("welcome", func(l *link, m action) bool {
		m["you"].(map[string]any)["color"] = 360
		return true
	})}},
	{"lets the nameless speak", "hello/nameless", "not to speak", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "name_first" {
			m["code"] = "unknown_type"
		}
		return true
	})}},
	{"suggests a name that is taken", "name/taken", "suggestion", &proxy{event: on("error", func(l *link, m action) bool {
		delete(m, "suggestion")
		return true
	})}},
	{"takes look-alikes for other names", "name/looks_alike", "looks like", &proxy{action: on("rename", func(l *link, m action) bool {
		if name, _ := m["name"].(string); strings.ContainsAny(name, "аеорхсу") {
			m["name"] = word(8)
		}
		return true
	})}},
	{"takes any name", "name/refused", "refused", &proxy{action: on("rename", func(l *link, m action) bool {
		if name, _ := m["name"].(string); strings.ContainsAny(name, "\u200b\u202e") {
			m["name"] = word(8)
		}
		return true
	})}},
	{"keeps names as they are typed", "name/normalised", "normalised", &proxy{event: on("renamed", func(l *link, m action) bool {
		m["to"] = strings.ReplaceAll(m["to"].(string), " ", "  ")
		return true
	})}},
	{"tells nobody of a new name", "name/rename", "told", &proxy{event: on("renamed", func(l *link, m action) bool { return m["id"] != nil })}},
	{"gives out one name twice", "plain/name_taken", "another name", &proxy{
		action: on("message", func(l *link, m action) bool {
			from, _ := m["from"].(string)
			l.swap("from", from)
			return true
		}),
		event: on("message", func(l *link, m action) bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			m["from"] = l.known["from"]
			return true
		}),
	}},
	{"gives another name in silence", "plain/name_taken", "notice", &proxy{event: on("notice", func(l *link, m action) bool { return false })}},
	{"tells plain ones everything", "plain/nothing_else", "plain connection", &proxy{event: on("renamed", func(l *link, m action) bool {
		event := string(encode(action{"type": "renamed", "person": "x", "from": "y", "to": "z"}))
		for _, o := range l.others() {
			o.tell(event)
		}
		return true
	})}},
}
