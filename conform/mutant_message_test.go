package conform

import (
	"html"
	"strings"

	"parley/protocol"
)

// messageMutants say messages wrongly.
var messageMutants = []mutant{
	{"drops every 10th message", "message/copies message/four_speakers", "message", &proxy{event: on("message", func(l *link, m action) bool {
		l.count["events"]++
		return l.count["events"]%10 != 0
	})}},
	{"makes a second entry under the same id", "message/same_id_again message/same_id_at_once", "entry", &proxy{
		action: on("message", func(l *link, m action) bool {
			if id, ok := m["id"].(string); ok && l.swap(id, "seen") != "" {
				m["id"] = id + "~" + word(6)
			}
			return true
		}),
		event: on("message joined history", func(l *link, m action) bool {
			if id, ok := m["id"].(string); ok {
				m["id"], _, _ = strings.Cut(id, "~")
			}
			return true
		}),
	}},
	{"takes an id for one person's alone in all rooms", "message/same_id_elsewhere", "id", &proxy{action: on("message", func(l *link, m action) bool {
		id, _ := m["id"].(string)
		return l.swap(id, "seen") == ""
	})}},
	{"believes from", "message/from plain/from", "from", &proxy{
		action: on("message", func(l *link, m action) bool {
			from, _ := m["from"].(string)
			id, _ := m["id"].(string)
			l.swap(id, from)
			return true
		}),
		event: on("message", func(l *link, m action) bool {
			id, _ := m["id"].(string)
			l.mu.Lock()
			defer l.mu.Unlock()
			if from := l.known[id]; from != "" {
				m["from"] = from
			}
			return true
		}),
	}},
	{"answers with another code", "refused/with_a_name refused/before_hello refused/plain", "bad_field", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "bad_field" {
			m["code"] = "malformed"
		}
		return true
	})}},
	{"forgets the id of what is wrong", "refused/with_a_name", "the id", &proxy{event: on("error", func(l *link, m action) bool {
		delete(m, "id")
		return true
	})}},
	{"leaves holes in sequences", "message/copies message/four_speakers", "message", &proxy{event: on("message", func(l *link, m action) bool {
		m["seq"] = m["seq"].(float64) * 2
		return true
	})}},
	{"numbers messages for each connection", "message/same_id_elsewhere message/same_id_again", "", &proxy{event: on("message", func(l *link, m action) bool {
		l.count["events"]++
		m["seq"] = l.count["events"]
		return true
	})}},
	{"escapes HTML", "text/unchanged plain/golden_frame_number_one", "text", &proxy{event: on("message", func(l *link, m action) bool {
		m["text"] = html.EscapeString(m["text"].(string))
		return true
	})}},
	{"escapes HTML in JSON", "text/longest", "bytes", &proxy{event: func(l *link, frame string) []string {
		return []string{strings.ReplaceAll(frame, "<", `\u003c`)}
	}}},
	{"trims texts", "text/unchanged", "unchanged", &proxy{action: on("message", func(l *link, m action) bool {
		if text, ok := m["text"].(string); ok {
			m["text"] = strings.TrimSpace(text)
		}
		return true
	})}},
	{"tells two stories", "message/copies", "same", &proxy{event: on("message", func(l *link, m action) bool {
		if l.number%2 == 0 {
			m["at"] = m["at"].(float64) + 1
		}
		return true
	})}},
	{"sends messages without their ids", "message/copies", "own copy", &proxy{event: on("message", func(l *link, m action) bool {
		delete(m, "id")
		return true
	})}},
	{"takes the same text for the same message", "message/without_id", "without an id", &proxy{action: on("message", func(l *link, m action) bool {
		text, _ := m["text"].(string)
		return l.swap(text, "seen") == ""
	})}},
	{"takes no long text", "text/longest", "unchanged", &proxy{action: on("message", func(l *link, m action) bool {
		if text, _ := m["text"].(string); len(text) > 20000 {
			m["text"] = strings.Repeat("x", protocol.MaxTextRunes+1)
		}
		return true
	})}},
	{"takes too long a text", "text/too_large", "too_large", &proxy{action: on("message", func(l *link, m action) bool {
		if text, _ := m["text"].(string); len(text) > protocol.MaxTextRunes {
			m["text"] = text[:20]
		}
		return true
	})}},
	{"matches keys in any letter case", "refused/letter_case", "text", &proxy{action: on("message", func(l *link, m action) bool {
		if text, ok := m["TEXT"]; ok {
			m["text"] = text
		}
		return true
	})}},
}
