package dynamo

import (
	"context"
	"fmt"
	"iter"

	"parley/chat"
)

// crowd is the number of connections in a room from which Join and Leave no
// longer look for a person's other connections, but answer false. On AWS
// nobody is told of comings and goings above 20 people, so nobody asks; and a
// room of 10,000 read whole at each of 10,000 joins would be throttled, since
// one partition gives 3,000 reads of 4 KB a second.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
const crowd = 500

func noteKey(id chat.ConnectionID, room string) item {
	return key(connectionPartition(id), notePrefix+room)
}

// Join puts a connection into a room. One write, one more if the connection's
// row does not list the room, and for a person one consistent query of at most
// crowd rows.
//
// Two connections of one person that join at the same time may both be first:
// the one whose row is older always is. So a coming may be told twice and is
// never kept quiet.
func (s *Store) Join(ctx context.Context, room string, m chat.Member) (first bool, err error) {
	row := key(memberPartition(room), m.Connection)
	row[ttlAttribute] = s.expiry()
	since := s.now().UnixMicro()
	setText(row, "person", m.Person)
	if m.Plain {
		row["plain"] = flag()
	}
	if m.Person != "" {
		row["since"] = number(since)
	}
	// The note goes first: a membership nobody knows of would be posted to until its ttl.
	if !s.noted.joined(m.Connection, room) {
		note := noteKey(m.Connection, room)
		note[ttlAttribute] = row[ttlAttribute]
		if err := s.put(ctx, note, condition{}); err != nil {
			return false, fmt.Errorf("note connection %q in room %q: %w", m.Connection, room, err)
		}
	}
	if err := s.put(ctx, row, condition{}); err != nil {
		return false, fmt.Errorf("put connection %q into room %q: %w", m.Connection, room, err)
	}
	if m.Person == "" {
		return false, nil
	}
	others, crowded, err := s.othersOf(ctx, room, m.Person, m.Connection)
	if err != nil {
		return false, fmt.Errorf("look for the person of connection %q in room %q: %w", m.Connection, room, err)
	}
	if crowded {
		return false, nil
	}
	for _, o := range others {
		if before := getInt(o, "since"); before < since || before == since && getText(o, sortKey) < m.Connection {
			return false, nil
		}
	}
	return true, nil
}

// Leave takes a connection out of a room. One write, and for a person one
// consistent query of at most crowd rows. Two connections of one person that
// leave at the same time may both be the last.
func (s *Store) Leave(ctx context.Context, room string, id chat.ConnectionID) (last bool, err error) {
	was, err := s.remove(ctx, key(memberPartition(room), id), condition{})
	if err != nil {
		return false, fmt.Errorf("take connection %q out of room %q: %w", id, room, err)
	}
	s.noted.leave(id, room)
	person := getText(was, "person")
	if person == "" || expired(was, s.now()) {
		return false, nil
	}
	others, crowded, err := s.othersOf(ctx, room, person, id)
	if err != nil {
		return false, fmt.Errorf("look for the person of connection %q in room %q: %w", id, room, err)
	}
	return len(others) == 0 && !crowded, nil
}

// othersOf returns the rows of a person's other connections in a room. In a
// crowd it tells that, having looked at the first rows only.
func (s *Store) othersOf(ctx context.Context, room string, person chat.PersonID, id chat.ConnectionID) (others []item, crowded bool, err error) {
	q := query{
		partition: memberPartition(room), limit: crowd, projection: []string{sortKey, "since"},
		filter: "#person = :person AND #ttl > :now",
		values: item{":person": text(person), ":now": number(s.now().Unix())},
	}
	for p, err := range s.pages(ctx, q) {
		if err != nil {
			return nil, false, err
		}
		for _, row := range p.rows {
			if getText(row, sortKey) != id {
				others = append(others, row)
			}
		}
		if p.more {
			return others, true, nil
		}
	}
	return others, false, nil
}

// InRoom yields a room's connections as DynamoDB returns them, 1 MB of rows,
// some 10,000, at a time. Consistent, since whoever has joined must get what is
// said from then on; nothing but the ids is transferred, though DynamoDB bills
// the rows whole: 128 reads of 4 KB for 1 MB.
func (s *Store) InRoom(ctx context.Context, room string, to chat.Audience) iter.Seq2[[]chat.ConnectionID, error] {
	return s.inRoom(ctx, room, to, query{})
}

// InRoomBetween is InRoom for the connections with after < id <= until, so that
// several functions may share a fan-out; the empty string is no bound. Take ids
// of the room as bounds, not letters: API Gateway's ids begin alike for
// connections that were opened within the same hours.
func (s *Store) InRoomBetween(ctx context.Context, room string, to chat.Audience, after, until chat.ConnectionID) iter.Seq2[[]chat.ConnectionID, error] {
	q := query{from: after, to: until}
	switch {
	case after != "" && until != "": // BETWEEN includes after, which is taken out below
		q.sort = sortKey + " BETWEEN :from AND :to"
	case after != "":
		q.sort = sortKey + " > :from"
	case until != "":
		q.sort = sortKey + " <= :to"
	}
	if after != "" && after >= until && until != "" { // DynamoDB would refuse the bounds
		return func(func([]chat.ConnectionID, error) bool) {}
	}
	return s.inRoom(ctx, room, to, q)
}

func (s *Store) inRoom(ctx context.Context, room string, to chat.Audience, q query) iter.Seq2[[]chat.ConnectionID, error] {
	q.partition, q.projection = memberPartition(room), []string{sortKey}
	q.filter, q.values = "#ttl > :now", item{":now": number(s.now().Unix())}
	if to == chat.WithProtocol {
		q.filter += " AND attribute_not_exists(#plain)"
	}
	return func(yield func([]chat.ConnectionID, error) bool) {
		for p, err := range s.pages(ctx, q) {
			if err != nil {
				yield(nil, fmt.Errorf("members of room %q: %w", room, err))
				return
			}
			ids := make([]chat.ConnectionID, 0, len(p.rows))
			for _, row := range p.rows {
				if id := getText(row, sortKey); q.from == "" || id != q.from {
					ids = append(ids, id)
				}
			}
			if len(ids) > 0 && !yield(ids, nil) {
				return
			}
		}
	}
}
