package gateway

import (
	"time"

	"github.com/gobwas/ws"
)

const (
	// answerTimeout is how long a ping may go unanswered. Two fifths of a Heartbeat shorter than 25 s.
	answerTimeout = 10 * time.Second

	sweepInterval = time.Second
)

// sweep looks at every connection once a second, instead of a timer for each: who is silent, who is stuck, who does not
// answer a close. It ends with stopped.
func (s *Server) sweep() {
	defer close(s.swept)
	interval := max(10*time.Millisecond, min(sweepInterval, s.options.Heartbeat/5, s.options.FarewellTimeout/5, s.options.MessageTimeout/5))
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var buffer []*connection
	for {
		select {
		case <-s.stopped:
			return
		case <-ticker.C:
			now := s.now()
			buffer = s.connections.each(buffer, func(c *connection) { c.check(now) })
		}
	}
}

// check does what is due for one connection. It MUST NOT block.
func (c *connection) check(now time.Duration) {
	c.mu.Lock()
	phase, overdue := c.phase, now > c.deadline
	c.mu.Unlock()
	if phase == phaseClosing && overdue {
		c.server.log.Debug("close not answered", "connection", c.id)
		c.socket.abort()
	}
	if phase != phaseOpen || c.acting.Load() {
		return
	}
	heartbeat := c.server.options.Heartbeat
	// A reader that is slow, but takes what waits for it, lives, though its pong may come late.
	sign := time.Duration(max(c.heard.Load(), c.progress.Load()))
	begun := time.Duration(c.begun.Load())
	switch {
	case now-sign > heartbeat+min(answerTimeout, heartbeat*2/5):
		c.server.log.Debug("silent", "connection", c.id)
		c.drop(closeGoingAway, "no answer to a ping")
	case begun != 0 && now-begun > c.server.options.MessageTimeout:
		c.server.log.Info("message never finished", "connection", c.id)
		c.drop(closePolicy, "message not finished in time")
	case now-sign > heartbeat && time.Duration(c.pinged.Load()) <= sign:
		c.pinged.Store(int64(now))
		c.ping()
	}
}

func (c *connection) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseOpen {
		c.control(ws.OpPing, nil)
	}
}
