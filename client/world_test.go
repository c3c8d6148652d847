package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"parley/protocol"
)

// world is a server in miniature with the manners of the AWS home: it promises a
// durable log and nothing about delivery. Frames are late, overtake each other,
// come twice or never; actions fail before or after their effect; connections
// break, or die without a word. It knows one room.
type world struct {
	room   string
	resume int // entries that may have been missed

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	faults faults
	epoch  string
	floor  uint64
	log    []logged          // its sequence is the index + 1
	claims map[string]uint64 // person and id to sequence
	people map[string]string // session to person
	links  map[*link]bool
	seen   counts
	act    func(*link, frame) bool // takes an action's place, if it returns true

	listener *pipes
	server   *http.Server
}

// faults are probabilities, and the longest times.
type faults struct {
	lose, double, fail, half float64 // half: of a connection that breaks, that nobody is told
	delay, cut               time.Duration
}

// counts are what happened.
type counts struct{ connections, cuts, lost, doubled, failed, known int }

type logged struct {
	kind, id, person, text string
	target                 uint64
}

type frame map[string]any

func (f frame) text(name string) string { s, _ := f[name].(string); return s }
func (f frame) number(name string) (uint64, bool) {
	n, there := f[name].(float64)
	return uint64(n), there
}

// link is one connection.
type link struct {
	ws     *websocket.Conn
	began  time.Time
	ctx    context.Context
	end    context.CancelFunc
	person string
	joined bool
	dead   bool // nothing passes any more, and nobody is told
}

func newWorld(seed uint64) *world {
	w := &world{
		room: "general", resume: 12, random: rand.New(rand.NewPCG(seed, 1)), epoch: "e1",
		claims: map[string]uint64{}, people: map[string]string{}, links: map[*link]bool{}, listener: newPipes(),
	}
	w.server = &http.Server{Handler: w}
	go w.server.Serve(w.listener)
	return w
}

// client returns what connects to this world and to nothing else.
func (w *world) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: w.listener.dial, DisableKeepAlives: true}}
}

func (w *world) close() {
	w.cut()
	w.server.Close()
}

// cut ends all connections.
func (w *world) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.links {
		l.end()
	}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		return
	}
	defer ws.CloseNow()
	l := &link{ws: ws, began: time.Now()}
	l.ctx, l.end = context.WithCancel(context.Background())
	defer l.end()
	w.mu.Lock()
	w.links[l] = true
	w.seen.connections++
	if w.faults.cut > 0 {
		time.AfterFunc(500*time.Millisecond+rand.N(w.faults.cut), func() { w.breaks(l) })
	}
	w.mu.Unlock()
	for {
		_, text, err := ws.Read(l.ctx)
		if err != nil {
			break
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			panic(err)
		}
		w.mu.Lock()
		w.later(func() { w.take(l, f) })
		w.mu.Unlock()
	}
	w.mu.Lock()
	delete(w.links, l)
	w.mu.Unlock()
}

// breaks ends a connection, as the weather will have it.
func (w *world) breaks(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults.cut == 0 || l.ctx.Err() != nil {
		return
	}
	w.seen.cuts++
	switch {
	case w.chance(w.faults.half):
		l.dead = true
	case w.chance(0.3):
		w.give(l, protocol.Errorf(protocol.Restarting, "Back in a moment.").Retriable(200))
		time.AfterFunc(time.Second, func() { l.ws.Close(protocol.CloseRestarting, "") })
	default:
		l.end()
	}
}

// What follows is called with mu held.

func (w *world) chance(p float64) bool { return w.random.Float64() < p }

// later runs something under mu after a delay. Nothing takes no time: two who
// answer each other for ever would let no clock get on, and no test end.
func (w *world) later(run func()) {
	wait := time.Millisecond
	if w.faults.delay > 0 {
		wait += time.Duration(w.random.Int64N(int64(w.faults.delay)))
	}
	time.AfterFunc(wait, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		run()
	})
}

