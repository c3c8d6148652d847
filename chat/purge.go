package chat

import (
	"context"
	"fmt"

	"parley/protocol"
)

// purge deletes all that a person said, in one room or in all.
func (t *turn) purge(ctx context.Context, by Person, a *protocol.Purge) error {
	p, err := t.concerned(ctx, by, a.Person, false)
	if err != nil {
		return err
	}
	t.flush(ctx)
	deleted, err := t.chat.purge(ctx, p.ID, a.Room, by)
	if err != nil {
		return err
	}
	told := protocol.Ruling{Do: "purge", Room: a.Room, Person: p.ID, Name: p.Name, By: by.ID, ByName: by.Name, At: t.chat.millis()}
	for _, n := range deleted {
		told.Messages += n
	}
	if err := t.chat.record(ctx, actOf(told)); err != nil {
		return err
	}
	return t.chat.tellPerson(ctx, p.ID, t.answerRuling(a.ID, told))
}

// purgeBatch is how many messages one commit deletes, so that others' messages
// do not wait long behind it.
const purgeBatch = 100

// purge deletes what a person said, in one room or in all where room is empty,
// as somebody else's act or its own. Each deletion is an entry of the log and
// told to the room. It returns how many messages there were, by room. Where it
// returned an error, calling it again goes on.
func (c *Chat) purge(ctx context.Context, person PersonID, room string, by Person) (deleted map[string]int, err error) {
	deleted = map[string]int{}
	found := map[string][]Entry{}
	commit := func(room string) error {
		d := &delivery{entries: found[room]}
		delete(found, room)
		if err := c.deliver(ctx, room, d); err != nil && d.appended == nil {
			return fmt.Errorf("purge room %q: %w", room, err)
		}
		deleted[room] += len(d.entries)
		return nil
	}
	for place, err := range c.Log.SaidBy(ctx, person, room) {
		if err != nil {
			return deleted, fmt.Errorf("look for what somebody said: %w", err)
		}
		e := Entry{Kind: KindDelete, Target: place.Seq, Person: by.ID, From: by.Name, At: c.millis(), Order: true}
		if found[place.Room] = append(found[place.Room], e); len(found[place.Room]) == purgeBatch {
			if err := commit(place.Room); err != nil {
				return deleted, err
			}
		}
	}
	for room := range found {
		if err := commit(room); err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}
