package functions_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/chat"
	"parley/functions"
	"parley/memory"
	"parley/protocol"
)

// house is the whole way of an event: the functions, the chat over the adapters
// in memory, the Poster, and API Gateway's @connections at its end.
type house struct {
	t     *testing.T
	api   *api
	table *memory.Table
	now   time.Time
	*functions.Functions
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, api: newAPI(t), table: memory.NewTable(), now: time.Now()}
	talk := chat.New(chat.Ports{
		Connections: h.table, Members: h.table, Log: memory.NewLog(), People: memory.NewPeople(), Poster: h.api.poster(t, nil),
	}, chat.Options{RepeatsToRoom: true, Now: func() time.Time { return h.now }})
	t.Cleanup(talk.Close)
	h.Functions = functions.New(talk, functions.Options{SiteOrigins: []string{"https://example.com"}})
	return h
}

// event has a function handle an event, and returns its answer.
func (h *house) event(function, capturedAs, id, body string) string {
	h.t.Helper()
	handler, err := h.Handler(function)
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := handler.Invoke(h.t.Context(), capture(h.t, capturedAs, func(e map[string]any) {
		e["requestContext"].(map[string]any)["connectionId"] = id
		switch capturedAs {
		case "connect":
			setHeader(e, "Sec-WebSocket-Protocol") // plain
		case "message":
			e["body"] = body
		}
	}))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(answer)
}

// received returns what has been posted to a connection so far.
func (h *house) received(id string) (frames []map[string]any) {
	h.t.Helper()
	h.api.mu.Lock()
	defer h.api.mu.Unlock()
	for len(h.api.open[id]) > 0 {
		var e map[string]any
		if err := json.Unmarshal(<-h.api.open[id], &e); err != nil {
			h.t.Fatal(err)
		}
		frames = append(frames, e)
	}
	return frames
}

func typesOf(frames []map[string]any) (all []string) {
	for _, f := range frames {
		all = append(all, fmt.Sprint(f["type"]))
	}
	return all
}

// TestConversation is the sample's frame from one plain connection to another,
// and what each is told.
func TestConversation(t *testing.T) {
	h := newHouse(t)
	alice, bob := h.api.connect(), h.api.connect()
	for _, id := range []string{alice, bob} {
		if got := h.event(functions.OnConnect, "connect", id, ""); got != `{"statusCode":200}` {
			t.Errorf("connect: %s", got)
		}
		if h.api.callsOf(id) > 0 {
			t.Error("something was posted during $connect")
		}
	}
	h.event(functions.OnAction, "message", alice, `{"type":"message","from":"alice","text":"hello <b>bob</b>"}`)
	for name, id := range map[string]string{"alice": alice, "bob": bob} {
		got := h.received(id)
		if len(got) != 1 || got[0]["type"] != "message" || got[0]["from"] != "alice" || got[0]["text"] != "hello <b>bob</b>" || got[0]["seq"] != 1.0 {
			t.Errorf("%s received %v", name, got)
		}
	}
	h.event(functions.OnAction, "message", bob, `{"type":"nonsense"}`)
	if got := h.received(bob); !slices.Equal(typesOf(got), []string{"error"}) || got[0]["code"] != "unknown_type" {
		t.Errorf("an unknown action is answered by %v", got)
	}
	h.event(functions.OnDisconnect, "disconnect", alice, "")
	before := h.api.callsOf(alice)
	h.event(functions.OnAction, "message", bob, `{"type":"message","from":"bob","text":"anybody?"}`)
	if h.api.callsOf(alice) != before {
		t.Error("a post to a connection that has disconnected")
	}
}