// give delivers an event: or not, or twice.
func (w *world) give(l *link, event any) {
	text := protocol.Encode(event)
	copies := 1
	if w.chance(w.faults.lose) {
		copies = 0
		w.seen.lost++
	} else if w.chance(w.faults.double) {
		copies = 2
		w.seen.doubled++
	}
	for range copies {
		w.later(func() {
			if l.dead {
				return
			}
			go func() { // not under mu; at once it is a frame of its own, in any order
				ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
				defer cancel()
				l.ws.Write(ctx, websocket.MessageText, text)
			}()
		})
	}
}

func (w *world) tell(event any) {
	for l := range w.links {
		if l.joined {
			w.give(l, event)
		}
	}
}

func (w *world) take(l *link, f frame) {
	if l.dead || l.ctx.Err() != nil && !w.chance(0.3) { // a function may still run when its connection is gone
		return
	}
	failed := func() {
		w.seen.failed++
		w.give(l, map[string]string{"message": "Internal server error", "connectionId": "x", "requestId": "y"})
	}
	if w.chance(w.faults.fail) {
		failed()
		return
	}
	if w.act == nil || !w.act(l, f) {
		w.answer(l, f)
	}
	if w.chance(w.faults.fail) {
		failed()
	}
}

func (w *world) answer(l *link, f frame) {
	id := f.text("id")
	if f["type"] != "hello" && l.person == "" {
		w.give(l, protocol.Errorf(protocol.HelloFirst, "Say hello.").WithID(id).Retriable(0))
		return
	}
	switch f["type"] {
	case "hello":
		w.hello(l, f, id)
	case "join":
		w.join(l, f, id)
	case "history":
		w.history(l, f, id)
	case "message":
		w.say(l, f, id)
	case "edit", "delete":
		w.change(l, f, id)
	case "ping":
		rooms := []protocol.RoomPosition{}
		if l.joined {
			rooms = append(rooms, protocol.RoomPosition{Room: w.room, Epoch: w.epoch, Head: w.head()})
		}
		w.give(l, &protocol.Pong{Type: "pong", ID: id, Rooms: rooms})
	default:
		w.give(l, protocol.Errorf(protocol.UnknownType, "What?").WithID(id))
	}
}

func (w *world) head() uint64 { return uint64(len(w.log)) }

func (w *world) hello(l *link, f frame, id string) {
	if l.person != "" {
		w.give(l, protocol.Errorf(protocol.HelloTwice, "Again?").WithID(id))
		return
	}
	session := f.text("session")
	if w.people[session] == "" {
		session = fmt.Sprintf("session-%d", len(w.people))
		w.people[session] = fmt.Sprintf("person-%d", len(w.people))
	}
	l.person = w.people[session]
	welcome := &protocol.Welcome{
		Type: "welcome", ID: id, You: protocol.You{Person: protocol.Person{ID: l.person, Name: f.text("name")}, Role: "guest"},
		Session: session, Server: "world 1", Limits: protocol.CurrentLimits(), Rooms: []string{},
	}
	if welcome.You.Name == "" {
		welcome.You.Name = l.person
	}
	rooms, _ := f["rooms"].([]any)
	for range rooms {
		welcome.Rooms = append(welcome.Rooms, w.room)
	}
	w.give(l, welcome)
	for _, r := range rooms {
		w.join(l, frame(r.(map[string]any)), "")
	}
}

func (w *world) join(l *link, f frame, id string) {
	l.joined = true
	after, positioned := f.number("after")
	head := w.head()
	epoch := f.text("epoch")
	known := positioned && (epoch == "" || epoch == w.epoch) && after >= w.floor && after <= head && head-after <= uint64(w.resume)
	p := w.page(max(w.floor, head-min(head, 10))+1, head)
	if known {
		p = w.page(after+1, min(head, after+10))
	}
	p.Type, p.ID = "joined", id
	p.Complete, p.More = known || !positioned, p.To < head
	if !known {
		p.More = p.From > w.floor+1
	}
	w.give(l, &protocol.Joined{Page: p, People: []protocol.Person{}, Count: 1})
}

func (w *world) history(l *link, f frame, id string) {
	if !l.joined {
		w.give(l, protocol.Errorf(protocol.NotInRoom, "Join first.").WithID(id))
		return
	}
	after, newer := f.number("after")
	var p protocol.Page
	if newer {
		from := max(after, w.floor)
		p = w.page(from+1, min(w.head(), from+10))
		p.Complete, p.More = after >= w.floor && after <= w.head(), p.To < w.head()
	} else {
		before, _ := f.number("before")
		to := min(before-1, w.head())
		p = w.page(max(w.floor, to-min(to, 10))+1, to)
		p.Complete, p.More = true, p.From > w.floor+1
	}
	p.Type, p.ID = "history", id
	w.give(l, &protocol.History{Page: p})
}

