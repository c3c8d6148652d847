package conform

import (
	"context"
	"strings"

	"parley/protocol"
)

func textCases() []Case {
	return []Case{
		{"text/unchanged", "What people write would arrive as something else.", nil, textUnchanged},
		{"text/longest", "A long message would be lost on its way, or close the connection.", nil, textLongest},
		{"text/too large", "What cannot be delivered would be stored.", nil, textTooLarge},
	}
}

// longestJSON is a text of exactly protocol.MaxTextBytes as JSON: controls,
// which are six bytes each, between two quotes.
var longestJSON = strings.Repeat("\u0001", (protocol.MaxTextBytes-2)/6) + strings.Repeat("x", (protocol.MaxTextBytes-2)%6)

func textUnchanged(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 3, room)
	if err != nil {
		return err
	}
	texts := []string{
		`<script>alert("&amp;")</script> & 'so' on`, "one\ntwo\r\nthree\ttabbed", "  around  ", "\n<- a line above\n",
		"👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️", "שלום \u202e\u202dabc\u202c مرحبا", "nul \u0000 and bell \u0007", "a\u2028b\u2029c\u0085d\ufeffe\u200bf",
		"cafe\u0301 is not caf\u00e9, nor \ufb01 fi", `\u003c \n \\ "quoted"`, "x \U0010ffff \ufffd \uffff \ue000", "{\"type\":\"message\"}", "null", "０１２ ＡＢＣ",
	}
	return s.carry(ctx, people, room, texts)
}

func textLongest(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	return s.carry(ctx, people, room, []string{
		strings.Repeat("<", protocol.MaxTextRunes), strings.Repeat("€", protocol.MaxTextRunes), strings.Repeat("\"", protocol.MaxTextRunes),
		strings.Repeat("👍", (protocol.MaxTextBytes-2)/4), longestJSON,
	})
}

// carry says texts by turns, and checks them as they arrive at another and as
// they stand in the log. conn.allowed looks at the size of the frames.
func (s *Suite) carry(ctx context.Context, people []*conn, room string, texts []string) error {
	for i, text := range texts {
		speaker, other := people[i%len(people)], people[(i+1)%len(people)]
		x := want(ruleText, "the text %q, unchanged", shorten(text))
		m, err := ask[protocol.Said](ctx, speaker, x, action{"type": "message", "room": room, "text": text})
		if err != nil {
			return err
		}
		if m.Text != text {
			return x.but(m)
		}
		if err := other.hears(ctx, m); err != nil {
			return err
		}
	}
	log, err := people[0].log(ctx, room)
	if err != nil {
		return err
	}
	if len(log) != len(texts) {
		return want(ruleSequence, "%d entries", len(texts)).but(log)
	}
	for i, text := range texts {
		if log[i].Text != text {
			return want(ruleText, "the text %q, unchanged in the log", shorten(text)).but(log[i])
		}
	}
	return nil
}

func textTooLarge(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	for _, text := range []string{strings.Repeat("x", protocol.MaxTextRunes+1), longestJSON + "x", strings.Repeat("👍", (protocol.MaxTextBytes-2)/4+1)} {
		x := want(ruleTooLarge, "%d bytes of text, %d as JSON, to be refused", len(text), len(encode(text)))
		e, err := refused(ctx, c, x, protocol.TooLarge, action{"type": "message", "room": room, "text": text})
		if err != nil {
			return err
		}
		if e.Retry {
			return x.but(e)
		}
	}
	m, err := c.say(ctx, room, s.text())
	if err == nil && m.Seq != 1 {
		err = want(ruleWrong, "nothing of it to be stored").but(m)
	}
	return err
}
