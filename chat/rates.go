package chat

import "context"

// withinRates returns what a room takes of what is to be said there just now. Of
// the rest the connection is told when to say it again.
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
	refused := 0
	for i := range said {
		if e, ends := c.limiter.takeOfRoom(t.conn, room, len(said[i].entry.Text), c.now()); e != nil {
			said[i].refused = true
			if refused++; !t.over {
				t.refuse(ctx, said[i].action, e, ends)
			}
		}
	}
	if refused == 0 {
		return said, nil
	}
	within := make([]spoken, 0, len(said)-refused)
	for _, s := range said {
		if !s.refused {
			within = append(within, s)
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
