package gateway

import (
	"cmp"
	"slices"
)

// relieve closes the slowest readers, those for whom most waits, until a quarter of MaxQueuedBytes is free again: so
// looking at all connections is seldom needed. It does not wait for another goroutine that is at it.
func (s *Server) relieve() {
	if !s.relieving.TryLock() {
		return
	}
	defer s.relieving.Unlock()
	type slow struct {
		c     *connection
		bytes int
	}
	var readers []slow
	s.connections.each(func(c *connection) {
		c.mu.Lock()
		if c.queue != nil && c.queue.counted > 0 {
			readers = append(readers, slow{c, c.queue.counted})
		}
		c.mu.Unlock()
	})
	slices.SortFunc(readers, func(a, b slow) int { return cmp.Compare(b.bytes, a.bytes) })
	left := s.queued.Load()
	for _, r := range readers {
		if left <= s.options.MaxQueuedBytes/4*3 {
			return
		}
		left -= int64(r.bytes)
		s.log.Info("slow reader", "connection", r.c.id, "waiting_bytes", r.bytes, "limit_bytes_of_all", s.options.MaxQueuedBytes)
		if !r.c.drop(closeSlowReader, "slow reader") {
			r.c.abort() // it is closing already, and too much waits for that
		}
	}
}
