package dynamo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley/chat"
)

// crowdFresh is how long a process goes on telling a crowd's count before it
// reads the room again. A thousand people who come back at once would otherwise
// read a room of a thousand a thousand times.
const crowdFresh = 5 * time.Second

// crowdPeople is how many persons of a crowd are remembered for the list.
const crowdPeople = 100

// Present returns how many persons are in a room, and up to limit of them. It
// reads the room's rows whole. Consistent where persons are asked for, as who
// has just joined looks for itself among them; where only the count is, half
// the price is worth more than its last second.
//
// In rooms of more than crowd connections, the answer may be crowdFresh old and
// has at most crowdPeople persons.
func (s *Store) Present(ctx context.Context, room string, limit int) (people []chat.PersonID, count int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if c, ok := s.crowds.get(room, s.now()); ok {
		return c.people[:max(0, min(limit, len(c.people)))], c.count, nil
	}
	seen := make(map[chat.PersonID]struct{})
	rows := 0
	q := query{
		partition: memberPartition(room), projection: []string{"person"}, eventual: limit <= 0,
		filter: "attribute_exists(#person) AND #ttl > :now", values: item{":now": number(s.now().Unix())},
	}
	for p, err := range s.pages(ctx, q) {
		if err != nil {
			return nil, 0, fmt.Errorf("who is in room %q: %w", room, err)
		}
		rows += len(p.rows)
		for _, row := range p.rows {
			person := getText(row, "person")
			if _, again := seen[person]; again {
				continue
			}
			seen[person] = struct{}{}
			if len(people) < max(limit, crowdPeople) {
				people = append(people, person)
			}
		}
	}
	if rows > crowd {
		s.crowds.put(room, crowdCount{people: people[:min(crowdPeople, len(people))], count: len(seen), until: s.now().Add(crowdFresh)})
	}
	return people[:max(0, min(limit, len(people)))], len(seen), nil
}

// crowds remember the counts of large rooms. The zero value is ready.
type crowds struct {
	mu   sync.Mutex
	room map[string]crowdCount
}

type crowdCount struct {
	people []chat.PersonID // never changed once made
	count  int
	until  time.Time
}

func (c *crowds) get(room string, now time.Time) (crowdCount, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.room[room]
	return known, ok && now.Before(known.until)
}

// maxCrowds bounds the memory: a hundred rooms of 500 connections are more than
// one process serves within crowdFresh.
const maxCrowds = 100

func (c *crowds) put(room string, known crowdCount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room == nil || len(c.room) >= maxCrowds {
		c.room = make(map[string]crowdCount)
	}
	c.room[room] = known
}
