package gateway

import "unique"

// newConnection makes one that nothing carries yet: what is posted to it waits.
func (s *Server) newConnection(h Handshake) *connection {
	c := &connection{}
	c.init(s, h)
	return c
}

func (c *connection) init(s *Server, h Handshake) {
	c.server, c.userAgent, c.connectedAt = s, unique.Make(h.UserAgent), s.now()
	if from := addressOf(h.Address); from.IsValid() {
		c.address = from.As16()
	}
	c.flushing = true
	c.hidden.Store(true)
	s.connections.add(c)
	c.activeAt.Store(int64(c.connectedAt))
	if s.options.Unordered {
		c.underWay = make(chan struct{}, maxUnderWay)
	}
}

// abandon is for a handshake that fails after all: what waits is lost, and whoever posts from now on is told so.
func (c *connection) abandon() {
	c.mu.Lock()
	c.phase = phaseClosed
	c.endFlush()
	c.mu.Unlock()
	c.server.connections.remove(c)
}

// attach gives the connection its carrier, when the handshake is about to be answered.
func (c *connection) attach(by carrier) {
	now := c.server.now()
	c.heard.Store(int64(now))
	c.activeAt.Store(int64(now))
	c.progress.Store(int64(now))
	c.mu.Lock()
	c.carrier = by
	if c.end != nil {
		c.end.deadline = now + c.server.patience(c.end.code) // for the client to answer a close frame, which it sees only now
	}
	c.mu.Unlock()
}

// attached is called once the answer is out, and with it what was posted meanwhile.
func (c *connection) attached() {
	if c.server.isDraining() {
		c.drop(closeRestart, "server is going down") // Shutdown may have looked for connections before this one was
	}
	if c.server.actions.Err() != nil {
		c.abort() // and before this one could be aborted
	}
}

// abort ends the connection at once. One that is still connecting is left to its handshake.
func (c *connection) abort() {
	c.mu.Lock()
	carrier := c.carrier
	c.mu.Unlock()
	if carrier != nil {
		carrier.abort()
	}
}
