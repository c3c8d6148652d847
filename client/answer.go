package client

import (
	"context"
	"errors"
	"time"

	"parley/protocol"
)

// do sends an action and returns what answers it, on as many connections as that
// takes: actions are such that a second time does no harm. An error that says
// retry is obeyed; any other is returned, as is what ctx ends with.
func (c *Client) do(ctx context.Context, action func() fields) (any, error) {
	return c.doWhere(ctx, nil, nil, action)
}

// doWhere is do for a room: only while the connection is in it. An event that
// has not the id may be the answer too, if match says so.
func (c *Client) doWhere(ctx context.Context, r *Room, match func(any) bool, action func() fields) (any, error) {
	id := c.nextID()
	for {
		var k *connection
		err := c.until(ctx, func() (bool, error) {
			if r != nil && r.stopped != nil {
				return false, r.stopped
			}
			k = c.conn
			return c.state == Online && k != nil && (r == nil || k.open(r)), nil
		})
		if err != nil {
			return nil, err
		}
		a := action()
		a["id"] = id
		answer, err := k.ask(ctx, id, encode(a), match)
		switch {
		case errors.Is(err, errLost), errors.Is(err, ErrUnanswered):
			continue
		case err != nil:
			return nil, err
		}
		refusal, refused := answer.(*protocol.Error)
		if !refused {
			return answer, nil
		}
		if r != nil && refusal.Code == protocol.NotInRoom {
			c.mu.Lock()
			k.enter(r)
			c.mu.Unlock()
			continue
		}
		if !refusal.Retry {
			return nil, refusal
		}
		if err := sleep(ctx, c.ctx, after(refusal, againAfter)); err != nil {
			return nil, err
		}
	}
}

// ask sends a frame and waits for its answer, an *protocol.Error perhaps.
func (k *connection) ask(ctx context.Context, id string, frame []byte, match func(any) bool) (any, error) {
	q := &question{frame: frame, match: match, answer: make(chan any, 1)}
	k.c.mu.Lock()
	switch {
	case k.end.ended:
		k.c.mu.Unlock()
		return nil, errLost
	case len(k.asks) >= mostAsks:
		k.c.mu.Unlock()
		return nil, ErrBusy
	}
	k.asks[id] = q
	k.send(frame)
	k.c.mu.Unlock()

	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	var err error
	select {
	case answer := <-q.answer:
		if lost, ok := answer.(error); ok && lost == errLost {
			return nil, errLost
		}
		return answer, nil
	case <-timer.C:
		err = ErrUnanswered
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	if k.asks[id] == q {
		delete(k.asks, id)
	}
	return nil, err
}

// answered gives an event to who waits for it. Call it with mu held.
func (k *connection) answered(id string, event any) bool {
	if q := k.asks[id]; q != nil && id != "" {
		delete(k.asks, id)
		q.answer <- event
		return true
	}
	for id, q := range k.asks {
		if q.match != nil && q.match(event) {
			delete(k.asks, id)
			q.answer <- event
			return true
		}
	}
	return false
}

// doubt is called where API Gateway says that an action failed, but not which:
// all that wait are sent again, once. None does harm twice. Call it with mu held.
func (k *connection) doubt() {
	for id, q := range k.asks {
		if q.again {
			continue
		}
		q.again = true
		time.AfterFunc(againAfter, func() {
			k.c.mu.Lock()
			defer k.c.mu.Unlock()
			if k.asks[id] == q {
				k.send(q.frame)
			}
		})
	}
}

// sleep waits, unless one of the contexts ends first.
func sleep(ctx, closed context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-closed.Done():
		return ErrClosed
	}
}

// after is how long an error says to wait, or else.
func after(e *protocol.Error, otherwise time.Duration) time.Duration {
	if e.After > 0 {
		return time.Duration(e.After) * time.Millisecond
	}
	return otherwise
}
