package conform

import (
	"context"
	"slices"

	"parley/protocol"
)

func hintCases() []Case {
	return []Case{
		{"hint/people", "One would not know who is there.", nil, hintPeople},
		{"hint/presence", "One would not see who comes and goes.", needsHints, hintPresence},
		{"hint/typing", "One would not see that an answer is being written.", needsHints, hintTyping},
	}
}

func needsHints(t Target) string {
	if t.Hintless {
		return "presence and typing are hints, and may be missing here"
	}
	return ""
}

// hintPeople looks at joined. Who has no name is not counted; who has two
// connections is counted once.
func hintPeople(ctx context.Context, s *Suite) error {
	room := s.room()
	ada, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	if _, err := s.enterAs(ctx, action{"session": ada.session}, room); err != nil {
		return err
	}
	if _, err := s.enterAs(ctx, action{}, room); err != nil {
		return err
	}
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	j, err := c.join(ctx, room, nil)
	if err != nil {
		return err
	}
	if j.Count != 2 || len(j.People) != 2 || !slices.Contains(j.People, ada.me) || !slices.Contains(j.People, c.me) {
		return want(rulePeople, "two persons, %q and %q", ada.me.Name, c.me.Name).but(j)
	}
	return nil
}

func hintPresence(ctx context.Context, s *Suite) error {
	room := s.room()
	watcher, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	x := want(rulePresence, "a presence that %q joined, with a count of 2", c.me.Name)
	if _, err := await(ctx, watcher, x, 0, func(p *protocol.Presence) bool {
		return p.Room == room && slices.Contains(p.Joined, c.me) && p.Count == 2
	}); err != nil {
		return err
	}
	if err := c.leave(ctx, room); err != nil {
		return err
	}
	x = want(rulePresence, "a presence that %q left, with a count of 1", c.me.Name)
	_, err = await(ctx, watcher, x, 0, func(p *protocol.Presence) bool {
		return p.Room == room && slices.Contains(p.Left, c.me) && p.Count == 1
	})
	return err
}

func hintTyping(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	ada, other := people[0], people[1]
	if err := ada.send(ctx, action{"type": "typing", "room": room}); err != nil {
		return err
	}
	x := want(ruleTyping, "the other one in the room to be told that %q is writing", ada.me.Name)
	if _, err := await(ctx, other, x, 0, func(t *protocol.SomebodyTypes) bool {
		return t.Room == room && t.Person == ada.me.ID && t.Name == ada.me.Name
	}); err != nil {
		return err
	}
	if err := ada.quiet(ctx); err != nil {
		return err
	}
	return ada.never(want(ruleTyping, "nobody to be told of the own typing"), 0, func(e event) bool { return e.kind == "typing" })
}
