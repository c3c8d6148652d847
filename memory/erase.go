package memory

import (
	"context"
	"iter"
	"slices"
	"sort"

	"parley/chat"
)

// SaidBy yields where a person's messages stand that have a text still.
func (l *Log) SaidBy(ctx context.Context, person chat.PersonID, room string) iter.Seq2[chat.Place, error] {
	return func(yield func(chat.Place, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(chat.Place{}, err)
			return
		}
		for _, p := range l.saidBy(person, room) { // whoever asks may change the log meanwhile
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (l *Log) saidBy(person chat.PersonID, room string) (places []chat.Place) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for name, r := range l.rooms {
		if room != "" && room != name {
			continue
		}
		for _, e := range r.entries {
			if e.Kind == chat.KindMessage && e.Person == person && e.Text != "" {
				places = append(places, chat.Place{Room: name, Seq: e.Seq})
			}
		}
	}
	return places
}

// ForgetSender empties a person's name, client's ids and texts in all entries.
func (l *Log) ForgetSender(ctx context.Context, person chat.PersonID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, r := range l.rooms {
		for i := range r.entries {
			e := &r.entries[i]
			if e.Person != person {
				continue
			}
			delete(r.once, onceKey{person, e.ID})
			e.From, e.ID, e.Text = "", "", ""
		}
	}
	return nil
}

// Trim raises the floor of a room's log.
func (l *Log) Trim(ctx context.Context, room string, floor uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	r, ok := l.rooms[room]
	if !ok || floor <= r.floor || floor > r.head() {
		return nil
	}
	gone := r.entries[:floor-r.floor]
	for _, e := range gone {
		if e.ID != "" {
			delete(r.once, onceKey{e.Person, e.ID})
		}
	}
	r.entries = slices.Clone(r.entries[len(gone):]) // or the array would keep what is gone
	r.floor = floor
	return nil
}

// Aged returns the sequence of the newest entry that was made before at.
func (l *Log) Aged(ctx context.Context, room string, at int64) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	r, ok := l.rooms[room]
	if !ok {
		return 0, nil
	}
	older := sort.Search(len(r.entries), func(i int) bool { return r.entries[i].At >= at })
	if older == 0 { // where all before it were trimmed, nothing is known of their time
		return 0, nil
	}
	return r.entries[older-1].Seq, nil
}

// ErasePerson removes a person, its name and its sessions.
func (s *People) ErasePerson(ctx context.Context, id chat.PersonID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	p, ok := s.persons[id]
	if !ok {
		return nil
	}
	delete(s.persons, id)
	s.forgetSessions(p)
	if p.Skeleton != "" {
		delete(s.bySkeleton, p.Skeleton)
	}
	return nil
}