// TestGoneAreForgottenOnce: 1,000 connections of which 100 have gone without a
// $disconnect. The others get the message, and the next one is posted to 900.
func TestGoneAreForgottenOnce(t *testing.T) {
	h := newHouse(t)
	var ids []string
	for i := range 1000 {
		id := h.api.connect()
		h.event(functions.OnConnect, "connect", id, "")
		if i%10 == 3 {
			h.api.vanish(id)
		}
		ids = append(ids, id)
	}
	h.now = h.now.Add(time.Minute) // none of them can be connecting still
	for round := range 2 {
		h.event(functions.OnAction, "message", ids[0], fmt.Sprintf(`{"type":"message","from":"alice","text":"%d"}`, round))
		got := 0
		for i, id := range ids {
			frames := h.received(id)
			if slices.ContainsFunc(frames, func(f map[string]any) bool { return f["text"] == fmt.Sprint(round) }) {
				got++
			}
			if calls := h.api.callsOf(id); i%10 == 3 && calls != 1 {
				t.Errorf("%d posts to %s, which is gone", calls, id)
			}
		}
		if got != 900 {
			t.Errorf("message %d: %d got it, want 900", round, got)
		}
	}
	members := 0
	for page, err := range h.table.InRoom(t.Context(), "general", chat.Everyone) {
		if err != nil {
			t.Fatal(err)
		}
		members += len(page)
	}
	if members != 900 {
		t.Errorf("%d are in the table, want 900", members)
	}
}

// TestRoomIsShared: the chat posts a large room by PostRoom, and what other
// invocations find gone they forget.
func TestRoomIsShared(t *testing.T) {
	a, table, lambda := newAPI(t), memory.NewTable(), &invoker{t: t}
	o := functions.SharingOptions{Poster: a.poster(t, nil), Members: table, Invoker: lambda, From: 10}
	sharing := functions.NewSharing(o)
	now := time.Now()
	talk := chat.New(chat.Ports{Connections: table, Members: table, Log: memory.NewLog(), People: memory.NewPeople(), Poster: sharing},
		chat.Options{PresenceDelay: -1, Now: func() time.Time { return now }})
	t.Cleanup(talk.Close)
	h := &house{t: t, api: a, table: table, Functions: functions.New(talk, functions.Options{SiteOrigins: []string{"*"}, Shares: sharing})}
	var ids []string
	for i := range 40 {
		ids = append(ids, a.connect())
		h.event(functions.OnConnect, "connect", ids[i], "")
		if i%4 == 1 {
			a.vanish(ids[i])
		}
	}
	now = now.Add(time.Minute) // none of them can be connecting still
	h.event(functions.OnAction, "message", ids[0], `{"type":"message","from":"alice","text":"to all"}`)
	if len(lambda.events) != 3 {
		t.Fatalf("%d events, want 3", len(lambda.events))
	}
	for _, event := range lambda.events {
		handler, _ := h.Handler(functions.OnAction)
		if answer, err := handler.Invoke(t.Context(), event); err != nil {
			t.Errorf("%s, %v", answer, err)
		}
	}
	for i, id := range ids {
		if got := h.received(id); i%4 != 1 && (len(got) != 1 || got[0]["text"] != "to all") {
			t.Errorf("connection %d received %v", i, got)
		}
		if _, err := table.Get(t.Context(), id); (err != nil) != (i%4 == 1) {
			t.Errorf("connection %d is in the table: %v", i, err == nil)
		}
	}
}

// TestFlood: who does not heed the limit is told, and closed by DELETE.
func TestFlood(t *testing.T) {
	a := newAPI(t)
	table := memory.NewTable()
	talk := chat.New(chat.Ports{Connections: table, Members: table, Log: memory.NewLog(), People: memory.NewPeople(), Poster: a.poster(t, nil)},
		chat.Options{Rates: &protocol.Rates{Messages: protocol.Rate{PerSecond: 0.1, Burst: 1}, Refusals: 2}})
	t.Cleanup(talk.Close)
	h := &house{t: t, api: a, table: table, Functions: functions.New(talk, functions.Options{SiteOrigins: []string{"*"}})}
	id := a.connect()
	h.event(functions.OnConnect, "connect", id, "")
	a.mu.Lock()
	frames := a.open[id]
	a.mu.Unlock()
	for range 6 {
		h.event(functions.OnAction, "message", id, `{"type":"message","from":"eve","text":"x"}`)
	}
	var got []string
	for frame := range frames { // ends when the connection is closed
		got = append(got, string(frame))
	}
	// Its first message made it somebody, who has a burst of 1 too.
	if len(got) != 5 || !strings.Contains(got[4], `"too_fast"`) || !strings.Contains(got[4], `"retry":false`) {
		t.Errorf("received %q", got)
	}
}
