package memory

import (
	"context"
	"slices"
	"sync"

	"parley/chat"
)

// People is a chat.People that is as durable as the process: for tests.
type People struct {
	mu         sync.RWMutex
	persons    map[chat.PersonID]chat.Person
	bySkeleton map[string]chat.PersonID
	bySession  map[[32]byte]chat.PersonID // former ones, too
}

var (
	_ chat.People = (*People)(nil)
)

// NewPeople returns an empty store.
func NewPeople() *People {
	return &People{
		persons:    make(map[chat.PersonID]chat.Person),
		bySkeleton: make(map[string]chat.PersonID),
		bySession:  make(map[[32]byte]chat.PersonID),
	}
}

// Persons returns those of the persons that are stored.
func (s *People) Persons(ctx context.Context, ids ...chat.PersonID) ([]chat.Person, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []chat.Person
	for _, id := range ids {
		if p, ok := s.persons[id]; ok {
			found = append(found, p)
		}
	}
	return found, nil
}

// PersonBySession returns whose session this hash is or was, or chat.ErrNoPerson.
func (s *People) PersonBySession(ctx context.Context, session [32]byte) (chat.Person, error) {
	if err := ctx.Err(); err != nil {
		return chat.Person{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if id, ok := s.bySession[session]; ok {
		return s.persons[id], nil
	}
	return chat.Person{}, chat.ErrNoPerson
}

// PersonByName returns who holds a skeleton, or chat.ErrNoPerson.
func (s *People) PersonByName(ctx context.Context, skeleton string) (chat.Person, error) {
	if err := ctx.Err(); err != nil {
		return chat.Person{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if id, ok := s.bySkeleton[skeleton]; ok {
		return s.persons[id], nil
	}
	return chat.Person{}, chat.ErrNoPerson
}

// PutPerson stores a person whole and takes its skeleton in the same step.
func (s *People) PutPerson(ctx context.Context, p chat.Person) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.put(p)
}

// ChangePerson stores a person as change makes it of what is stored now.
func (s *People) ChangePerson(ctx context.Context, id chat.PersonID, change func(*chat.Person)) (chat.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return chat.Person{}, err
	}
	p, ok := s.persons[id]
	if !ok {
		return chat.Person{}, chat.ErrNoPerson
	}
	change(&p)
	return p, s.put(p)
}

// put is PutPerson while s.mu is held.
func (s *People) put(p chat.Person) error {
	if holder, ok := s.bySkeleton[p.Skeleton]; ok && holder != p.ID {
		return chat.ErrNameTaken
	}
	old := s.persons[p.ID]
	delete(s.bySkeleton, old.Skeleton)
	s.forgetSessions(old)
	p.Former = slices.Clone(p.Former) // the caller's
	s.persons[p.ID] = p
	if p.Skeleton != "" {
		s.bySkeleton[p.Skeleton] = p.ID
	}
	if p.Session != [32]byte{} {
		s.bySession[p.Session] = p.ID
	}
	for _, f := range p.Former {
		s.bySession[f.Hash] = p.ID
	}
	return nil
}

// forgetSessions forgets whose sessions those of a person are. s.mu is held.
func (s *People) forgetSessions(p chat.Person) {
	delete(s.bySession, p.Session)
	for _, f := range p.Former {
		delete(s.bySession, f.Hash)
	}
}

// NoteSeen raises Seen, and makes the name that the person holds the session's.
func (s *People) NoteSeen(ctx context.Context, id chat.PersonID, at int64) (chat.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return chat.Person{}, err
	}
	p, ok := s.persons[id]
	if !ok {
		return chat.Person{}, chat.ErrNoPerson
	}
	p.Seen, p.Holder = max(p.Seen, at), ""
	s.persons[id] = p
	return p, nil
}

// ReleaseName takes the skeleton from the person, if it is still held and
// still by the given holder.
func (s *People) ReleaseName(ctx context.Context, id chat.PersonID, holder chat.ConnectionID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	p, ok := s.persons[id]
	if !ok || p.Skeleton == "" || p.Holder != holder {
		return nil
	}
	delete(s.bySkeleton, p.Skeleton)
	p.Skeleton, p.Holder = "", ""
	s.persons[id] = p
	return nil
}
