package gateway

import "net"

// Engine names what carries connections.
type Engine string

const (
	EngineAuto      Engine = ""          // EngineEpoll where it can be
	EngineGoroutine Engine = "goroutine" // a goroutine for each connection: every system, every listener, TLS
	EngineEpoll     Engine = "epoll"     // a loop for each core: Linux, and a listener that is plain TCP; otherwise EngineGoroutine
)

// engine carries connections without a goroutine for each. As a listener it gives net/http what is no WebSocket.
type engine interface {
	net.Listener

	// sweep looks once at those that are no connections yet, or none any more.
	sweep()

	// stop ends the engine's goroutines and waits for them; not for a handler that doesn't end, unless patient.
	stop(patient bool)
}

// carriers is the engine that the options ask for; nil: a goroutine for each connection.
func (s *Server) carriers(ln net.Listener) engine {
	if s.options.Engine == EngineGoroutine {
		return nil
	}
	return newLoops(s, ln)
}
