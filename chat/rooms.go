package chat

import (
	"context"
	"fmt"

	"parley/protocol"
)

// rooms answers with the rooms in which something was said, as many as fit.
func (t *turn) rooms(ctx context.Context, a *protocol.ListRooms) error {
	heads, err := t.chat.Log.Rooms(ctx, protocol.MaxRoomsListed)
	if err != nil {
		return fmt.Errorf("list rooms: %w", err)
	}
	answer := &protocol.Rooms{Type: "rooms", ID: a.ID, Rooms: []protocol.RoomInfo{}}
	left := protocol.MaxFrameBytes - len(protocol.Encode(answer))
	for _, h := range heads {
		if err := t.mayEnter(ctx, h.Room); isRefusal(err) {
			continue
		} else if err != nil {
			return err
		}
		_, count, err := t.chat.Members.Present(ctx, h.Room, 0)
		if err != nil {
			return fmt.Errorf("who is in room %q: %w", h.Room, err)
		}
		info := protocol.RoomInfo{Room: h.Room, Head: h.Head, Count: count}
		if left -= len(protocol.Encode(&info)) + 1; left < 0 {
			break
		}
		answer.Rooms = append(answer.Rooms, info)
	}
	t.answer(answer)
	return nil
}
