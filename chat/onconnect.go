package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// OnConnect takes a connection in before its handshake is answered. It returns
// the sub-protocol to confirm, empty for none; an error refuses the handshake.
// Nothing is posted here: API Gateway would answer gone.
func (c *Chat) OnConnect(ctx context.Context, id ConnectionID, h Handshake) (subprotocol string, err error) {
	conn := Connection{ID: id, Plain: !slices.Contains(h.Subprotocols, protocol.Subprotocol), Since: c.millis(), Address: AddressKey(h.Address)}
	if err := c.mayConnect(ctx, conn.Address); err != nil {
		return "", err
	}
	if err := c.mayConnectAgain(ctx, conn.Address); err != nil {
		return "", err
	}
	if conn.Plain {
		switch err := (&turn{chat: c, conn: conn}).mayEnter(ctx, protocol.GeneralRoom); {
		case err == nil:
			conn.Rooms = []string{protocol.GeneralRoom}
		case !isRefusal(err): // else it is told when it speaks
			return "", err
		}
	}
	if err := c.Connections.Put(ctx, conn); err != nil {
		return "", fmt.Errorf("register connection: %w", err)
	}
	if !conn.Plain {
		return protocol.Subprotocol, nil
	}
	if len(conn.Rooms) == 0 {
		return "", nil
	}
	if _, err := c.Members.Join(ctx, protocol.GeneralRoom, Member{Connection: id, Plain: true}); err != nil {
		// A refused connection has no OnDisconnect, and its context may have ended.
		_, undone := c.Connections.Delete(context.WithoutCancel(ctx), id)
		return "", errors.Join(fmt.Errorf("join room %q: %w", protocol.GeneralRoom, err), undone)
	}
	return "", nil
}
