package gateway

import (
	"context"
	"time"
)

// Post sends texts, each as one text frame and all of them in order, to each of the connections to. They must be valid
// UTF-8. Two Posts that come one after the other arrive in that order everywhere.
//
// Post MUST NOT wait for a slow reader, and does not: what its kernel buffer doesn't take at once waits in memory,
// up to MaxQueueBytes; past that it is closed with 4008. What is posted while OnConnect decides about a handshake waits too,
// until it is answered. gone lists, in order, the ids that got nothing: unknown, closing, or closed by this Post for being
// slow. With Unordered those whose OnConnect has not returned yet are among them; with KeepSlowReaders, a connection that
// too much waits for is not, though it gets nothing. err is only the context's.
func (s *Server) Post(ctx context.Context, frames [][]byte, to []string) (gone []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(frames) == 0 || len(to) == 0 {
		return nil, nil
	}
	b, at := encode(frames), s.now()
	for _, id := range to {
		if s.post(id, b, at) == sentGone {
			gone = append(gone, id)
		}
	}
	return gone, nil
}

// post sends encoded frames to one connection.
func (s *Server) post(id string, b []byte, at time.Duration) sent {
	c := s.connections.get(id)
	switch {
	case c == nil:
		return sentGone
	case s.options.Jitter > 0:
		return s.postLater(c, b)
	}
	return c.send(b, at)
}
