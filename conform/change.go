package conform

import (
	"context"
	"strings"

	"parley/protocol"
)

func changeCases() []Case {
	return []Case{
		{"change/edit", "A mistake once sent would stay, or be corrected for some only.", nil, changeEdit},
		{"change/delete", "What was taken back could still be read.", nil, changeDelete},
		{"change/replaced", "What was corrected could still be read.", nil, changeReplaced},
		{"change/not yours", "Anybody could put words into somebody's mouth.", nil, changeNotYours},
		{"change/deleted stays", "What was taken back would come back.", nil, changeDeletedStays},
		{"change/same id again", "A change sent again after a lost connection would be made twice.", nil, changeAgain},
		{"change/resume", "Who was away would go on reading what was corrected or taken back.", nil, changeResume},
		{"change/plain", "The 2019 sample's clients would be sent what they do not know.", nil, changePlain},
	}
}

// edit gives a message another text and waits for the own copy.
func (c *conn) edit(ctx context.Context, room string, target uint64, text string) (*protocol.Edited, error) {
	x := want(ruleChangeAck, "edit of message %d to be answered by itself", target)
	e, err := ask[protocol.Edited](ctx, c, x, action{"type": "edit", "room": room, "target": target, "text": text})
	if err == nil && (e.Room != room || e.Target != target || e.Text != text || e.Seq <= target || c.me.ID != "" && e.Person != c.me.ID) {
		err = x.but(e)
	}
	return e, err
}

// erase deletes a message and waits for the own copy.
func (c *conn) erase(ctx context.Context, room string, target uint64) (*protocol.Deleted, error) {
	x := want(ruleChangeAck, "delete of message %d to be answered by itself", target)
	d, err := ask[protocol.Deleted](ctx, c, x, action{"type": "delete", "room": room, "target": target})
	if err == nil && (d.Room != room || d.Target != target || d.Seq <= target || c.me.ID != "" && d.Person != c.me.ID) {
		err = x.but(d)
	}
	return d, err
}

