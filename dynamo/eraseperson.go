package dynamo

import (
	"context"
	"fmt"

	"parley/chat"
)

// ErasePerson removes a person, its name and its sessions, in an order in which
// it may be cut anywhere and called again:
//
//  1. the person's row is nobody's, but still says the skeleton and the sessions
//  2. the name's row and the sessions' go: nothing counts that they say since 1
//  3. the rows of its connections go
//  4. the person's row goes
//
// A get, a query, and a write for each row. It is no error if there is none.
func (s *Store) ErasePerson(ctx context.Context, id chat.PersonID) error {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		done, err := s.erasePerson(ctx, id)
		if err == nil && done {
			return nil
		}
		if err == nil {
			err = pause(ctx, end, attempt, contention)
		}
		if err != nil {
			return fmt.Errorf("erase person %q: %w", id, err)
		}
	}
}

// erasePerson tells whether it was done, or the row changed meanwhile.
func (s *Store) erasePerson(ctx context.Context, id chat.PersonID) (done bool, err error) {
	p, err := s.readPerson(ctx, id)
	if err != nil {
		return false, err
	}
	// What contest left goes by its ttl: somebody may be kept from a name by it.
	ours := p.stored() || p.Skeleton != "" || len(p.sessions()) > 0
	if p.stored() {
		erased := personRow{Person: chat.Person{ID: id, Skeleton: p.Skeleton, Session: p.Session, Former: p.Former}, version: p.version + 1, token: p.token, nobody: true}
		err := s.put(ctx, erased.row(), p.unchanged())
		if _, changed := refused(err); changed {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		p = erased
	}
	if p.Skeleton != "" {
		if _, err := s.remove(ctx, nameKey(p.Skeleton), is("token", text(p.token))); err != nil {
			return false, err
		}
	}
	for _, hash := range p.sessions() {
		if _, err := s.remove(ctx, sessionKey(hash), is("person", text(id))); err != nil {
			return false, err
		}
	}
	q := query{partition: personPartition(id), sort: "begins_with(" + sortKey + ", :from)", from: openPrefix, projection: []string{sortKey}}
	for page, err := range s.pages(ctx, q) {
		if err != nil {
			return false, err
		}
		for _, row := range page.rows {
			if _, err := s.remove(ctx, key(personPartition(id), getText(row, sortKey)), condition{}); err != nil {
				return false, err
			}
		}
	}
	if !ours {
		return true, nil
	}
	gone, err := s.remove(ctx, personKey(id), p.unchanged())
	return err == nil && gone != nil, err
}
