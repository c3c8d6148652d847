package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
)

// personRow is a person as stored, with what keeps writers apart.
type personRow struct {
	chat.Person
	version uint64 // of the row; 0: there is none
	token   string // of the name's row, as of when the name was taken
	nobody  bool   // the row has only a version; see contest
}

func (p personRow) row() item {
	row := personKey(p.ID)
	row["version"] = number(p.version)
	if p.nobody {
		row["nobody"] = flag()
		return row
	}
	setText(row, "name", p.Name)
	setText(row, "skeleton", p.Skeleton)
	setText(row, "token", p.token)
	setText(row, "holder", p.Holder)
	setNumber(row, "created", p.Created)
	setNumber(row, "seen", p.Seen)
	if p.Session != [32]byte{} {
		row["session"] = bytes(p.Session[:])
	}
	return row
}

func parsePerson(row item) personRow {
	if row == nil {
		return personRow{}
	}
	return personRow{
		Person: chat.Person{
			ID: getText(row, partitionKey)[len(personPartition("")):], Name: getText(row, "name"), Skeleton: getText(row, "skeleton"),
			Session: getHash(row, "session"), Holder: getText(row, "holder"), Created: getInt(row, "created"), Seen: getInt(row, "seen"),
		},
		version: getUint(row, "version"), token: getText(row, "token"), nobody: getFlag(row, "nobody"),
	}
}

func (p personRow) stored() bool { return p.version != 0 && !p.nobody }

// unchanged holds while a person's row is as it was read.
func (p personRow) unchanged() condition {
	if p.version == 0 {
		return absent
	}
	return is("version", number(p.version))
}

func (s *Store) readPerson(ctx context.Context, id chat.PersonID) (personRow, error) {
	row, err := s.get(ctx, personKey(id))
	if err != nil {
		return personRow{}, fmt.Errorf("read person %q: %w", id, err)
	}
	p := parsePerson(row)
	p.ID = id
	return p, nil
}

// batchKeys is the most that DynamoDB takes in one BatchGetItem.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const batchKeys = 100

// Persons returns those of the persons that are stored. One consistent get for
// one person, a batch for up to 100: who renamed itself speaks under the new
// name at once.
func (s *Store) Persons(ctx context.Context, ids ...chat.PersonID) ([]chat.Person, error) {
	if len(ids) == 1 {
		p, err := s.readPerson(ctx, ids[0])
		if err != nil || !p.stored() {
			return nil, err
		}
		return []chat.Person{p.Person}, nil
	}
	var wanted []item
	known := make(map[chat.PersonID]bool)
	for _, id := range ids {
		if !known[id] { // the same key twice is refused
			known[id] = true
			wanted = append(wanted, personKey(id))
		}
	}
	var found []chat.Person
	for len(wanted) > 0 {
		n := min(len(wanted), batchKeys)
		rows, rest, err := s.getBatch(ctx, wanted[:n])
		if err != nil {
			return nil, fmt.Errorf("read %d persons: %w", n, err)
		}
		for _, row := range rows {
			if p := parsePerson(row); p.stored() {
				found = append(found, p.Person)
			}
		}
		wanted = append(rest, wanted[n:]...)
	}
	return found, ctx.Err()
}

// getBatch returns the rows of some keys, and the keys that it did not get to.
// Only if it got to none does it wait: then it was throttled.
func (s *Store) getBatch(ctx context.Context, keys []item) (rows, rest []item, err error) {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		out, err := do(ctx, s, s.client.BatchGetItem, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table: {Keys: keys, ConsistentRead: aws.Bool(true)}},
		})
		if err != nil {
			return nil, nil, err
		}
		rows, rest = out.Responses[s.table], out.UnprocessedKeys[s.table].Keys
		if len(rest) < len(keys) {
			return rows, rest, nil
		}
		if err := pause(ctx, end, attempt, overload); err != nil {
			return nil, nil, err
		}
	}
}

// PersonBySession returns whose session has this hash, or chat.ErrNoPerson. Two
// consistent gets: the session's row counts while the person's row agrees.
func (s *Store) PersonBySession(ctx context.Context, session [32]byte) (chat.Person, error) {
	if session == [32]byte{} {
		return chat.Person{}, errors.Join(chat.ErrNoPerson, ctx.Err())
	}
	row, err := s.get(ctx, sessionKey(session))
	if err != nil {
		return chat.Person{}, fmt.Errorf("look up session: %w", err)
	}
	if row == nil {
		return chat.Person{}, chat.ErrNoPerson
	}
	p, err := s.readPerson(ctx, getText(row, "person"))
	if err != nil {
		return chat.Person{}, err
	}
	if !p.stored() || p.Session != session {
		return chat.Person{}, chat.ErrNoPerson
	}
	return p.Person, nil
}

// PersonByName returns who holds a skeleton, or chat.ErrNoPerson. Two
// consistent gets: the name's row counts while the person's row agrees.
func (s *Store) PersonByName(ctx context.Context, skeleton string) (chat.Person, error) {
	if skeleton == "" {
		return chat.Person{}, errors.Join(chat.ErrNoPerson, ctx.Err())
	}
	row, err := s.get(ctx, nameKey(skeleton))
	if err != nil {
		return chat.Person{}, fmt.Errorf("look up name: %w", err)
	}
	if row == nil {
		return chat.Person{}, chat.ErrNoPerson
	}
	p, err := s.readPerson(ctx, getText(row, "person"))
	if err != nil {
		return chat.Person{}, err
	}
	if p.Skeleton != skeleton {
		return chat.Person{}, chat.ErrNoPerson
	}
	return p.Person, nil
}

// PutPerson stores a person whole and takes its skeleton; see chat.People and
// name.go. A get and a write; one write more for each of a new name, a new
// session, an old name and an old session.
func (s *Store) PutPerson(ctx context.Context, p chat.Person) error {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		done, err := s.putPerson(ctx, p)
		if errors.Is(err, chat.ErrNameTaken) {
			return err
		}
		if err != nil {
			return fmt.Errorf("store person %q: %w", p.ID, err)
		}
		if done {
			return nil
		}
		if err := pause(ctx, end, attempt, contention); err != nil {
			return fmt.Errorf("store person %q: %w", p.ID, err)
		}
	}
}

// putPerson tells whether it was done, or the row changed meanwhile.
func (s *Store) putPerson(ctx context.Context, p chat.Person) (done bool, err error) {
	old, err := s.readPerson(ctx, p.ID)
	if err != nil {
		return false, err
	}
	row := personRow{Person: p, version: old.version + 1, token: old.token}
	if p.Skeleton == "" {
		row.token = ""
	} else if p.Skeleton != old.Skeleton {
		if row.token, err = s.takeName(ctx, p.ID, p.Skeleton); err != nil {
			return false, err
		}
	}
	if p.Session != old.Session && p.Session != [32]byte{} {
		session := sessionKey(p.Session)
		session["person"] = text(p.ID)
		if err := s.put(ctx, session, condition{}); err != nil {
			return false, err
		}
	}
	err = s.put(ctx, row.row(), old.unchanged())
	if _, changed := refused(err); changed {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// From here on all is done. What is left below counts for nothing, because
	// this person's row no longer agrees with it.
	if old.Skeleton != "" && old.Skeleton != p.Skeleton {
		s.dropName(ctx, old)
	}
	if old.Session != [32]byte{} && old.Session != p.Session {
		if _, err := s.remove(ctx, sessionKey(old.Session), is("person", text(p.ID))); err != nil {
			s.logger.Warn("an ended session's row is left", "person", p.ID, "error", err)
		}
	}
	return true, nil
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