func (w *world) say(l *link, f frame, id string) {
	switch {
	case !l.joined:
		w.give(l, protocol.Errorf(protocol.NotInRoom, "Join first.").WithID(id))
	case w.chance(min(0.05, w.faults.lose)):
		w.give(l, protocol.Errorf(protocol.TooFast, "Slower.").WithID(id).Retriable(300))
	default:
		seq, known := w.claims[l.person+" "+id]
		if known {
			w.seen.known++
		} else {
			seq = w.append(logged{kind: "message", id: id, person: l.person, text: f.text("text")})
			w.claims[l.person+" "+id] = seq
		}
		w.tellEntry(seq)
	}
}

func (w *world) change(l *link, f frame, id string) {
	target, _ := f.number("target")
	seq, known := w.claims[l.person+" "+id]
	switch {
	case !l.joined:
		w.give(l, protocol.Errorf(protocol.NotInRoom, "Join first.").WithID(id))
		return
	case known:
		w.seen.known++
	default:
		seq = w.append(logged{kind: f.text("type"), id: id, person: l.person, text: f.text("text"), target: target})
		w.claims[l.person+" "+id] = seq
	}
	w.tellEntry(seq)
}

func (w *world) append(e logged) uint64 {
	w.log = append(w.log, e)
	return w.head()
}

// someoneSays appends a message of somebody else.
func (w *world) someoneSays() {
	w.tellEntry(w.append(logged{kind: "message", id: fmt.Sprint("o-", len(w.log)), person: "somebody", text: fmt.Sprint("text ", len(w.log)+1)}))
}

func (w *world) tellEntry(seq uint64) {
	p := w.page(seq, seq)
	for _, m := range p.Messages {
		w.tell(&protocol.Said{Type: "message", Room: w.room, Seq: m.Seq, ID: m.ID, From: m.From, Person: m.Person, Text: m.Text, At: 1, Edited: m.Edited, Deleted: m.Deleted})
	}
	for _, c := range p.Changes {
		if c.Type == "edit" {
			w.tell(&protocol.Edited{Type: "edit", Room: w.room, Seq: c.Seq, Target: c.Target, ID: c.ID, Person: c.Person, Text: c.Text, At: 1})
		} else {
			w.tell(&protocol.Deleted{Type: "delete", Room: w.room, Seq: c.Seq, Target: c.Target, ID: c.ID, Person: c.Person, At: 1})
		}
	}
}

func (w *world) page(from, to uint64) protocol.Page {
	p := protocol.Page{
		Room: w.room, Epoch: w.epoch, Floor: w.floor, Head: w.head(), From: from, To: max(to, from-1), Complete: true,
		Messages: []protocol.Item{}, Changes: []protocol.Change{},
	}
	for seq := from; seq <= to; seq++ {
		e := w.log[seq-1]
		if e.kind == "message" {
			p.Messages = append(p.Messages, w.now(seq))
			continue
		}
		text := e.text
		if w.now(e.target).Edited != seq {
			text = ""
		}
		p.Changes = append(p.Changes, protocol.Change{Type: e.kind, Seq: seq, Target: e.target, ID: e.id, Person: e.person, Text: text, At: 1})
	}
	return p
}

// now is a message as it is now.
func (w *world) now(seq uint64) protocol.Item {
	e := w.log[seq-1]
	m := protocol.Item{Seq: seq, ID: e.id, From: e.person, Person: e.person, Text: e.text, At: 1}
	for i, change := range w.log {
		switch {
		case change.target != seq:
		case change.kind == "delete":
			return protocol.Item{Seq: seq, Deleted: true}
		default:
			m.Text, m.Edited = change.text, uint64(i+1)
		}
	}
	return m
}

// pipes is a listener in memory, so that synctest's clock holds for it too.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipes() *pipes { return &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.waiting <- server:
		return client, nil
	case <-p.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.waiting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
