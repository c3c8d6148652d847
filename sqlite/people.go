package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"parley/chat"
)

// personColumns are what scanPerson reads.
const personColumns = "id, name, skeleton, session, holder, created, seen, admitted, role, former"

func scanPerson(scan func(...any) error) (chat.Person, error) {
	var p chat.Person
	var skeleton sql.NullString
	var session, former []byte
	var admitted string
	if err := scan(&p.ID, &p.Name, &skeleton, &session, &p.Holder, &p.Created, &p.Seen, &admitted, &p.Role, &former); err != nil {
		return chat.Person{}, err
	}
	if admitted != "" {
		p.Admitted = strings.Split(strings.TrimSuffix(admitted, "/"), "/")
	}
	p.Skeleton = skeleton.String
	copy(p.Session[:], session)
	for f := range formerIn(former) {
		p.Former = append(p.Former, chat.Former{State: chat.FormerState(f[0]), Hash: [32]byte(f[1:])})
	}
	return p, nil
}

// formerBytes is the length of a former session in its column.
const formerBytes = 1 + 32

// formerIn yields the former sessions of a column, as far as it is whole.
func formerIn(column []byte) iter.Seq[[]byte] {
	return slices.Chunk(column[:len(column)/formerBytes*formerBytes], formerBytes)
}

