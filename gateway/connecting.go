package gateway

import (
	"net"
	"time"
)

// newConnection makes one that has no socket yet: what is posted to it waits.
func (s *Server) newConnection(h Handshake) *connection {
	c := &connection{
		server: s, id: newID(), address: h.Address, userAgent: h.UserAgent, connectedAt: s.now(),
		frames:   frameReader{limit: s.options.MaxMessageBytes, frameLimit: s.options.MaxFrameBytes},
		flushing: true, flushed: make(chan struct{}),
	}
	c.activeAt.Store(int64(c.connectedAt))
	if s.options.Unordered {
		c.underWay = make(chan struct{}, maxUnderWay)
	}
	return c
}

// abandon is for a handshake that fails after all: what waits is lost, and whoever posts from now on is told so.
func (c *connection) abandon() {
	c.mu.Lock()
	c.phase = phaseClosed
	c.endFlush()
	c.mu.Unlock()
	c.server.connections.remove(c.id)
}

// open gives the connection its socket, answers the handshake, and lets out what was posted meanwhile; a close frame too,
// if somebody has closed it already.
func (c *connection) open(conn net.Conn, answer []byte) {
	s, now := c.server, c.server.now()
	c.heard.Store(int64(now))
	c.activeAt.Store(int64(now))
	c.progress.Store(int64(now))
	c.mu.Lock()
	c.socket = newSocket(conn)
	c.deadline = now + s.patience(c.code) // for the client to answer that close frame, which it sees only now
	c.mu.Unlock()

	conn.SetWriteDeadline(time.Now().Add(s.options.HandshakeTimeout))
	if _, err := conn.Write(answer); err != nil {
		c.socket.abort() // what is posted must not go out in the answer's place
	}
	conn.SetWriteDeadline(time.Time{})

	c.mu.Lock()
	if c.queue == nil {
		c.endFlush()
	} else {
		go c.flush()
	}
	c.mu.Unlock()
	if s.isDraining() {
		c.drop(closeRestart, "server is going down") // Shutdown may have looked for connections before this one was
	}
	if s.actions.Err() != nil {
		c.abort() // and before this one had a socket
	}
}

// abort ends the connection at once. One that is still connecting has no socket for it, and is left to its handshake.
func (c *connection) abort() {
	c.mu.Lock()
	socket := c.socket
	c.mu.Unlock()
	if socket != nil {
		socket.abort()
	}
}
