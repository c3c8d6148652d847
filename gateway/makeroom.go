package gateway

import (
	"cmp"
	"slices"
	"time"
)

// toSpeak is how long a connection may be silent before it counts as one: long enough for a hello over a bad network.
const toSpeak = 5 * time.Second

// crowded is how many sockets there may be before silent ones have to go: nine tenths of MaxConnections.
func (s *Server) crowded() int64 { return int64(s.options.MaxConnections) * 9 / 10 }

// makeRoom closes connections on which nothing was ever said, the oldest first, so that whoever speaks finds a place
// still; as many as are above crowded, and a hundredth more, so that looking at all connections is seldom needed. It
// does not wait for another goroutine that is at it, and looks at most once in a second.
func (s *Server) makeRoom() {
	if !s.making.TryLock() {
		return
	}
	defer s.making.Unlock()
	now := s.now()
	if now < s.roomMade {
		return
	}
	s.roomMade = now + time.Second
	var silent []*connection
	s.connections.each(func(c *connection) {
		if !c.spoke.Load() && now-c.connectedAt > toSpeak && c.isOpen() {
			silent = append(silent, c)
		}
	})
	slices.SortFunc(silent, func(a, b *connection) int { return cmp.Compare(a.connectedAt, b.connectedAt) })
	crowded := s.crowded()
	excess := s.sockets.Load() - crowded + crowded/100
	for _, c := range silent[:min(int64(len(silent)), excess)] {
		s.often.info("silent connection has to make room", "connection", c.id)
		c.drop(closeTryLater, "silent, and others want to come")
	}
}
