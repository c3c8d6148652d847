package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
)

// home is a chat over the in-memory adapters, and a Poster that remembers.
type home struct {
	t *testing.T
	*chat.Chat
	table   *faultyTable
	log     *faultyLog
	poster  *recorder
	rules   *memory.Rules
	people  *memory.People
	options chat.Options
}

// recorder is a Poster. A connection is gone until it is opened.
type recorder struct {
	mu     sync.Mutex
	open   map[string]bool
	frames map[string][][]byte
	posts  int
	closed map[string]int // close codes
	panics bool
}

func (r *recorder) Post(ctx context.Context, frames [][]byte, to []string) (gone []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts++
	if r.panics {
		panic("a bug")
	}
	for _, id := range to {
		if !r.open[id] {
			gone = append(gone, id)
			continue
		}
		r.frames[id] = append(r.frames[id], frames...)
	}
	return gone, nil
}

func (r *recorder) Close(ctx context.Context, code int, reason string, ids ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		r.closed[id] = code
	}
	return nil
}

// faultyTable is a table whose Join can be made to fail, and that can change under a Put.
type faultyTable struct {
	*memory.Table
	fail  error
	onPut func() // before it
}

func (f *faultyTable) Put(ctx context.Context, c chat.Connection) error {
	if f.onPut != nil {
		f.onPut()
	}
	return f.Table.Put(ctx, c)
}

func (f *faultyTable) Join(ctx context.Context, room string, m chat.Member) (bool, error) {
	if f.fail != nil {
		return false, f.fail
	}
	return f.Table.Join(ctx, room, m)
}

// faultyLog is a MessageLog that can be made to fail, and that counts appends.
type faultyLog struct {
	*memory.Log
	mu       sync.Mutex
	fail     error
	appends  int
	ranges   int    // both ways
	onRange  func() // before it
	onAppend func() // before it

	afterRange func() // both ways
}

func (l *faultyLog) Range(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	if l.onRange != nil {
		l.onRange()
	}
	return l.ranged(l.Log.Range(ctx, room, from, to, maxBytes))
}

func (l *faultyLog) RangeBack(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	return l.ranged(l.Log.RangeBack(ctx, room, from, to, maxBytes))
}

// ranged counts what was read.
func (l *faultyLog) ranged(entries []chat.Entry, err error) ([]chat.Entry, error) {
	l.mu.Lock()
	l.ranges++
	l.mu.Unlock()
	if l.afterRange != nil {
		l.afterRange()
	}
	return entries, err
}

func (l *faultyLog) Append(ctx context.Context, room string, entries ...chat.Entry) ([]chat.Appended, error) {
	l.mu.Lock()
	l.appends++
	err := l.fail
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if l.onAppend != nil {
		l.onAppend()
	}
	return l.Log.Append(ctx, room, entries...)
}

func newHome(t *testing.T, o chat.Options) *home {
	t.Helper()
	h := &home{
		t: t, table: &faultyTable{Table: memory.NewTable()},
		log:   &faultyLog{Log: memory.NewLog()},
		rules: memory.NewRules(), people: memory.NewPeople(),
		poster: &recorder{open: map[string]bool{}, frames: map[string][][]byte{}, closed: map[string]int{}},
	}
	h.begin(o)
	return h
}

// begin has a new chat work on what the home holds.
func (h *home) begin(o chat.Options) {
	if o.RulesAge == 0 { // no other process changes the log
		o.PageBytes = 1 << 20
	}
	h.options = o
	h.Chat = chat.New(chat.Ports{Connections: h.table, Members: h.table, Log: h.log, People: h.people, Poster: h.poster, Rules: h.rules}, o)
	h.t.Cleanup(h.Close)
}

// laidDown has rules in force that were laid down by another process.
func (h *home) laidDown(rules ...chat.Rule) {
	h.t.Helper()
	for _, r := range rules {
		if err := h.rules.PutRule(context.Background(), r); err != nil {
			h.t.Fatal(err)
		}
	}
	h.begin(h.options)
}

