package chat

import (
	"context"

	"parley/protocol"
)

// history answers with a page of a room that the connection is in.
func (t *turn) history(ctx context.Context, a *protocol.ReadHistory) error {
	if err := t.inRoom(ctx, a.Room); err != nil {
		return err
	}
	x, err := t.chat.extent(ctx, a.Room)
	if err != nil {
		return err
	}
	var page *page
	switch {
	case a.After != nil:
		page, err = t.chat.pageAfter(ctx, a.Room, x, *a.After, a.Limit)
		if err == nil {
			page.Complete = *a.After >= x.Floor && *a.After <= x.Head
		}
	case a.Before != nil:
		page, err = t.chat.pageBefore(ctx, a.Room, x, *a.Before, a.Limit)
	default:
		page, err = t.chat.pageBefore(ctx, a.Room, x, x.Head+1, a.Limit)
	}
	if err != nil {
		return err
	}
	page.Type, page.ID = "history", a.ID
	t.answers = append(t.answers, protocol.Fill(protocol.Encode(&protocol.History{Page: page.Page}), page.arrays()...))
	return nil
}
