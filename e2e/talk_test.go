package e2e

import "testing"

// Two people meet in a room: what one says the other has, once, also who comes
// later and asks for what was said.
func TestTalk(t *testing.T) {
	inBothHomes(t, func(t *testing.T, p *program) {
		ada, grace := enter(t, p, "Ada"), enter(t, p, "Grace")
		for _, c := range []*connection{ada, grace} {
			c.send(`{"type":"join","id":"j","room":"design"}`)
			if e := c.next("joined", "error"); e.Type != "joined" || e.Room != "design" || e.ID != "j" || !e.Complete {
				t.Fatalf("join was answered by %s", e.raw)
			}
		}
		say := func(c *connection, id, text string, seq uint64) {
			t.Helper()
			c.send(map[string]any{"type": "message", "room": "design", "id": id, "text": text})
			for _, who := range []*connection{ada, grace} {
				e := who.next("message", "error")
				if e.Type != "message" || e.Room != "design" || e.ID != id || e.Text != text || e.Seq != seq {
					t.Errorf("%q as %d: got %s", text, seq, e.raw)
				}
			}
		}
		say(ada, "a1", "Is this blue?", 1)
		say(grace, "g1", "It is <green>.", 2)
		say(grace, "a1", "The same id, but another person's.", 3)
		ada.send(`{"type":"message","room":"design","id":"a1","text":"Is this blue?"}`)
		if e := ada.next("message", "error"); e.Seq != 1 || e.From != "Ada" {
			t.Errorf("the same id again was answered by %s", e.raw)
		}

		grace.send(`{"type":"history","id":"h","room":"design","before":3}`)
		e := grace.next("history", "error")
		if e.ID != "h" || len(e.Messages) != 2 || e.Messages[0].From != "Ada" || e.Messages[1].Text != "It is <green>." || e.Head != 3 {
			t.Errorf("history was answered by %s", e.raw)
		}
		if all := history(t, p, "design"); len(all) != 3 {
			t.Errorf("%d messages are stored, want 3", len(all))
		}
	})
}
