package conform

import (
	"context"
	"fmt"

	"parley/protocol"
)

func plainCases() []Case {
	return []Case{
		{"plain/golden frame number one", "The 2019 sample's clients, wscat and every WebSocket tool could not take part.", nil, goldenFrame},
		{"plain/name taken", "Two persons with one name could not be told apart.", nil, plainVariant},
		{"plain/from", "Anybody could speak in anybody's name.", nil, plainFrom},
		{"plain/nothing else", "Tools that know four fields would choke on what they never asked for.", nil, plainNothingElse},
	}
}

// goldenFrame sends what the sample's clients send, byte for byte but for name
// and text: others may have taken "<username>" here, and the text must be found again.
func goldenFrame(ctx context.Context, s *Suite) error {
	alice, err := s.plain(ctx)
	if err != nil {
		return err
	}
	listener, err := s.plain(ctx)
	if err != nil {
		return err
	}
	name, text := s.name(), "<b>"+s.text()+"</b>"
	if err := alice.sendText(ctx, fmt.Sprintf(`{"type":"message","from":"%s","text":"%s"}`, name, text)); err != nil {
		return err
	}
	var first *protocol.Said
	for _, c := range []*conn{alice, listener} {
		m, err := await(ctx, c, want(ruleShortest, "the message %q to come back to all in general", text), 0, func(m *protocol.Said) bool { return m.Text == text })
		if err != nil {
			return err
		}
		if m.From != name || m.Room != protocol.GeneralRoom || m.Person == "" || m.Seq == 0 || m.At == 0 {
			return want(ruleShortest, "a message from %q in general, with person, seq and at", name).but(m)
		}
		if first == nil {
			first = m
		} else if *first != *m {
			return want(ruleMessage, "the same copy for everybody: %s", show(first)).but(m)
		}
	}
	return nil
}

func plainVariant(ctx context.Context, s *Suite) error {
	holder, err := s.enter(ctx)
	if err != nil {
		return err
	}
	c, err := s.plain(ctx)
	if err != nil {
		return err
	}
	m, err := c.sayAs(ctx, action{"from": holder.me.Name, "text": s.text()})
	if err != nil {
		return err
	}
	if m.From == holder.me.Name || m.From == "" || m.Person == holder.me.ID {
		return want(ruleVariant, "another name than %q, which is taken", holder.me.Name).but(m)
	}
	_, err = await(ctx, c, want(ruleVariant, "a notice %s about the name %q", protocol.NameGiven, m.From), 0, func(n *protocol.Notice) bool {
		return n.Code == protocol.NameGiven && n.Text != ""
	})
	return err
}

func plainFrom(ctx context.Context, s *Suite) error {
	victim, err := s.enter(ctx)
	if err != nil {
		return err
	}
	c, err := s.plain(ctx)
	if err != nil {
		return err
	}
	first, err := c.sayAs(ctx, action{"from": s.name(), "text": s.text()})
	if err != nil {
		return err
	}
	for _, from := range []any{victim.me.Name, s.name(), "", nil} {
		a := action{"from": from, "text": s.text()}
		if from == nil {
			delete(a, "from")
		}
		m, err := c.sayAs(ctx, a)
		if err != nil {
			return err
		}
		if m.From != first.From || m.Person != first.Person {
			return want(ruleFrom, "a plain connection that sends from %q to stay %q", from, first.From).but(m)
		}
	}
	return nil
}

// plainNothingElse lets others come, type, rename and go in general, all of
// which a plain connection must not hear of. conn.allowed looks for it.
func plainNothingElse(ctx context.Context, s *Suite) error {
	c, err := s.plain(ctx)
	if err != nil {
		return err
	}
	guest, err := s.enter(ctx, protocol.GeneralRoom)
	if err != nil {
		return err
	}
	if err := guest.send(ctx, action{"type": "typing", "room": protocol.GeneralRoom}); err != nil {
		return err
	}
	if _, err := guest.rename(ctx, s.name()); err != nil {
		return err
	}
	if err := guest.leave(ctx, protocol.GeneralRoom); err != nil {
		return err
	}
	return c.quiet(ctx)
}
