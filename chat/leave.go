package chat

import (
	"context"
	"fmt"
	"slices"

	"parley/protocol"
)

// leave takes the connection out of a room. Leaving one it is not in is done already.
func (t *turn) leave(ctx context.Context, a *protocol.Leave) error {
	last, err := t.chat.Members.Leave(ctx, a.Room, t.conn.ID)
	if err != nil {
		return fmt.Errorf("leave room %q: %w", a.Room, err)
	}
	if i := slices.Index(t.conn.Rooms, a.Room); i >= 0 {
		if last && t.conn.Stored {
			t.chat.tellLeft(ctx, a.Room, t.conn.Person)
		}
		t.conn.Rooms = slices.Delete(slices.Clone(t.conn.Rooms), i, i+1)
		if err := t.keep(ctx); err != nil {
			return err
		}
	}
	t.answer(&protocol.Left{Type: "left", ID: a.ID, Room: a.Room})
	return nil
}
