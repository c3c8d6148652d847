package chat

import (
	"context"
	"slices"

	"parley/protocol"
)

// ping answers with the heads of those rooms that the connection is in, so that
// a client finds a tail it has lost although nobody spoke since.
func (t *turn) ping(ctx context.Context, a *protocol.Ping) error {
	pong := &protocol.Pong{Type: "pong", ID: a.ID, Rooms: []protocol.RoomPosition{}}
	for _, r := range a.Rooms {
		if !slices.Contains(t.conn.Rooms, r.Room) {
			continue
		}
		x, err := t.chat.extent(ctx, r.Room)
		if err != nil {
			return err
		}
		pong.Rooms = append(pong.Rooms, protocol.RoomPosition{Room: r.Room, Epoch: x.Epoch, Head: x.Head})
	}
	t.answer(pong)
	return nil
}
