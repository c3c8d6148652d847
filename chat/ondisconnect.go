package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/planted"
)

// OnDisconnect forgets a connection. It may come late, never, or twice.
func (c *Chat) OnDisconnect(ctx context.Context, id ConnectionID) error {
	_, err := c.disconnect(ctx, id, false)
	return err
}

// disconnect is OnDisconnect; it also tells whether the connection was known.
// Where only a post says that it is gone, one that may be connecting still is kept.
func (c *Chat) disconnect(ctx context.Context, id ConnectionID, onlySettled bool) (known bool, err error) {
	c.limiter.forget(id)
	conn, err := c.Connections.Get(ctx, id)
	if errors.Is(err, ErrNoConnection) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("look up connection: %w", err)
	}
	if onlySettled && c.settles(conn) {
		return true, nil
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

// settling is how long after OnConnect began a connection that has said nothing
// is not believed to be gone: API Gateway answers so, too, while it connects.
const settling = 10 * time.Second

// settles tells whether the connection may still be on its way in. Only plain
// ones are in a room then.
func (c *Chat) settles(conn Connection) bool {
	return conn.Plain && conn.Version == 1 && c.millis()-conn.Since < settling.Milliseconds()
}
