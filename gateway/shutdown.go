package gateway

import (
	"context"
	"time"
)

// Shutdown ends everything in good order: not ready any more, no new connections, a farewell and close 1012 to each,
// OnDisconnect for each, and then no goroutine of this server is left. When ctx ends first, what still lives is cut off,
// the context of the handlers is cancelled, and ctx's error is returned once they have had 2 s to notice.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := !s.draining
	s.draining = true
	server, swept, engine := s.http, s.swept, s.engine
	s.mu.Unlock()
	if !first || server == nil {
		return nil
	}
	s.log.Info("shutting down", "connections", s.sockets.Load())

	if engine != nil {
		engine.Close() // before anybody who is told to come back does
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.closePages(ctx)
		s.working.Wait()
	}()
	s.connections.each(func(c *connection) { c.drop(closeRestart, "server is going down") })

	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		s.cancelActions()
		s.connections.each((*connection).abort)
		server.Close()
		select {
		case <-done:
		case <-time.After(2 * lingerTimeout):
			s.log.Error("a handler does not end")
		}
	}
	close(s.stopped)
	<-swept
	s.often.tell(s.now(), true)
	if engine != nil {
		engine.stop(err == nil)
	}
	s.cancelActions()
	return err
}

// closePages lets answers under way end, for as long as a farewell may take. Browsers hold connections open on which
// they may never ask for anything; those are cut.
func (s *Server) closePages(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.options.FarewellTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}