// appoint gives a person a role.
func (h *home) appoint(person, role string) {
	h.t.Helper()
	h.laidDown(chat.Rule{Kind: chat.RuleRole, Subject: person, Text: role})
}

// connect opens a connection with the sub-protocols offered.
func (h *home) connect(id string, subprotocols ...string) {
	h.t.Helper()
	if _, err := h.OnConnect(context.Background(), id, chat.Handshake{Subprotocols: subprotocols}); err != nil {
		h.t.Fatal(err)
	}
	h.poster.mu.Lock()
	h.poster.open[id] = true
	h.poster.mu.Unlock()
}

// hello opens a connection with the sub-protocol, a name and rooms.
func (h *home) hello(id, name string, rooms ...string) event {
	h.t.Helper()
	h.connect(id, protocol.Subprotocol)
	hello := map[string]any{"type": "hello", "id": "hello"}
	if name != "" {
		hello["name"] = name
	}
	list := []any{}
	for _, r := range rooms {
		list = append(list, map[string]any{"room": r})
	}
	hello["rooms"] = list
	h.act(id, hello)
	return h.last(id, "welcome")
}

// act gives frames to OnAction: strings as they are, the rest as JSON.
func (h *home) act(id string, frames ...any) {
	h.t.Helper()
	var raw [][]byte
	for _, f := range frames {
		if s, ok := f.(string); ok {
			raw = append(raw, []byte(s))
			continue
		}
		b, err := json.Marshal(f)
		if err != nil {
			h.t.Fatal(err)
		}
		raw = append(raw, b)
	}
	if err := h.OnAction(context.Background(), id, raw...); err != nil {
		h.t.Fatalf("OnAction: %v", err)
	}
}

func (h *home) say(id, room, client, text string) {
	h.t.Helper()
	h.act(id, map[string]any{"type": "message", "room": room, "id": client, "text": text})
}

type event map[string]any

func (e event) num(key string) int { n, _ := e[key].(float64); return int(n) }
func (e event) str(key string) string {
	s, _ := e[key].(string)
	return s
}
func (e event) list(key string) (all []event) {
	items, _ := e[key].([]any)
	for _, i := range items {
		all = append(all, event(i.(map[string]any)))
	}
	return all
}

// got returns what a connection was sent, optionally only events of one type.
func (h *home) got(id string, types ...string) (all []event) {
	h.t.Helper()
	h.poster.mu.Lock()
	defer h.poster.mu.Unlock()
	for _, frame := range h.poster.frames[id] {
		if len(frame) > protocol.MaxFrameBytes {
			h.t.Errorf("a frame of %d bytes: %.80s…", len(frame), frame)
		}
		var e event
		if err := json.Unmarshal(frame, &e); err != nil {
			h.t.Fatalf("%s: %v", frame, err)
		}
		if len(types) == 0 || e["type"] == types[0] {
			all = append(all, e)
		}
	}
	return all
}

func (h *home) last(id, kind string) event {
	h.t.Helper()
	all := h.got(id, kind)
	if len(all) == 0 {
		h.t.Fatalf("%s got no %s, but %v", id, kind, h.got(id))
	}
	return all[len(all)-1]
}

// clear drops what connections were sent so far.
func (h *home) clear() {
	h.poster.mu.Lock()
	defer h.poster.mu.Unlock()
	h.poster.frames, h.poster.posts = map[string][][]byte{}, 0
}

func texts(events []event) (all []string) {
	for _, e := range events {
		all = append(all, e.str("text"))
	}
	return all
}

// refused are the frames of protocol/testdata/refused.json.
func refused(t *testing.T) (all []struct{ Why, Frame, Code, ID string }) {
	t.Helper()
	b, err := os.ReadFile("../protocol/testdata/refused.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func at(s string) func() time.Time {
	now, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return now }
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
