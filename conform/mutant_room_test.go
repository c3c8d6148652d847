package conform

import (
	"slices"
	"strings"
)

// roomMutants are wrong about rooms, positions and pages.
var roomMutants = []mutant{
	{"leaks rooms", "room/isolation", "never joined", &proxy{event: func(l *link, frame string) []string {
		if strings.HasPrefix(frame, `{"type":"message"`) {
			for _, o := range l.others() {
				o.tell(frame)
			}
		}
		return []string{frame}
	}}},
	{"does not let leave", "room/join_and_leave", "left", &proxy{action: on("leave", func(l *link, m action) bool {
		if m["room"] != "" {
			m["type"] = "left"
			l.tell(string(encode(m)))
		}
		return false
	})}},
	{"knows no room but in ASCII", "room/names", "joined", &proxy{action: on("join", func(l *link, m action) bool {
		room, _ := m["room"].(string)
		m["room"] = strings.Map(func(r rune) rune { return min(r, '~') }, room)
		return true
	})}},
	{"joins any number of rooms", "room/at_most_32", "33", &proxy{event: on("error", func(l *link, m action) bool {
		if m["code"] == "too_many_rooms" {
			l.tell(string(encode(action{"type": "pong", "id": m["id"], "rooms": []any{}})))
			return false
		}
		return true
	})}},
	{"lists no rooms", "room/list", "room", &proxy{event: on("rooms", func(l *link, m action) bool {
		m["rooms"] = []any{}
		return true
	})}},
	{"is one ahead in pong", "ping/heads", "heads", &proxy{event: on("pong", func(l *link, m action) bool {
		for _, r := range m["rooms"].([]any) {
			r := r.(map[string]any)
			r["head"] = r["head"].(float64) + 1
		}
		return true
	})}},
	{"loses an entry of a page", "history/backwards history/newest_page text/unchanged", "entry", &proxy{event: on("joined history", func(l *link, m action) bool {
		if all := m["messages"].([]any); len(all) > 2 {
			m["messages"] = slices.Delete(all, 1, 2)
		}
		return true
	})}},
	{"turns pages round", "history/newest_page", "before", &proxy{event: on("joined history", func(l *link, m action) bool {
		slices.Reverse(m["messages"].([]any))
		return true
	})}},
	{"says there is no more", "history/forwards history/backwards history/long_messages resume/what_was_missed", "more", &proxy{event: on("joined history", func(l *link, m action) bool {
		m["more"] = false
		return true
	})}},
	{"makes an epoch for each page", "history/newest_page", "epoch", &proxy{event: on("joined history", func(l *link, m action) bool {
		m["epoch"] = word(6)
		return true
	})}},
	{"makes frames that are too large", "text/longest history/long_messages", "32768 bytes", &proxy{event: on("message joined history", func(l *link, m action) bool {
		m["padding"] = strings.Repeat("x", 10000)
		return true
	})}},
	{"resumes with the newest page", "resume/what_was_missed resume/nothing_missed", "page", &proxy{action: on("hello join", func(l *link, m action) bool {
		delete(m, "after")
		if rooms, ok := m["rooms"].([]any); ok {
			for _, r := range rooms {
				delete(r.(map[string]any), "after")
			}
		}
		return true
	})}},
	{"is always complete", "resume/position_unknown", "complete false", &proxy{event: on("joined", func(l *link, m action) bool {
		m["complete"] = true
		return true
	})}},
	{"is never complete", "resume/what_was_missed resume/nothing_missed", "complete", &proxy{event: on("joined", func(l *link, m action) bool {
		m["complete"] = false
		return true
	})}},
}
