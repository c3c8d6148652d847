package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
	"parley/protocol"
)

// batchKeys is the most that DynamoDB takes in one BatchGetItem.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const batchKeys = 100

// listedPersons is up to how many persons are read consistently: those of a room
// in which everybody's coming and going is told. More are asked for to list a
// room of which nobody is told that: a list that is seconds old from the start may
// have a name of a second ago, at half the price. That is most of what a hello
// reads: 100 persons, and some 12 units for the rest. Where somebody renamed itself
// in the second before, and renamed was told before who joins was a member, the list
// has the old name until the person says something, which carries the new one, or
// the page joins again. No right rests on it: who acts is read alone, and so is who
// has a name.
const listedPersons = protocol.MaxTypingPeople

// Persons returns those of the persons that are stored. One consistent get for
// one person, a batch for up to 100: who renamed itself speaks under the new
// name at once. Of more than listedPersons those are read consistently that are
// not found otherwise, since they may be new; the others may be as they were a
// second ago.
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
	if len(wanted) > listedPersons {
		var err error
		if found, err = s.readPersons(ctx, wanted, true); err != nil {
			return nil, err
		}
		for _, p := range found {
			delete(known, p.ID)
		}
		wanted = wanted[:0]
		for id := range known {
			wanted = append(wanted, personKey(id))
		}
	}
	others, err := s.readPersons(ctx, wanted, false)
	if err != nil {
		return nil, err
	}
	return append(found, others...), ctx.Err()
}

// readPersons returns those of the rows that are somebody's.
func (s *Store) readPersons(ctx context.Context, wanted []item, eventual bool) (found []chat.Person, err error) {
	for len(wanted) > 0 {
		n := min(len(wanted), batchKeys)
		rows, rest, err := s.getBatch(ctx, wanted[:n], eventual)
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
	return found, nil
}

// getBatch returns the rows of some keys, and the keys that it did not get to.
// Only if it got to none does it wait: then it was throttled.
func (s *Store) getBatch(ctx context.Context, keys []item, eventual bool) (rows, rest []item, err error) {
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		out, err := do(ctx, s, s.client.BatchGetItem, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table: {Keys: keys, ConsistentRead: aws.Bool(!eventual)}},
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

// PersonBySession returns whose session this hash is or was, or chat.ErrNoPerson. Two
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
	if !p.stored() || !slices.Contains(p.sessions(), session) {
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
	if !p.stored() || p.Skeleton != skeleton {
		return chat.Person{}, chat.ErrNoPerson
	}
	return p.Person, nil
}
