package conform

import (
	"context"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// mutants are servers that are wrong in one way, each with cases that find it.
var mutants = []struct {
	wrong   string
	foundBy string // names of cases
	says    string // what their breach has in it
	proxy   *proxy
}{
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
	{"swallows parts", "frame/in_parts", "four frames", &proxy{action: on("message", func(l *link, m action) bool { return false })}},
}

// sendBack ends the first connections that hear something, and tells them to come back.
func sendBack(times int) func(*link, string) []string {
	return func(l *link, frame string) []string {
		if l.number <= times+1 { // the first one is the probe's
			l.tell(`{"type":"error","code":"unavailable","message":"Please come back.","retry":true,"after":20}`)
			l.client.Close(protocol.CloseTryLater, "unavailable")
			return nil
		}
		return []string{frame}
	}
}

// Who is told to come back comes back.
func TestSentBack(t *testing.T) {
	target := (&proxy{event: sendBack(attempts - 1)}).start(t, serve(t))
	if err := RunCases(t.Context(), target, helloCases()[1:2], func(r Result) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}); err != nil {
		t.Error(err)
	}
}

// TestMutants shows that the suite can fail: each wrong server is found by the
// cases that are there for it, and for the reason that it is wrong.
func TestMutants(t *testing.T) {
	t.Parallel()
	upstream := serve(t, "--rate-limits", "off")
	upstream.Patience = 2 * time.Second // presence comes after one; what does not come is most of this test's time
	found := map[string]bool{}
	var running sync.WaitGroup
	places := make(chan struct{}, 8) // more than t.Parallel would: they mostly wait
	for _, m := range mutants {
		for name := range strings.FieldsSeq(m.foundBy) {
			found[strings.ReplaceAll(name, "_", " ")] = true
		}
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			t.Run(m.wrong, func(t *testing.T) {
				target := m.proxy.start(t, upstream)
				for name := range strings.FieldsSeq(m.foundBy) {
					fails(t, target, strings.ReplaceAll(name, "_", " "), m.says)
				}
			})
		})
	}
	running.Wait()
	for _, c := range Cases() {
		if !found[c.Name] {
			t.Errorf("no wrong server is found by %s", c.Name)
		}
	}
}

// fails checks that a case ends with a breach that says something.
func fails(t *testing.T, target Target, name, says string) {
	t.Helper()
	i := slices.IndexFunc(Cases(), func(c Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no case %s", name)
	}
	RunCases(context.WithoutCancel(t.Context()), target, Cases()[i:i+1], func(r Result) {
		var breach *Breach
		switch {
		case r.Err == nil:
			t.Errorf("%s holds", name)
		case !errors.As(r.Err, &breach):
			t.Errorf("%s fails, but by no breach: %v", name, r.Err)
		case !strings.Contains(r.Err.Error(), says):
			t.Errorf("%s does not say %q:\n%v", name, says, r.Err)
		case breach.Rule == "" || breach.Got == "":
			t.Errorf("%s: %+v", name, breach)
		}
	})
}