// newcomer enters a room and returns its whole log as it is now. Whoever comes
// must not be told any of the texts that are gone.
func (s *Suite) newcomer(ctx context.Context, room string, gone ...string) (messages map[uint64]protocol.Item, changes map[uint64]protocol.Change, err error) {
	c, err := s.enter(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	messages, changes = map[uint64]protocol.Item{}, map[uint64]protocol.Change{}
	for _, from := range []action{{"before": protocol.MaxSequence}, {"after": 0}} {
		p, err := c.history(ctx, room, from)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range p.Messages {
			messages[m.Seq] = m
		}
		for _, change := range p.Changes {
			changes[change.Seq] = change
		}
	}
	for _, e := range c.since(0) {
		for _, text := range gone {
			if strings.Contains(string(e.raw), text) {
				return nil, nil, want(ruleWiped, "nobody to be told %q any more", text).but(e)
			}
		}
	}
	return messages, changes, nil
}

func changeEdit(ctx context.Context, s *Suite) error {
	room, text := s.room(), s.text()+" <b>&\"é\U0001f44d\n\\"
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	m, err := people[0].say(ctx, room, s.text())
	if err != nil {
		return err
	}
	e, err := people[0].edit(ctx, room, m.Seq, text)
	if err != nil {
		return err
	}
	if e.Seq != m.Seq+1 {
		return want(ruleChanging, "the edit to be entry %d", m.Seq+1).but(e)
	}
	copied, err := await(ctx, people[1], want(ruleEdit, "the edit to reach all who are there"), 0, func(o *protocol.Edited) bool { return o.Seq == e.Seq })
	if err != nil {
		return err
	}
	if *copied != *e {
		return want(ruleEdit, "the same copy for everybody: %s", show(e)).but(copied)
	}
	messages, changes, err := s.newcomer(ctx, room, m.Text)
	if err != nil {
		return err
	}
	now := messages[m.Seq]
	if now.Text != text || now.Edited != e.Seq || now.ID != m.ID || now.Person != m.Person || now.At != m.At {
		return want(ruleOldest, "message %d with the new text, edited by %d", m.Seq, e.Seq).but(now)
	}
	if c := changes[e.Seq]; c.Type != "edit" || c.Target != m.Seq || c.Text != text {
		return want(ruleChanging, "the edit among the changes").but(c)
	}
	return nil
}

func changeDelete(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	m, err := people[0].say(ctx, room, s.text())
	if err != nil {
		return err
	}
	d, err := people[0].erase(ctx, room, m.Seq)
	if err != nil {
		return err
	}
	if _, err := await(ctx, people[1], want(ruleDelete, "the delete to reach all who are there"), 0, func(o *protocol.Deleted) bool { return *o == *d }); err != nil {
		return err
	}
	messages, changes, err := s.newcomer(ctx, room, m.Text)
	if err != nil {
		return err
	}
	if now := messages[m.Seq]; (now != protocol.Item{Seq: m.Seq, Deleted: true}) {
		return want(ruleTombstone, "of message %d the sequence, and that it was deleted", m.Seq).but(now)
	}
	if c := changes[d.Seq]; c.Type != "delete" || c.Target != m.Seq {
		return want(ruleChanging, "the delete among the changes").but(c)
	}
	return nil
}

func changeReplaced(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	texts := []string{s.text(), s.text(), s.text(), s.text()}
	var said [2]*protocol.Said // one is edited to the end, one deleted
	for i := range said {
		if said[i], err = c.say(ctx, room, texts[0]); err != nil {
			return err
		}
	}
	var edits []*protocol.Edited
	for _, text := range texts[1:] {
		for _, m := range said {
			e, err := c.edit(ctx, room, m.Seq, text)
			if err != nil {
				return err
			}
			edits = append(edits, e)
		}
	}
	if _, err := c.erase(ctx, room, said[1].Seq); err != nil {
		return err
	}
	messages, changes, err := s.newcomer(ctx, room, texts[:3]...)
	if err != nil {
		return err
	}
	last := edits[len(edits)-2]
	if now := messages[said[0].Seq]; now.Text != last.Text || now.Edited != last.Seq {
		return want(ruleOldest, "message %d with the last text, edited by %d", said[0].Seq, last.Seq).but(now)
	}
	for _, e := range edits {
		text := ""
		if e == last {
			text = e.Text
		}
		if c := changes[e.Seq]; c.Type != "edit" || c.Target != e.Target || c.Text != text {
			return want(ruleReplaced, "the text %q of edit %d", text, e.Seq).but(c)
		}
	}
	return nil
}

func changeNotYours(ctx context.Context, s *Suite) error {
	room, elsewhere := s.room(), s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	ada, eve := people[0], people[1]
	m, err := ada.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	mark := ada.mark()
	for _, a := range []action{
		{"type": "edit", "target": m.Seq, "text": s.text()},
		{"type": "edit", "target": m.Seq, "text": s.text(), "from": ada.me.Name, "person": ada.me.ID},
		{"type": "delete", "target": m.Seq},
	} {
		a["room"] = room
		if _, err := refused(ctx, eve, want(ruleYoursAlone, "nobody else to change message %d", m.Seq), protocol.NotYours, a); err != nil {
			return err
		}
	}
	for _, a := range []action{
		{"type": "edit", "room": room, "target": m.Seq + 1, "text": s.text()},
		{"type": "delete", "room": room, "target": protocol.MaxSequence},
	} {
		if _, err := refused(ctx, ada, want(ruleNoMessage, "no change of a message that is not there"), protocol.NoSuchMessage, a); err != nil {
			return err
		}
	}
	if _, err := refused(ctx, ada, want(ruleNotInRoom, "no change in a room that one is not in"), protocol.NotInRoom, action{"type": "delete", "room": elsewhere, "target": 1}); err != nil {
		return err
	}
	if err := ada.quiet(ctx); err != nil {
		return err
	}
	x := want(ruleWrong, "nothing to be told of what was refused")
	if err := ada.never(x, mark, func(e event) bool { return e.kind == "edit" || e.kind == "delete" }); err != nil {
		return err
	}
	messages, changes, err := s.newcomer(ctx, room)
	if err == nil && (len(changes) > 0 || messages[m.Seq].Text != m.Text) {
		err = want(ruleWrong, "message %d as it was said", m.Seq).but(messages[m.Seq])
	}
	return err
}

func changeDeletedStays(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	m, err := c.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	d, err := c.erase(ctx, room, m.Seq)
	if err != nil {
		return err
	}
	for what, target := range map[string]uint64{"what was deleted": m.Seq, "a delete": d.Seq} {
		x := want(ruleStays, "no edit of %s", what)
		if _, err := refused(ctx, c, x, protocol.NoSuchMessage, action{"type": "edit", "room": room, "target": target, "text": s.text()}); err != nil {
			return err
		}
	}
	again, err := c.erase(ctx, room, m.Seq)
	if err != nil {
		return err
	}
	if again.Seq != d.Seq || again.At != d.At {
		return want(ruleFirstDelete, "the first delete, %d", d.Seq).but(again)
	}
	head, err := c.head(ctx, room)
	if err == nil && head != d.Seq {
		err = want(ruleStays, "the head to stay %d", d.Seq).but(head)
	}
	return err
}

// head asks for a room's head.
func (c *conn) head(ctx context.Context, room string) (uint64, error) {
	x := want(rulePong, "the head of room %q", room)
	p, err := ask[protocol.Pong](ctx, c, x, action{"type": "ping", "rooms": []action{{"room": room}}})
	if err != nil {
		return 0, err
	}
	if len(p.Rooms) != 1 {
		return 0, x.but(p)
	}
	return p.Rooms[0].Head, nil
}
