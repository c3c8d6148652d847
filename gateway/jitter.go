package gateway

import (
	"math/rand/v2"
	"sync"
	"time"
)

// jitter keeps account of posts that Options.Jitter delays, so that a close does not overtake those before it: on AWS
// who closes has had the answers to its posts.
type jitter struct {
	mu     sync.Mutex
	posts  map[*connection]int    // that are on their way
	closes map[*connection]func() // that wait for them
}

// lostEnds is that one OnDisconnect in so many never comes. API Gateway delivers it at best effort.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
const lostEnds = 4

// delay waits, if there is jitter.
func (s *Server) delay() {
	if s.options.Jitter > 0 {
		time.Sleep(rand.N(s.options.Jitter))
	}
}

// losesEnd tells whether an OnDisconnect gets lost.
func (s *Server) losesEnd() bool { return s.options.Jitter > 0 && rand.N(lostEnds) == 0 }

// postLater sends b in a while, unless c is gone already.
func (s *Server) postLater(c *connection, b []byte) sent {
	if !c.isOpen() || !s.begin() {
		return sentGone
	}
	j := &s.jitter
	j.mu.Lock()
	if j.posts == nil {
		j.posts, j.closes = map[*connection]int{}, map[*connection]func(){}
	}
	j.posts[c]++
	j.mu.Unlock()
	go func() {
		defer s.working.Done()
		s.delay()
		c.send(b, s.now())
		if end := j.sent(c); end != nil {
			end()
		}
	}()
	return sentOff
}

// sent counts a post out. It returns a close that has waited for the last one, or nil.
func (j *jitter) sent(c *connection) (end func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.posts[c]--; j.posts[c] > 0 {
		return nil
	}
	end = j.closes[c]
	delete(j.posts, c)
	delete(j.closes, c)
	return end
}

// afterPosts calls end once what was posted to c has gone out; at once if there is no jitter.
func (j *jitter) afterPosts(c *connection, end func()) {
	j.mu.Lock()
	waits := j.posts[c] > 0
	if waits && j.closes[c] == nil {
		j.closes[c] = end
	}
	j.mu.Unlock()
	if !waits {
		end()
	}
}
