package conform

import (
	"fmt"
	"strings"
	"time"
)

// changeMutants are wrong about edits and deletes.
var changeMutants = []mutant{
	{"tells nobody of edits", "change/edit", "reach all", &proxy{
		action: on("edit", func(l *link, m action) bool {
			l.swap(fmt.Sprint("editor ", l.number), "yes")
			return true
		}),
		event: on("edit", func(l *link, m action) bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.known[fmt.Sprint("editor ", l.number)] != ""
		}),
	}},
	{"shows what was said at first", "change/edit change/replaced", "any more", &proxy{event: on("message joined history", func(l *link, m action) bool {
		if m["type"] == "message" {
			l.swap(fmt.Sprint(m["room"], m["seq"]), m["text"].(string))
			return true
		}
		for _, item := range m["messages"].([]any) {
			if item := item.(map[string]any); item["edited"] != nil {
				item["text"] = l.swap(fmt.Sprint(m["room"], item["seq"]), "")
				delete(item, "edited")
			}
		}
		return true
	})}},
	{"keeps what was deleted", "change/delete", "any more", &proxy{event: on("message joined history", func(l *link, m action) bool {
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
	{"keeps who said what was deleted", "change/delete", "the sequence, and that", &proxy{event: on("joined history", func(l *link, m action) bool {
		for _, item := range m["messages"].([]any) {
			if item := item.(map[string]any); item["deleted"] != nil {
				item["from"] = "Ada"
			}
		}
		return true
	})}},
	{"keeps the texts of edits", "change/replaced", "any more", &proxy{event: on("edit joined history", func(l *link, m action) bool {
		if m["type"] == "edit" {
			l.swap(fmt.Sprint(m["room"], m["seq"]), m["text"].(string))
			return true
		}
		for _, change := range m["changes"].([]any) {
			if change := change.(map[string]any); change["type"] == "edit" && change["text"] == nil {
				change["text"] = l.swap(fmt.Sprint(m["room"], change["seq"]), "")
			}
		}
		return true
	})}},
	{"lets anybody edit", "change/not_yours", "not_yours", &proxy{action: on("edit", func(l *link, m action) bool {
		if m["person"] == nil {
			return true
		}
		m["seq"], m["at"] = 99, time.Now().UnixMilli()
		l.tell(string(encode(m)))
		return false
	})}},
	{"tells of edits that it refused", "change/not_yours", "what was refused", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "not_yours" {
			for _, o := range l.others() {
				l.mu.Lock()
				room := l.known["room"]
				l.mu.Unlock()
				o.tell(string(encode(action{"type": "edit", "room": room, "seq": 9, "target": 1, "person": "x", "text": "y", "at": time.Now().UnixMilli()})))
			}
		}
		return true
	}), action: on("edit", func(l *link, m action) bool {
		l.swap("room", m["room"].(string))
		return true
	})}},
	{"brings back what was deleted", "change/deleted_stays", "no edit of", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "no_such_message" {
			m["code"] = "not_yours"
		}
		return true
	})}},
	{"deletes twice", "change/deleted_stays", "the first delete", &proxy{event: on("delete", func(l *link, m action) bool {
		if l.count["events"]++; l.count["events"] > 1 {
			m["seq"] = m["seq"].(float64) + 1
		}
		return true
	})}},
	{"makes a second edit under the same id", "change/same_id_again", "the first edit again", &proxy{
		action: on("edit", func(l *link, m action) bool {
			if id, ok := m["id"].(string); ok && l.swap(id, "seen") != "" {
				m["id"] = id + "~" + word(6)
			}
			return true
		}),
		event: on("edit joined history", func(l *link, m action) bool {
			if id, ok := m["id"].(string); ok {
				m["id"], _, _ = strings.Cut(id, "~")
			}
			return true
		}),
	}},
	{"says again what was edited since", "change/same_id_again", "as it is now", &proxy{event: on("message", func(l *link, m action) bool {
		delete(m, "edited")
		if first := l.swap(fmt.Sprint(m["room"], m["seq"]), m["text"].(string)); first != "" {
			m["text"] = first
		}
		return true
	})}},
	{"leaves changes out of pages", "change/resume", "entry", &proxy{event: on("joined history", func(l *link, m action) bool {
		m["changes"] = []any{}
		return true
	})}},
	{"has no text in the edits that were missed", "change/resume", "as it is now", &proxy{event: on("joined history", func(l *link, m action) bool {
		for _, change := range m["changes"].([]any) {
			delete(change.(map[string]any), "text")
		}
		return true
	})}},
	{"tells plain ones of changes", "change/plain", "plain connection", &proxy{event: func(l *link, frame string) []string {
		if strings.HasPrefix(frame, `{"type":"edit"`) {
			for _, o := range l.others() {
				if o.server.Subprotocol() == "" {
					o.tell(frame)
				}
			}
		}
		return []string{frame}
	}}},
}
