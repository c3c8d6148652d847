package conform

import (
	"fmt"
	"time"

	"parley/protocol"
)

// moderationMutants are wrong about who may do what.
var moderationMutants = []mutant{
	{"forgets to end a session", "session/signed_out", "each connection", &proxy{action: drop("sign_out")}},
	{"makes who was signed out a stranger", "session/signed_out moderation/appoint", "has ended to be refused", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] != "signed_out" || m["id"] == nil {
			return true
		}
		l.tell(string(encode(action{
			"type": "welcome", "id": m["id"], "session": word(22), "server": "x", "limits": protocol.CurrentLimits(), "rooms": []any{},
			"you": action{"id": "a", "name": "", "color": 58, "role": "guest"},
		})))
		return false
	})}},
	{"tells nobody who is erased", "session/erased moderation/erase", "is erased", &proxy{event: drop("erased")}},
	{"leaves what is erased to who comes", "session/erased moderation/erase", "any more", &proxy{event: on("message joined history", func(l *link, m action) bool {
		if m["type"] == "message" {
			l.swap(fmt.Sprint(m["room"], m["seq"]), m["text"].(string))
			return true
		}
		for _, item := range m["messages"].([]any) {
			if item := item.(map[string]any); item["deleted"] != nil {
				item["text"] = l.swap(fmt.Sprint(m["room"], item["seq"]), "")
			}
		}
		return true
	})}},
	{"has links that make operators again and again", "moderation/link", "nobody an operator", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "bad_link" {
			l.tell(string(encode(action{
				"type": "session", "id": m["id"], "session": word(22),
				"you": action{"id": "a", "name": "Ada", "color": 58, "role": "operator"},
			})))
			return false
		}
		return true
	})}},
	{"lets guests keep order", "moderation/guests", "by a guest", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "not_allowed" {
			m["type"], m["do"], m["byName"], m["at"] = "moderated", "mute", "Ada", 1
		}
		return true
	})}},
	{"lets who is muted speak", "moderation/mute", "who is muted not to speak", &proxy{action: over("mute")}},
	{"mutes in silence", "moderation/mute", "to be told of", &proxy{event: on("moderated", func(l *link, m action) bool { return m["id"] != nil })}},
	{"never lifts a mute", "moderation/mute", "unmute", &proxy{action: on("mute", func(l *link, m action) bool {
		delete(m, "until")
		return true
	})}},
	{"lets all speak in a locked room", "moderation/lock", "not to speak in a locked room", &proxy{action: over("lock")}},
	{"lets all speak as quickly as they like", "moderation/slow", "a second message", &proxy{action: over("slow")}},
	{"has messages that only their person deletes", "moderation/delete", "answered by itself", &proxy{event: on("delete", func(l *link, m action) bool {
		l.tell(string(encode(action{"type": "error", "id": m["id"], "code": "not_yours", "message": "Somebody else said it.", "retry": false})))
		return false
	})}},
	{"purges in silence", "moderation/purge", "a delete of message", &proxy{event: drop("delete")}},
	{"purges everybody", "moderation/purge", "others said to stay", &proxy{event: on("joined history", func(l *link, m action) bool {
		for _, item := range m["messages"].([]any) {
			delete(item.(map[string]any), "text")
		}
		return true
	})}},
	{"shows nobody the door", "moderation/kick", "who is kicked", &proxy{action: instead("kick"), event: noteOperator}},
	{"lets who is banned come back", "moderation/ban", "hello of who is banned", &proxy{action: over("ban")}},
	{"lets all into a room by invitation", "moderation/invitation", "not to come in", &proxy{action: instead("invited"), event: noteOperator}},
	{"has invitations that are never revoked", "moderation/invitation", "used up or revoked", &proxy{action: instead("revoke"), event: noteOperator}},
	{"leaves the old session to who is appointed", "moderation/appoint", "told one session", &proxy{event: on("session", func(l *link, m action) bool {
		first := l.swap("operator", "known") == "" // the one of the run's own operator
		return first
	})}},
	{"hides what is in force", "moderation/listed", "a list in which", &proxy{event: on("moderation", func(l *link, m action) bool {
		m["rules"] = []any{}
		return true
	})}},
	{"forgets who did what", "moderation/listed", "in the audit log", &proxy{event: on("audit", func(l *link, m action) bool {
		m["acts"] = []any{}
		return true
	})}},
}

// drop takes frames of a type away.
func drop(kind string) func(*link, string) []string {
	return on(kind, func(*link, action) bool { return false })
}

// over has an act end by itself at once.
func over(kind string) func(*link, string) []string {
	return on(kind, func(l *link, m action) bool {
		if m["until"] == nil {
			m["until"] = time.Now().UnixMilli() - 1 // over before the next frame comes
		}
		return true
	})
}

// noteOperator notes who the run's operator is, for instead.
var noteOperator = on("session", func(l *link, m action) bool {
	l.swap("operator's id", m["you"].(map[string]any)["id"].(string))
	return true
})

// instead answers an act that is not done.
func instead(kind string) func(*link, string) []string {
	return on(kind, func(l *link, m action) bool {
		l.mu.Lock()
		by := l.known["operator's id"]
		l.mu.Unlock()
		answer := action{
			"type": "moderated", "id": m["id"], "do": kind, "by": by, "byName": "Ada", "at": time.Now().UnixMilli(),
		}
		for _, key := range []string{"room", "person", "key"} {
			if m[key] != nil {
				answer[key] = m[key]
			}
		}
		l.tell(string(encode(answer)))
		return false
	})
}
