package conform

import (
	"context"
	"fmt"
	"strings"

	"parley/protocol"
)

func historyCases() []Case {
	return []Case{
		{"history/newest page", "Who comes into a room would not see what was said.", nil, historyNewest},
		{"history/backwards", "Scrolling up would skip messages, or never end.", nil, historyBackwards},
		{"history/forwards", "Catching up would skip messages, or never end.", nil, historyForwards},
		{"history/long messages", "A page would not fit into a frame, and close the connection.", nil, historyLong},
	}
}

// told is a room in which n messages were said, by several so that no rate
// limit is met: 5 at most 10 each.
func (s *Suite) told(ctx context.Context, n int, text func(int) string) (reader *conn, room string, err error) {
	const speakers = 5
	room = s.room()
	people, err := s.crowd(ctx, speakers, room)
	if err != nil {
		return nil, "", err
	}
	for i := range n {
		m, err := people[i%speakers].say(ctx, room, text(i+1))
		if err != nil {
			return nil, "", err
		}
		if m.Seq != uint64(i+1) {
			return nil, "", want(ruleSequence, "message %d of a new room", i+1).but(m)
		}
	}
	reader, err = s.enter(ctx)
	return reader, room, err
}

func number(i int) string { return fmt.Sprintf("number %d", i) }

func historyNewest(ctx context.Context, s *Suite) error {
	const n = protocol.DefaultHistory + 5
	c, room, err := s.told(ctx, n, number)
	if err != nil {
		return err
	}
	j, err := c.join(ctx, room, nil)
	if err != nil {
		return err
	}
	if err := spans(j, &j.Page, n-protocol.DefaultHistory+1, n, n, true); err != nil {
		return err
	}
	p, err := c.history(ctx, room, action{})
	if err != nil {
		return err
	}
	if err := spans(p, p, n-protocol.DefaultHistory+1, n, n, true); err != nil {
		return err
	}
	if p, err = c.history(ctx, room, action{"before": 1}); err != nil {
		return err
	}
	if err := spans(p, p, 1, 0, n, false); err != nil {
		return err
	}
	if p, err = c.history(ctx, room, action{"after": n}); err != nil {
		return err
	}
	if err := spans(p, p, n+1, n, n, false); err != nil {
		return err
	}
	if p, err = c.history(ctx, room, action{"before": n + 1000, "limit": 1}); err != nil {
		return err
	}
	return spans(p, p, n, n, n, true)
}

// spans checks what a page says about itself; what it holds, the ledger checks.
func spans(shown any, p *protocol.Page, from, to, head uint64, more bool) error {
	if p.From != from || p.To != to || p.Head != head || p.Floor != 0 || p.More != more || !p.Complete {
		return want(ruleBefore, "a complete page from %d to %d of a log from 1 to %d, more %t", from, to, head, more).but(shown)
	}
	return nil
}

const pageLimit = 7 // messages in a page, so that the last one is not full

func historyBackwards(ctx context.Context, s *Suite) error {
	const n = 24
	c, room, err := s.told(ctx, n, number)
	if err != nil {
		return err
	}
	if _, err := c.join(ctx, room, nil); err != nil {
		return err
	}
	for before := uint64(n + 1); before > 1; {
		p, err := c.history(ctx, room, action{"before": before, "limit": pageLimit})
		if err != nil {
			return err
		}
		if p.To != before-1 || p.From > p.To || len(p.Messages) > pageLimit {
			return want(ruleBefore, "up to %d messages that end with %d", pageLimit, before-1).but(p)
		}
		if p.More != (p.From > 1) {
			return want(ruleMore, "more %t", p.From > 1).but(p)
		}
		before = p.From
	}
	return nil
}

func historyForwards(ctx context.Context, s *Suite) error {
	const n = 24
	c, room, err := s.told(ctx, n, number)
	if err != nil {
		return err
	}
	if _, err := c.join(ctx, room, nil); err != nil {
		return err
	}
	for after := uint64(0); after < n; {
		p, err := c.history(ctx, room, action{"after": after, "limit": pageLimit})
		if err != nil {
			return err
		}
		if p.From != after+1 || p.To < p.From || len(p.Messages) > pageLimit {
			return want(ruleAfter, "up to %d messages that begin with %d", pageLimit, after+1).but(p)
		}
		if p.More != (p.To < n) {
			return want(ruleMore, "more %t", p.To < n).but(p)
		}
		for i, m := range p.Messages {
			if m.Text != number(int(after)+1+i) {
				return want(ruleOldest, "the text %q", number(int(after)+1+i)).but(m)
			}
		}
		after = p.To
	}
	return nil
}

// historyLong reads a room of which five messages already are more than a page.
// That no frame is too large, conn.allowed sees.
func historyLong(ctx context.Context, s *Suite) error {
	const n = 10
	long := func(i int) string {
		if i == 6 {
			return longestJSON // a page of its own
		}
		return fmt.Sprint(i, " ", strings.Repeat("x", protocol.MaxTextRunes-10))
	}
	c, room, err := s.told(ctx, n, long)
	if err != nil {
		return err
	}
	j, err := c.join(ctx, room, nil)
	if err != nil {
		return err
	}
	if j.To != n || j.From > j.To || j.From == 1 || !j.More || !j.Complete {
		return want(rulePageBytes, "a page of the newest messages, of at most %d bytes, and more", protocol.PageBytes).but(j)
	}
	for before := j.From; before > 1; {
		p, err := c.history(ctx, room, action{"before": before, "limit": protocol.MaxHistory})
		if err != nil {
			return err
		}
		if p.To != before-1 || p.From > p.To || p.More != (p.From > 1) {
			return want(rulePageBytes, "a page that ends with %d and has a message at least", before-1).but(p)
		}
		before = p.From
	}
	log, err := c.log(ctx, room)
	if err != nil {
		return err
	}
	for i, m := range log {
		if m.Text != long(i+1) {
			return want(ruleText, "message %d unchanged", i+1).but(m)
		}
	}
	if len(log) != n {
		return want(ruleSequence, "%d messages", n).but(log)
	}
	return nil
}
