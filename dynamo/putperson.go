package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/chat"
)

// PutPerson stores a person whole and takes its skeleton; see chat.People and
// name.go. A get and a write; one write more for each of a new name, a new
// session, an old name and a session that is no longer known.
func (s *Store) PutPerson(ctx context.Context, p chat.Person) error {
	_, err := s.changePerson(ctx, p.ID, func(personRow) (chat.Person, error) { return p, nil })
	return err
}

// ChangePerson stores a person as change makes it of what is stored now; see
// chat.People. The same calls as PutPerson, again where the row changed meanwhile.
func (s *Store) ChangePerson(ctx context.Context, id chat.PersonID, change func(*chat.Person)) (chat.Person, error) {
	return s.changePerson(ctx, id, func(old personRow) (chat.Person, error) {
		if !old.stored() {
			return chat.Person{}, chat.ErrNoPerson
		}
		p := old.Person
		change(&p)
		return p, nil
	})
}

// changePerson stores what become makes of a person's row, while that is as it
// was read.
func (s *Store) changePerson(ctx context.Context, id chat.PersonID, become func(personRow) (chat.Person, error)) (chat.Person, error) {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		p, done, err := s.putPerson(ctx, id, become)
		if errors.Is(err, chat.ErrNameTaken) || errors.Is(err, chat.ErrNoPerson) {
			return p, err
		}
		if err == nil && done {
			return p, nil
		}
		if err == nil {
			err = pause(ctx, end, attempt, contention)
		}
		if err != nil {
			return p, fmt.Errorf("store person %q: %w", id, err)
		}
	}
}

// putPerson tells whether it was done, or the row changed meanwhile.
func (s *Store) putPerson(ctx context.Context, id chat.PersonID, become func(personRow) (chat.Person, error)) (p chat.Person, done bool, err error) {
	old, err := s.readPerson(ctx, id)
	if err != nil {
		return p, false, err
	}
	if p, err = become(old); err != nil {
		return p, false, err
	}
	row := personRow{Person: p, version: old.version + 1, token: old.token}
	if p.Skeleton == "" {
		row.token = ""
	} else if p.Skeleton != old.Skeleton || !old.stored() {
		if row.token, err = s.takeName(ctx, p.ID, p.Skeleton); err != nil {
			return p, false, err
		}
	}
	before := old.sessions()
	for _, hash := range row.sessions() {
		if old.stored() && slices.Contains(before, hash) {
			continue
		}
		session := sessionKey(hash)
		session["person"] = text(p.ID)
		if err := s.put(ctx, session, condition{}); err != nil {
			return p, false, err
		}
	}
	err = s.put(ctx, row.row(), old.unchanged())
	if _, changed := refused(err); changed {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	// From here on all is done. What is left below counts for nothing, because
	// this person's row no longer agrees with it.
	if old.Skeleton != "" && old.Skeleton != p.Skeleton {
		s.dropName(ctx, old)
	}
	for _, hash := range before {
		if slices.Contains(row.sessions(), hash) {
			continue
		}
		if _, err := s.remove(ctx, sessionKey(hash), is("person", text(p.ID))); err != nil {
			s.logger.Warn("the row of a session that is no longer known is left", "person", p.ID, "error", err)
		}
	}
	return p, true, nil
}

// NoteSeen raises Seen, and makes the name that the person holds the session's.
// A get and a write.
func (s *Store) NoteSeen(ctx context.Context, id chat.PersonID, at int64) (chat.Person, error) {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		p, err := s.readPerson(ctx, id)
		if err != nil {
			return chat.Person{}, err
		}
		if !p.stored() {
			return chat.Person{}, chat.ErrNoPerson
		}
		seen := p
		seen.Seen, seen.Holder = max(p.Seen, at), ""
		seen.version++
		err = s.put(ctx, seen.row(), p.unchanged())
		if err == nil {
			return seen.Person, nil
		}
		if _, changed := refused(err); changed {
			err = pause(ctx, end, attempt, contention)
		}
		if err != nil {
			return chat.Person{}, fmt.Errorf("note that person %q was seen: %w", id, err)
		}
	}
}

// ReleaseName takes the skeleton from the person, if it is still held and still
// by the given holder. A get and two writes.
func (s *Store) ReleaseName(ctx context.Context, id chat.PersonID, holder chat.ConnectionID) error {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		p, err := s.readPerson(ctx, id)
		if err != nil {
			return fmt.Errorf("release the name of person %q: %w", id, err)
		}
		if !p.stored() || p.Skeleton == "" || p.Holder != holder {
			return nil
		}
		free := p
		free.Skeleton, free.Holder, free.token = "", "", ""
		free.version++
		err = s.put(ctx, free.row(), p.unchanged())
		if err == nil {
			s.dropName(ctx, p)
			return nil
		}
		if _, changed := refused(err); !changed {
			return fmt.Errorf("release the name of person %q: %w", id, err)
		}
		if err := pause(ctx, end, attempt, contention); err != nil {
			return fmt.Errorf("release the name of person %q: %w", id, err)
		}
	}
}
