package memory

import (
	"slices"

	"parley/chat"
)

// room is who is in one room. Table.mu guards it.
type room struct {
	name    string
	members map[chat.ConnectionID]*member
	persons map[chat.PersonID]int // by how many connections each is here

	// Each member stands in one of these, at member.position: taking one out
	// moves the last into its place, so neither way costs more in a large room.
	withProtocol, plain []*member

	snapshot *snapshot // nil since the membership changed
}

type member struct {
	chat.Member
	room     *room
	position int
}

// snapshot is a room's connections at one moment; never changed once made.
type snapshot struct {
	everyone, withProtocol []chat.ConnectionID
}

func newRoom(name string) *room {
	return &room{
		name:    name,
		members: make(map[chat.ConnectionID]*member),
		persons: make(map[chat.PersonID]int),
	}
}

func (r *room) list(m *member) *[]*member {
	if m.Plain {
		return &r.plain
	}
	return &r.withProtocol
}

func (r *room) add(m *member) (first bool) {
	list := r.list(m)
	m.position = len(*list)
	*list = append(*list, m)
	r.members[m.Connection] = m
	r.snapshot = nil
	return r.countIn(m.Person)
}

func (r *room) remove(m *member) (last bool) {
	list := r.list(m)
	end := len(*list) - 1
	moved := (*list)[end]
	(*list)[m.position] = moved
	moved.position = m.position
	(*list)[end] = nil // or the array would keep the departed alive
	*list = (*list)[:end]
	if end < cap(*list)/4 { // after a crowd has gone, give its memory back
		*list = slices.Clip(slices.Clone(*list))
	}
	delete(r.members, m.Connection)
	r.snapshot = nil
	return r.countOut(m.Person)
}

func (r *room) countIn(id chat.PersonID) (first bool) {
	if id == "" {
		return false
	}
	r.persons[id]++
	return r.persons[id] == 1
}

func (r *room) countOut(id chat.PersonID) (last bool) {
	if id == "" {
		return false
	}
	r.persons[id]--
	if r.persons[id] > 0 {
		return false
	}
	delete(r.persons, id)
	return true
}

// some returns up to limit of the persons. All who come to a large room are told
// the same ones, as far as the first members are different people: those the
// store has at hand, where any others would be read from the disk.
func (r *room) some(limit int) []chat.PersonID {
	n := min(limit, len(r.persons))
	if n == 0 {
		return nil
	}
	people, known := make([]chat.PersonID, 0, n), make(map[chat.PersonID]bool, n)
	add := func(id chat.PersonID) (more bool) {
		if id != "" && !known[id] {
			known[id] = true
			people = append(people, id)
		}
		return len(people) < n
	}
	for _, m := range r.withProtocol[:min(2*limit, len(r.withProtocol))] { // no more: they may all be one person's
		if !add(m.Person) {
			return people
		}
	}
	for id := range r.persons {
		if !add(id) {
			return people
		}
	}
	return people
}

// takeSnapshot is linear in the room's size. It is made by the first fan-out
// after a change, so a storm of joins between two messages costs it once.
func (r *room) takeSnapshot() *snapshot {
	ids := make([]chat.ConnectionID, 0, len(r.members))
	for _, m := range r.withProtocol {
		ids = append(ids, m.Connection)
	}
	for _, m := range r.plain {
		ids = append(ids, m.Connection)
	}
	n := len(r.withProtocol)
	return &snapshot{everyone: ids, withProtocol: ids[:n:n]}
}
