package conform

import (
	"context"
	"fmt"
	"strings"

	"parley/protocol"
)

// changeAgain sends an edit, a delete and their message again, as one does who
// saw no answer: on another connection of the same session.
func changeAgain(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	say := action{"type": "message", "room": room, "id": word(12), "text": s.text()}
	m, err := ask[protocol.Said](ctx, c, want(ruleOwnCopy, "the own copy"), say)
	if err != nil {
		return err
	}
	edit := action{"type": "edit", "room": room, "id": word(12), "target": m.Seq, "text": s.text()}
	e, err := ask[protocol.Edited](ctx, c, want(ruleChangeAck, "edit to be answered by itself"), edit)
	if err != nil {
		return err
	}
	back, err := s.enterAs(ctx, action{"session": c.session}, room)
	if err != nil {
		return err
	}
	x := want(ruleChangeAck, "the first edit again: %s", show(e))
	again, err := ask[protocol.Edited](ctx, back, x, edit)
	if err != nil {
		return err
	}
	if *again != *e {
		return x.but(again)
	}
	x = want(ruleSaidAgain, "message %d as it is now", m.Seq)
	now, err := ask[protocol.Said](ctx, back, x, say)
	if err != nil {
		return err
	}
	if now.Seq != m.Seq || now.Text != e.Text || now.Edited != e.Seq {
		return x.but(now)
	}
	if err := changeUnderSaid(ctx, back, action{"type": "edit", "room": room, "id": m.ID, "target": m.Seq, "text": s.text()}); err != nil {
		return err
	}
	d, err := back.erase(ctx, room, m.Seq)
	if err != nil {
		return err
	}
	x = want(ruleReplaced, "the first edit again, without its text")
	if again, err = ask[protocol.Edited](ctx, back, x, edit); err != nil {
		return err
	}
	if again.Seq != e.Seq || again.Text != "" {
		return x.but(again)
	}
	head, err := back.head(ctx, room)
	if err == nil && head != d.Seq {
		err = want(ruleChangeAck, "three entries, and no more for what was sent again").but(fmt.Sprintf("a head of %d", head))
	}
	return err
}

// changeUnderSaid sends a change under a message's id. Another copy of the message
// may come meanwhile: it is delivered at least once.
func changeUnderSaid(ctx context.Context, c *conn, change action) error {
	x := want(ruleIDDiffers, "a change under a message's id to be refused by an error %s", protocol.BadField)
	for {
		mark := c.mark()
		if err := c.send(ctx, change); err != nil {
			return err
		}
		e, err := c.find(ctx, x, mark, func(e event) bool {
			_, copied := e.body.(*protocol.Said)
			return e.id == change["id"] && !copied
		})
		if err != nil {
			return err
		}
		if again, err := waitOut(ctx, e); err != nil {
			return err
		} else if again {
			continue
		}
		if refusal, ok := e.body.(*protocol.Error); !ok || refusal.Code != protocol.BadField {
			return x.but(e)
		}
		return nil
	}
}

// changeResume changes messages that somebody has, and such as it has not, while
// it is away. From pages alone it must come to what the room says now.
func changeResume(ctx context.Context, s *Suite) error {
	const had, missed = 4, 4
	room := s.room()
	ada, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	writer, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	texts := map[uint64]string{}
	say := func(n int) error {
		for range n {
			m, err := writer.say(ctx, room, s.text())
			if err != nil {
				return err
			}
			texts[m.Seq] = m.Text
		}
		return nil
	}
	if err := say(had); err != nil {
		return err
	}
	j, err := ada.join(ctx, room, nil)
	if err != nil {
		return err
	}
	has := map[uint64]string{}
	for seq, text := range texts {
		has[seq] = text
	}
	ada.ws.CloseNow()
	if err := say(missed); err != nil {
		return err
	}
	for _, seq := range []uint64{1, had + 1} {
		for range 2 {
			e, err := writer.edit(ctx, room, seq, fmt.Sprint(s.text(), " ", strings.Repeat("x", 7000))) // so that there are pages
			if err != nil {
				return err
			}
			texts[seq] = e.Text
		}
		if _, err := writer.erase(ctx, room, seq+1); err != nil {
			return err
		}
		texts[seq+1] = "deleted"
	}
	if err := say(1); err != nil {
		return err
	}
	_, got, err := s.comeBack(ctx, ada.session, room, j.Epoch, had)
	if err != nil {
		return err
	}
	for seq, m := range got.messages {
		if has[seq] = m.Text; m.Deleted {
			has[seq] = "deleted"
		}
	}
	for _, c := range got.changes {
		switch {
		case c.Type == "delete":
			has[c.Target] = "deleted"
		case c.Text != "":
			has[c.Target] = c.Text
		}
	}
	for seq, text := range texts {
		if has[seq] != text {
			return want(ruleResume, "message %d as it is now: %s", seq, shorten(text)).but(shorten(has[seq]))
		}
	}
	return nil
}

func changePlain(ctx context.Context, s *Suite) error {
	c, err := s.enter(ctx, protocol.GeneralRoom)
	if err != nil {
		return err
	}
	listener, err := s.plain(ctx)
	if err != nil {
		return err
	}
	mine, err := c.say(ctx, protocol.GeneralRoom, s.text())
	if err != nil {
		return err
	}
	if err := listener.hears(ctx, mine); err != nil {
		return err
	}
	own, err := listener.sayAs(ctx, action{"from": s.name(), "text": s.text()})
	if err != nil {
		return err
	}
	mark := listener.mark()
	if _, err := c.edit(ctx, protocol.GeneralRoom, mine.Seq, s.text()); err != nil {
		return err
	}
	if _, err := c.erase(ctx, protocol.GeneralRoom, mine.Seq); err != nil {
		return err
	}
	e, err := listener.edit(ctx, protocol.GeneralRoom, own.Seq, s.text())
	if err != nil {
		return err
	}
	if _, err := await(ctx, c, want(ruleEdit, "the edit of a plain connection to reach the others"), 0, func(o *protocol.Edited) bool { return *o == *e }); err != nil {
		return err
	}
	if _, err := listener.erase(ctx, protocol.GeneralRoom, own.Seq); err != nil {
		return err
	}
	if err := listener.quiet(ctx); err != nil {
		return err
	}
	x := want(rulePlainDeaf, "no change of another's message on a plain connection")
	return listener.never(x, mark, func(e event) bool {
		switch b := e.body.(type) {
		case *protocol.Edited:
			return b.Target != own.Seq
		case *protocol.Deleted:
			return b.Target != own.Seq
		}
		return false
	})
}
