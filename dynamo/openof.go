package dynamo

import (
	"context"
	"fmt"
	"strings"

	"parley/chat"
)

// OfPerson returns the open connections of a person. One consistent query, and
// a batch for each 100 that were its within the TTL: the rows by which they are
// found go by their ttl, which is free, where a delete at each $disconnect would
// be a write. What they name counts while the connection's row agrees.
func (s *Store) OfPerson(ctx context.Context, id chat.PersonID) ([]chat.Connection, error) {
	var keys []item
	for p, err := range s.pages(ctx, query{partition: personPartition(id), sort: "begins_with(" + sortKey + ", :from)", from: openPrefix}) {
		if err != nil {
			return nil, fmt.Errorf("connections of person %q: %w", id, err)
		}
		for _, row := range p.rows {
			if !expired(row, s.now()) {
				keys = append(keys, connectionKey(strings.TrimPrefix(getText(row, sortKey), openPrefix)))
			}
		}
	}
	var open []chat.Connection
	for len(keys) > 0 {
		n := min(len(keys), batchKeys)
		rows, rest, err := s.getBatch(ctx, keys[:n], false)
		if err != nil {
			return nil, fmt.Errorf("connections of person %q: %w", id, err)
		}
		for _, row := range rows {
			c := connection(strings.TrimPrefix(getText(row, partitionKey), connectionPartition("")), row)
			if c.Person == id && !expired(row, s.now()) {
				open = append(open, c)
			}
		}
		keys = append(rest, keys[n:]...)
	}
	return open, nil
}
