package chat

import (
	"context"

	"parley/protocol"
)

// keep does what a moderator's action asks for about what is kept, and who is
// let in.
func (t *turn) keep(ctx context.Context, b rulebook, by Person, action protocol.Action) error {
	return protocol.Errorf(protocol.NotAllowed, "This cannot be done here.")
}

// followInvitation lets a person into a room by a link.
func (t *turn) followInvitation(ctx context.Context, id string, p Person, b rulebook, hash string) error {
	return badLink
}
