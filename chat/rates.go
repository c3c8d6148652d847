package chat

import "context"

// withinRates returns what a room takes of what is to be said there just now. Of
// the rest the connection is told when to say it again. Moderators are not asked:
// who keeps order has to be heard in a flood.
func (t *turn) withinRates(ctx context.Context, room string, said []spoken) ([]spoken, error) {
	c := t.chat
	if c.limiter == nil {
		return said, nil
	}
	if err := c.limiter.mayFound(t.conn.Person, c.now()); err != nil {
		x, unknown := c.extent(ctx, room)
		if unknown != nil {
			return nil, unknown
		}
		if x.Head == 0 {
			return nil, err
		}
	}
	var within []spoken
	for _, s := range said {
		e, ends := c.limiter.takeOfRoom(t.conn, room, len(s.entry.Text), c.now())
		if e == nil {
			if what, wait := t.allProcesses(ctx, room); wait > 0 {
				e, ends = c.limiter.refuseTo(t.conn, what, wait, c.now())
			}
		}
		if e == nil {
			within = append(within, s)
		} else if !t.over {
			t.refuse(ctx, s.action, e, ends)
		}
	}
	return within, nil
}

// noteRates notes whether the person was the first to speak in a room.
func (t *turn) noteRates(appended []Appended) {
	if len(appended) > 0 && appended[0].Seq == 1 && !appended[0].Repeat && appended[0].Refused == nil {
		t.chat.limiter.founded(t.conn.Person, t.chat.now())
	}
}
