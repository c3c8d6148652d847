//go:build linux

package faults

import (
	"context"
	"time"
)

// sitting is one connection of a client, from hello to its end.
type sitting struct {
	*client
	*connection
	joined bool             // the first page has come
	asked  bool             // a page is on its way
	before []entry          // live messages that came before the first page: of which epoch is not known yet
	early  map[uint64]entry // live messages beyond a gap
	head   uint64           // when it joined
	live   uint64           // the last live message
	sent   bool             // pending was sent on this connection
	again  bool             // pending may have been sent before
	resent string           // the last id that was sent again: its message may come twice
	since  time.Time        // it began, or asked or said something
	after  time.Duration    // the server wants it to stay away
}

// silence is how long a connection may say nothing before the client gives it
// up: it asks for an answer six times as often.
const silence = 4 * time.Second

func (s *sitting) hold(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.again, s.early, s.since = s.pending != "", map[uint64]entry{}, time.Now()
	if s.greet(ctx) != nil || s.hasty && s.again && !s.say(ctx) {
		return
	}
	pinging := make(chan struct{})
	defer func() { cancel(); <-pinging }()
	go func() {
		defer close(pinging)
		for ctx.Err() == nil {
			sleep(ctx, silence/6)
			s.send(ctx, object{"type": "ping", "rooms": []object{{"room": s.room, "epoch": "", "after": 0}}})
		}
	}()
	for {
		reading, cancel := context.WithTimeout(ctx, silence)
		e, err := s.read(reading)
		cancel()
		waits := !s.joined || s.session == "" || s.sent || s.asked
		if err != nil || waits && time.Since(s.since) > silence {
			return
		}
		if !s.take(ctx, e) {
			return
		}
	}
}

func (s *sitting) greet(ctx context.Context) error {
	room := object{"room": s.room}
	if s.epoch != "" {
		room["epoch"], room["after"] = s.epoch, s.position.Load()
	} else {
		room["after"] = 0
	}
	hello := object{"type": "hello", "id": "hello", "name": s.name, "rooms": []object{room}}
	if s.session != "" {
		hello["session"] = s.session
	}
	return s.send(ctx, hello)
}

// take does what an event asks for; false: this connection is of no more use.
func (s *sitting) take(ctx context.Context, e event) bool {
	switch e.Type {
	case "": // API Gateway's own word: the function has failed
		s.asked, s.sent, s.again = false, false, s.again || s.sent
	case "welcome":
		s.session = e.Session
	case "error":
		return s.told(ctx, e)
	case "joined", "history":
		s.asked = false
		if !s.page(e) {
			return false
		}
		if e.Type == "joined" {
			s.joined, s.head = true, e.Head
			for _, m := range s.before {
				s.hear(m)
			}
		}
	case "message", "edit", "delete":
		if e.Room != s.room {
			s.load.ledger.say(altered, "%s is in %s and got %s", s.name, s.room, e.raw)
			return true
		}
		s.order(e)
		s.hear(e.entry())
	case "pong":
		for _, r := range e.rooms {
			if s.joined && r.Epoch == s.epoch && r.Head > s.position.Load() && len(s.early) == 0 {
				s.early[0] = entry{} // there is more: it is asked for below
			}
		}
	}
	return s.goOn(ctx)
}

// told heeds an error.
func (s *sitting) told(ctx context.Context, e event) bool {
	switch {
	case e.Code == "name_taken": // it was killed between storing the name and telling us the session
		s.name = e.Suggestion
		return s.greet(ctx) == nil
	case e.Code == "hello_twice" && !s.ordered: // an event may be given to a function twice
		return true
	case e.ID == "": // a close follows, or the room cannot be read just now
		s.after = min(time.Duration(e.After), 2000) * time.Millisecond
		return false
	case e.Retry && e.ID == s.pending:
		s.load.refused.Add(1)
		sleep(ctx, min(time.Duration(e.After)*time.Millisecond, s.load.heed))
		s.sent, s.again = false, true
		return s.goOn(ctx)
	}
	s.after = 200 * time.Millisecond
	if !e.Retry {
		s.load.ledger.say(refused, "%s was told %s", s.name, e.raw)
	}
	return false
}

