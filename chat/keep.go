package chat

import (
	"context"

	"parley/protocol"
)

// keep does what an action asks for about what is kept, and who is let in.
func (t *turn) keep(ctx context.Context, b rulebook, by Person, action protocol.Action) error {
	switch a := action.(type) {
	case *protocol.Purge:
		return t.purge(ctx, b, by, a)
	case *protocol.Erase:
		return t.erase(ctx, b, by, a)
	case *protocol.Retain:
		return t.retain(ctx, by, a)
	case *protocol.Invited:
		return t.invited(ctx, by, a)
	case *protocol.Invite:
		return t.invite(ctx, by, a)
	case *protocol.Revoke:
		return t.revoke(ctx, by, a)
	}
	return nil
}
