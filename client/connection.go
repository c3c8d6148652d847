package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

const (
	dialWithin    = 10 * time.Second // until the handshake is done
	welcomeWithin = 10 * time.Second // a socket which opens and says nothing is worth no more
	writeWithin   = 10 * time.Second // a frame of at most 32 KB
	answerWithin  = 10 * time.Second
	againAfter    = 2 * time.Second // where an error says retry without a time

	partingWithin = 5 * time.Second // an error without id explains a close that follows so soon
)

// connection is one WebSocket, from its opening to its end. The next one is
// another connection. Its fields but ws, out and the channels belong to the
// Client's mu.
type connection struct {
	c    *Client
	ws   *websocket.Conn
	done chan struct{} // closed when it has ended
	over sync.Once

	out   [][]byte      // frames to write: at most a message a room, and mostAsks
	ready chan struct{} // has room for one: there is something in out

	hello    hello
	welcomed time.Time          // zero: not yet
	greeted  chan struct{}      // closed with the welcome
	complete chan struct{}      // closed when it has entered all rooms
	early    []*protocol.Joined // came before the welcome
	gates    map[string]*gate
	asks     map[string]*question
	parting  *protocol.Error
	partedAt time.Time
	end      end
}

// end is how a connection ended.
type end struct {
	ended   bool
	code    websocket.StatusCode // -1: without a close
	parting *protocol.Error      // what went before
	err     error
	online  time.Duration // since the welcome
}

// question is an action whose answer is waited for.
type question struct {
	frame  []byte
	match  func(event any) bool // an answer that has another id, or none
	answer chan any             // has room for one
	again  bool                 // was sent once more, since some action failed
}

// mostAsks may be waiting for their answers on one connection.
const mostAsks = 100

// run reads and writes until the connection ends.
func (k *connection) run() {
	var writing sync.WaitGroup
	writing.Go(k.write)
	k.read()
	writing.Wait()
}

func (k *connection) read() {
	for {
		kind, frame, err := k.ws.Read(context.Background()) // ends with drop
		if err != nil {
			k.drop(err)
			return
		}
		if kind == websocket.MessageText {
			k.c.receive(k, decode(frame))
		}
	}
}

func (k *connection) write() {
	for {
		select {
		case <-k.ready:
		case <-k.done:
			return
		}
		for frame := k.next(); frame != nil; frame = k.next() {
			ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
			err := k.ws.Write(ctx, websocket.MessageText, frame)
			cancel()
			if err != nil {
				k.drop(err)
				return
			}
		}
	}
}

func (k *connection) next() []byte {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	if len(k.out) == 0 {
		return nil
	}
	frame := k.out[0]
	k.out = k.out[1:]
	return frame
}

// send gives a frame to the writer. Call it with mu held.
func (k *connection) send(frame []byte) {
	if k.end.ended {
		return
	}
	k.out = append(k.out, frame)
	select {
	case k.ready <- struct{}{}:
	default:
	}
}

// drop ends the connection, whoever is at fault, without waiting for the other
// side, which may never answer. The first call tells why.
func (k *connection) drop(err error) {
	k.over.Do(func() {
		k.c.mu.Lock()
		k.finish(err)
		k.c.mu.Unlock()
		close(k.done)
	})
	k.ws.CloseNow()
}

// finish notes the end. Call it with mu held.
func (k *connection) finish(err error) {
	k.end = end{ended: true, code: websocket.CloseStatus(err), err: err}
	if k.parting != nil && time.Since(k.partedAt) < partingWithin {
		k.end.parting = k.parting
	}
	if !k.welcomed.IsZero() {
		k.end.online = time.Since(k.welcomed)
	}
	for _, g := range k.gates {
		g.stop()
	}
	for id, q := range k.asks {
		delete(k.asks, id)
		q.answer <- errLost
	}
	k.c.ended(k)
}

// errLost answers what was asked on a connection that is no more.
var errLost = errors.New("the connection is lost")

// goodbye ends a connection that is not needed any more. It takes as long as the
// other side takes to say so too, 5 s at most.
func (k *connection) goodbye() {
	k.ws.Close(websocket.StatusNormalClosure, "")
	k.drop(errLost)
}

// foretell notes an error that no action asked for: if a close follows, this is
// why. Call it with mu held.
func (k *connection) foretell(e *protocol.Error) { k.parting, k.partedAt = e, time.Now() }
