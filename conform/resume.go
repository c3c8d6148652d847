package conform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/protocol"
)

func resumeCases() []Case {
	return []Case{
		{"resume/what was missed", "A train through a tunnel would lose messages, or show them twice.", nil, resumeMissed},
		{"resume/nothing missed", "Coming back would show again what one has.", nil, resumeNothing},
		{"resume/position unknown", "Messages of another log would be mixed with those one has.", nil, resumeUnknown},
	}
}

// resumeMissed comes back after 20 long messages, while a third one speaks on.
// Pages and events together must be all that was missed, and the speaker's.
func resumeMissed(ctx context.Context, s *Suite) error {
	const had, missed, during = 3, 20, 8
	long := strings.Repeat("x", 3000) // 20 of them are three pages
	room := s.room()
	ada, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	others, err := s.crowd(ctx, 3, room)
	if err != nil {
		return err
	}
	var last *protocol.Said
	for range had {
		if last, err = ada.say(ctx, room, s.text()); err != nil {
			return err
		}
	}
	j, err := ada.join(ctx, room, nil)
	if err != nil {
		return err
	}
	ada.ws.CloseNow()
	for i := range missed {
		if _, err := others[i%2].say(ctx, room, fmt.Sprint(i, " ", long)); err != nil {
			return err
		}
	}

	speaking := make(chan error, 1)
	go func() {
		var err error
		for i := range during {
			if _, e := others[2].say(ctx, room, fmt.Sprint("meanwhile ", i)); e != nil {
				err = e
				break
			}
		}
		speaking <- err
	}()
	back, got, err := s.comeBack(ctx, ada.session, room, j.Epoch, last.Seq)
	if err = errors.Join(err, <-speaking); err != nil {
		return err
	}
	for seq := last.Seq + 1; seq <= last.Seq+missed+during; seq++ {
		if _, paged := got.messages[seq]; paged {
			continue
		}
		x := want(ruleResume, "message %d in a page, or as an event", seq)
		if _, err := await(ctx, back, x, 0, func(m *protocol.Said) bool { return m.Room == room && m.Seq == seq }); err != nil {
			return err
		}
	}
	return nil
}

// missed is what the pages of a resume had.
type missed struct {
	messages map[uint64]protocol.Item
	changes  []protocol.Change // oldest first
}

// comeBack resumes a room on a new connection, page by page, and returns what
// the pages had.
func (s *Suite) comeBack(ctx context.Context, session, room, epoch string, after uint64) (c *conn, got missed, err error) {
	if c, err = s.silent(ctx); err != nil {
		return nil, got, err
	}
	c.intend(room)
	mark := c.mark()
	if _, err := c.hello(ctx, action{"session": session, "rooms": []action{{"room": room, "epoch": epoch, "after": after}}}); err != nil {
		return nil, got, err
	}
	j, err := await(ctx, c, want(ruleHelloRooms, "joined for room %q", room), mark, func(j *protocol.Joined) bool { return j.Room == room })
	if err != nil {
		return nil, got, err
	}
	got.messages = map[uint64]protocol.Item{}
	for p := &j.Page; ; {
		if p.From != after+1 || p.To < p.From && p.More || !p.Complete {
			return nil, got, want(ruleResume, "a complete page that begins with %d", after+1).but(p)
		}
		for _, m := range p.Messages {
			got.messages[m.Seq] = m
		}
		got.changes = append(got.changes, p.Changes...)
		if p.More != (p.To < p.Head) {
			return nil, got, want(ruleMore, "more %t", p.To < p.Head).but(p)
		}
		if !p.More {
			return c, got, nil
		}
		after = p.To
		if p, err = c.history(ctx, room, action{"after": after}); err != nil {
			return nil, got, err
		}
	}
}

func resumeNothing(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	m, err := c.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	j, err := c.join(ctx, room, nil)
	if err != nil {
		return err
	}
	for _, position := range []action{{"after": m.Seq}, {"after": m.Seq, "epoch": j.Epoch}} {
		j, err := c.join(ctx, room, position)
		if err != nil {
			return err
		}
		if !j.Complete || j.More || j.From != m.Seq+1 || j.To != m.Seq || j.Head != m.Seq || len(j.Messages) != 0 {
			return want(rulePageTo, "a complete and empty page, since nothing came after %d", m.Seq).but(j)
		}
	}
	return nil
}

func resumeUnknown(ctx context.Context, s *Suite) error {
	const n = 6
	c, room, err := s.told(ctx, n, number)
	if err != nil {
		return err
	}
	j, err := c.join(ctx, room, nil)
	if err != nil {
		return err
	}
	for _, position := range []action{
		{"after": 2, "epoch": "foreign-" + word(8)}, {"after": 0, "epoch": "foreign-" + word(8)},
		{"after": n + 1}, {"after": n + 1, "epoch": j.Epoch}, {"after": uint64(protocol.MaxSequence)},
	} {
		j, err := c.join(ctx, room, position)
		if err != nil {
			return err
		}
		if j.Complete || j.From != 1 || j.To != n || j.Head != n || len(j.Messages) != n {
			return want(ruleComplete, "complete false and the newest page, since %s cannot be continued", show(position)).but(j)
		}
	}
	return nil
}
