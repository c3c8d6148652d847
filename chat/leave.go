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
	if slices.Contains(t.conn.Rooms, a.Room) {
		if last && t.conn.Stored {
			t.chat.tellLeft(ctx, a.Room, t.conn.Person)
		}
		if err := t.exit(ctx, a.Room); err != nil {
			return err
		}
	}
	t.answer(&protocol.Left{Type: "left", ID: a.ID, Room: a.Room})
	return nil
}
