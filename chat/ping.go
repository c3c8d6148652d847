package chat

import (
	"context"

	"parley/protocol"
)

// ping answers with the heads of those rooms that the connection is in, so that
// a client finds a tail it has lost although nobody spoke since.
func (t *turn) ping(ctx context.Context, a *protocol.Ping) error {
	pong := &protocol.Pong{Type: "pong", ID: a.ID, Rooms: []protocol.RoomPosition{}}
	for _, r := range a.Rooms {
		if err := t.inRoom(ctx, r.Room); isRefusal(err) {
			continue
		} else if err != nil {
			return err
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