// page takes what is in a page; false: the client has to begin anew.
func (s *sitting) page(e event) bool {
	position := s.position.Load()
	if e.Type == "joined" && s.epoch != "" && s.epoch != e.Epoch && e.Complete {
		s.load.ledger.say(forgotten, "%s came with epoch %s, got %s and was not told: %.200s", s.name, s.epoch, e.Epoch, e.raw)
		return false
	}
	if !e.Complete {
		const resumable = 10_000 // entries, protocol.MaxResume
		if s.epoch == e.Epoch && position <= e.Head && e.Head-position <= resumable {
			s.load.ledger.say(lost, "%s could not resume after %d: %.200s", s.name, position, e.raw)
			return false
		}
		s.load.restarts.Add(1)
		position = e.from - 1
		s.position.Store(position)
	}
	if s.epoch != e.Epoch {
		s.own = nil
	}
	s.epoch = e.Epoch
	if e.from > position+1 {
		s.load.ledger.say(lost, "%s asked for what follows %d and got %d to %d", s.name, position, e.from, e.to)
		return false
	}
	delete(s.early, 0)
	for i, m := range e.entries() {
		if m.Seq != e.from+uint64(i) {
			s.load.ledger.say(lost, "%s got a page with %d where %d should be", s.name, m.Seq, e.from+uint64(i))
			return false
		}
		s.note(m)
	}
	if e.More {
		s.early[0] = entry{}
	}
	return true
}

// order checks that live messages come one after the other where that is
// promised. Only the sender's own may come again, where it sent it again.
func (s *sitting) order(e event) {
	own := e.ID != "" && e.ID == s.resent
	switch {
	case !s.ordered:
	case s.live == 0 && s.joined && e.Seq > s.head+1:
		s.load.ledger.say(outOfOrder, "%s joined at %d and then got %d", s.name, s.head, e.Seq)
	case s.live == 0 && own && e.Seq <= s.head: // perhaps the first one, perhaps repeated
	case s.live == 0 || e.Seq == s.live+1:
		s.live = e.Seq
	case own && e.Seq <= s.live:
	default:
		s.load.ledger.say(outOfOrder, "%s got %d live after %d", s.name, e.Seq, s.live)
		s.live = max(s.live, e.Seq)
	}
}

// hear takes a live message.
func (s *sitting) hear(e entry) {
	if !s.joined {
		s.before = append(s.before, e)
		return
	}
	s.note(e)
}

// note takes an entry, and those that waited for it.
func (s *sitting) note(e entry) {
	s.load.ledger.see(s.name, s.room, s.epoch, e)
	if e.ID != "" && e.ID == s.pending && (s.sent || s.again) {
		s.load.ledger.acknowledge(s.room, s.epoch, e.ID, e.Seq)
		s.pending, s.sent, s.again = "", false, false
		s.mayChange(e)
	}
	s.early[e.Seq] = e
	next := s.position.Load() + 1
	for ; s.early[next].Seq != 0; next++ {
		delete(s.early, next)
	}
	s.position.Store(next - 1)
	for seq := range s.early {
		if seq != 0 && seq < next {
			delete(s.early, seq)
		}
	}
}

// goOn asks for what is missing and says what there is to say.
func (s *sitting) goOn(ctx context.Context) bool {
	if !s.joined {
		return true
	}
	if len(s.early) > 0 && !s.asked {
		s.asked, s.since = true, time.Now()
		return s.send(ctx, object{"type": "history", "id": "gap", "room": s.room, "after": s.position.Load(), "limit": 100}) == nil
	}
	if s.sent || s.asked || s.session == "" {
		return true
	}
	if s.pending == "" {
		if s.settled.Store(!s.speaks || s.load.isDone()); s.settled.Load() {
			return true
		}
		sleep(ctx, s.pause)
		s.pending = s.think()
		s.load.ledger.send(s.pending)
	}
	return s.say(ctx)
}

// say sends what is pending.
func (s *sitting) say(ctx context.Context) bool {
	if s.again {
		s.resent = s.pending
	}
	s.sent, s.since = true, time.Now()
	action := object{"type": "message", "room": s.room, "id": s.pending, "text": textOf(s.pending)}
	if kind, target := changeOf(s.pending); kind != "" {
		action["type"], action["target"] = kind, target
		if kind == "delete" {
			delete(action, "text")
		}
	}
	return s.send(ctx, action) == nil
}
