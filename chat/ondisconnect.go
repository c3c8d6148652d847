package chat

import (
	"context"
	"errors"
	"fmt"

	"parley/planted"
)

// OnDisconnect forgets a connection. It may come late, never, or twice.
func (c *Chat) OnDisconnect(ctx context.Context, id ConnectionID) error {
	_, err := c.disconnect(ctx, id)
	return err
}

// disconnect is OnDisconnect; it also tells whether the connection was known.
func (c *Chat) disconnect(ctx context.Context, id ConnectionID) (known bool, err error) {
	if c.limiter != nil {
		c.limiter.forget(id)
	}
	conn, err := c.Connections.Get(ctx, id)
	if errors.Is(err, ErrNoConnection) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("look up connection: %w", err)
	}
	if planted.Is(planted.StaleMember) {
		return true, nil
	}
	var all error
	for _, room := range conn.Rooms {
		last, err := c.Members.Leave(ctx, room, id)
		if err != nil {
			all = errors.Join(all, fmt.Errorf("leave room %q: %w", room, err))
			continue
		}
		if last && conn.Stored {
			c.tellLeft(ctx, room, conn.Person)
		}
	}
	if conn.Stored && conn.Session == ([32]byte{}) {
		if err := c.People.ReleaseName(ctx, conn.Person, id); err != nil {
			all = errors.Join(all, fmt.Errorf("release name: %w", err))
		}
	}
	if _, err := c.Connections.Delete(ctx, id); err != nil && !errors.Is(err, ErrNoConnection) {
		all = errors.Join(all, fmt.Errorf("delete connection: %w", err))
	}
	return true, all
}
