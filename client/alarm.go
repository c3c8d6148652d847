package client

import "time"

// alarm runs something later under the Client's mu, unless it is set anew or
// stopped before. Its methods are called with mu held.
type alarm struct {
	timer *time.Timer
	count int // of set and stop: a timer that has fired already and waits for mu is late
}

func (a *alarm) set(c *Client, d time.Duration, run func()) {
	a.stop()
	now := a.count
	a.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if a.count == now && c.state != Stopped {
			a.timer = nil
			run()
		}
	})
}

func (a *alarm) isSet() bool { return a.timer != nil }

func (a *alarm) stop() {
	a.count++
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
}