// Persons returns those of the persons that are stored. Who was asked for
// lately is answered from memory.
func (s *Store) Persons(ctx context.Context, ids ...chat.PersonID) ([]chat.Person, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found := make([]chat.Person, 0, len(ids))
	for _, id := range ids {
		p, err := s.person(ctx, id)
		if errors.Is(err, chat.ErrNoPerson) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

func (s *Store) person(ctx context.Context, id chat.PersonID) (chat.Person, error) {
	p, ok, changes := s.people.get(id)
	if ok {
		return p, nil
	}
	p, err := s.onePerson(ctx, s.read.personByID, id)
	if err == nil {
		s.people.fill(p, changes)
	}
	return p, err
}

// PersonBySession returns whose session this hash is or was, or chat.ErrNoPerson.
func (s *Store) PersonBySession(ctx context.Context, session [32]byte) (chat.Person, error) {
	p, err := s.onePerson(ctx, s.read.personBySession, session[:])
	if errors.Is(err, chat.ErrNoPerson) {
		return s.onePerson(ctx, s.read.personByFormer, session[:])
	}
	return p, err
}

// PersonByName returns who holds a skeleton, or chat.ErrNoPerson.
func (s *Store) PersonByName(ctx context.Context, skeleton string) (chat.Person, error) {
	return s.onePerson(ctx, s.read.personByName, skeleton)
}

func (s *Store) onePerson(ctx context.Context, query *sql.Stmt, key any) (chat.Person, error) {
	p, err := scanPerson(query.QueryRowContext(ctx, key).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Person{}, chat.ErrNoPerson
	}
	if err != nil {
		return chat.Person{}, s.failed(err, "look a person up")
	}
	return p, nil
}

// PutPerson stores a person whole and takes the skeleton in the same step; see
// chat.People. It returns when that is durable, or chat.ErrNameTaken.
func (s *Store) PutPerson(ctx context.Context, p chat.Person) error {
	taken := false
	err := s.writer.submit(ctx, 0, func(b *batch) (err error) {
		if taken, err = b.heldByAnother(p); err != nil || taken {
			return err
		}
		return b.putPerson(p)
	})
	if err != nil {
		return fmt.Errorf("store person %q: %w", p.ID, err)
	}
	if taken {
		return chat.ErrNameTaken
	}
	return nil
}

// ChangePerson stores a person as change makes it of what is stored now; see
// chat.People. One writer has the file, so nothing comes between.
func (s *Store) ChangePerson(ctx context.Context, id chat.PersonID, change func(*chat.Person)) (chat.Person, error) {
	var now chat.Person
	taken := false
	err := s.writer.submit(ctx, 0, func(b *batch) (err error) {
		taken = false
		now, err = scanPerson(b.st.personAt.QueryRowContext(b.ctx, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			now = chat.Person{}
			return nil
		} else if err != nil {
			return err
		}
		change(&now)
		if taken, err = b.heldByAnother(now); err != nil || taken {
			return err
		}
		return b.putPerson(now)
	})
	switch {
	case err != nil:
		return now, fmt.Errorf("change person %q: %w", id, err)
	case taken:
		return now, chat.ErrNameTaken
	case now.ID == "":
		return now, chat.ErrNoPerson
	}
	return now, nil
}

func (b *batch) heldByAnother(p chat.Person) (bool, error) {
	if p.Skeleton == "" {
		return false, nil
	}
	var holder chat.PersonID
	err := b.st.nameHolder.QueryRowContext(b.ctx, p.Skeleton).Scan(&holder)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return holder != p.ID, err
}

func (b *batch) putPerson(p chat.Person) error {
	skeleton := sql.NullString{String: p.Skeleton, Valid: p.Skeleton != ""}
	var session []byte // stays null for somebody without one
	if p.Session != [32]byte{} {
		session = p.Session[:]
	}
	admitted := ""
	for _, room := range p.Admitted {
		admitted += room + "/"
	}
	former := []byte{} // not null
	for _, f := range p.Former {
		former = append(append(former, byte(f.State)), f.Hash[:]...)
	}
	if err := b.putFormer(p); err != nil {
		return err
	}
	_, err := b.st.putPerson.ExecContext(b.ctx, p.ID, p.Name, skeleton, session, p.Holder, p.Created, p.Seen, admitted, p.Role, former)
	if err != nil {
		return err
	}
	p.Admitted, p.Former = slices.Clone(p.Admitted), slices.Clone(p.Former) // the caller's
	b.published = append(b.published, func() { b.people.put(p) })
	return nil
}

// putFormer makes a person's former sessions those that are found.
func (b *batch) putFormer(p chat.Person) error {
	var stored []byte
	err := b.st.formerOf.QueryRowContext(b.ctx, p.ID).Scan(&stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for f := range formerIn(stored) {
		if _, err := b.st.dropFormer.ExecContext(b.ctx, f[1:]); err != nil {
			return err
		}
	}
	for _, f := range p.Former {
		if _, err := b.st.putFormer.ExecContext(b.ctx, f.Hash[:], p.ID); err != nil {
			return err
		}
	}
	return nil
}

// NoteSeen raises Seen, and makes the name that the person holds the session's;
// see chat.People.
func (s *Store) NoteSeen(ctx context.Context, id chat.PersonID, at int64) (chat.Person, error) {
	var now chat.Person
	err := s.writer.submit(ctx, 0, func(b *batch) (err error) {
		now, err = scanPerson(b.st.noteSeen.QueryRowContext(b.ctx, at, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			now = chat.Person{}
			return nil
		}
		seen := now
		b.published = append(b.published, func() { b.people.put(seen) })
		return err
	})
	switch {
	case err != nil:
		return now, fmt.Errorf("note that person %q was seen: %w", id, err)
	case now.ID == "":
		return now, chat.ErrNoPerson
	}
	return now, nil
}

// ReleaseName takes the skeleton from the person, if it is still held and
// still by the given holder.
func (s *Store) ReleaseName(ctx context.Context, id chat.PersonID, holder chat.ConnectionID) error {
	err := s.writer.submit(ctx, 0, func(b *batch) error {
		if _, err := b.st.releaseSkeleton.ExecContext(b.ctx, id, holder); err != nil {
			return err
		}
		b.published = append(b.published, func() { b.people.forget(id) })
		return nil
	})
	if err != nil {
		return fmt.Errorf("release the name of person %q: %w", id, err)
	}
	return nil
}
