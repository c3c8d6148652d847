package main

import (
	"context"
	"log/slog"

	"parley/chat"
)

// logged keeps an error that is the operator's from the gateway, which would
// send API Gateway's "Internal server error" for it: the chat has told the
// client already, by an event that clients know.
type logged struct {
	*chat.Chat
	logger *slog.Logger
}

func (l *logged) OnAction(ctx context.Context, id chat.ConnectionID, frames ...[]byte) error {
	if err := l.Chat.OnAction(ctx, id, frames...); err != nil {
		l.logger.Error("an action failed", "connection", id, "error", err)
	}
	return nil
}
