package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gobwas/ws"

	"parley/protocol"
)

// entry is what a server says to a hello.
type entry struct {
	head   uint64 // of the room
	server string
}

func hello(name, room string) []byte {
	return fmt.Appendf(nil, `{"type":"hello","name":%q,"rooms":[{"room":%q}]}`, name, room)
}

// enter says hello under a name and waits until the connection, which is read
// from already, is in its room.
func (c *connection) enter(ctx context.Context, name, room string) error {
	if err := c.send(ws.OpText, hello(name, room)); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	patience := time.NewTimer(answerPatience)
	defer patience.Stop()
	select {
	case err := <-c.entered:
		return err
	case <-patience.C:
		return errors.New("the server does not answer a hello")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enterUnread does the same on a connection that nobody will read from.
func enterUnread(conn net.Conn, name, room string) error {
	conn.SetDeadline(time.Now().Add(answerPatience))
	defer conn.SetDeadline(time.Time{})
	if _, err := conn.Write(appendFrame(nil, ws.OpText, hello(name, room))); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	buffer, data, e := make([]byte, 16<<10), []byte(nil), entry{}
	for {
		op, payload, rest, found, err := nextFrame(data)
		if err != nil {
			return err
		}
		if !found {
			n, err := conn.Read(buffer)
			if err != nil {
				return fmt.Errorf("after hello: %w", err)
			}
			data = append(data, buffer[:n]...)
			continue
		}
		data = rest
		if op == ws.OpClose {
			return closedBy(payload)
		}
		if in, err := e.take(op, payload); in || err != nil {
			return err
		}
	}
}

// take tells whether a frame is the one that lets into the room.
func (e *entry) take(op ws.OpCode, payload []byte) (in bool, err error) {
	if op != ws.OpText {
		return false, nil
	}
	var event struct {
		protocol.Error
		Server string `json:"server"`
		Head   uint64 `json:"head"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return false, fmt.Errorf("what the server says after hello: %w", err)
	}
	switch event.Type {
	case "error":
		return false, refusal(event.Error)
	case "welcome":
		e.server = event.Server
	case "joined":
		e.head = event.Head
		return true, nil
	}
	return false, nil
}
