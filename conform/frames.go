package conform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coder/websocket"

	"parley/protocol"
)

func frameCases() []Case {
	return []Case{
		{"frame/binary", "A client that sends what nobody understands would not hear of it.", nil, frameBinary},
		{"frame/too big", "What no frame can carry would be taken, or met by silence.", nil, frameTooBig},
		{"frame/not UTF-8", "Text that is none would be stored and shown.", nil, frameNotUTF8},
		{"frame/in parts", "Clients that send a message in several frames could not take part.", nil, frameParts},
	}
}

func frameBinary(ctx context.Context, s *Suite) error {
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	if err := c.ws.Write(ctx, websocket.MessageBinary, encode(action{"type": "ping", "id": word(12)})); err != nil {
		return err
	}
	x := want(ruleBinary, "a binary message to end the connection with %d", protocol.CloseBinary)
	code, err := c.closing(ctx, x)
	if err != nil {
		return err
	}
	if code != protocol.CloseBinary {
		return x.but(fmt.Sprintf("close code %d: %v", code, c.ended))
	}
	return c.farewell()
}

// frameTooBig sends one byte too many. API Gateway closes with 1009; a server
// that stands behind something more patient may refuse the action instead.
func frameTooBig(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	a := action{"type": "ping", "id": word(12), "padding": ""}
	fits := protocol.MaxFrameBytes - len(encode(a))
	a["padding"] = strings.Repeat("x", fits)
	if _, err := ask[protocol.Pong](ctx, c, want(ruleFrame, "an action of %d bytes to be answered", protocol.MaxFrameBytes), a); err != nil {
		return err
	}
	a["padding"], a["id"] = strings.Repeat("x", fits+1), word(12)
	mark := c.mark()
	if err := c.send(ctx, a); err != nil {
		return err
	}
	return c.endsOrRefuses(ctx, want(ruleTooBig, "%d bytes to end the connection with %d, or to be refused", protocol.MaxFrameBytes+1, protocol.CloseTooBig), mark, protocol.CloseTooBig, protocol.TooLarge)
}

// frameNotUTF8: RFC 6455, section 8.1, has the connection fail. Where API
// Gateway holds the socket its code is not documented.
func frameNotUTF8(ctx context.Context, s *Suite) error {
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	mark := c.mark()
	if err := c.sendText(ctx, "{\"type\":\"ping\",\"id\":\"\xc3\x28\"}"); err != nil {
		return err
	}
	code := protocol.CloseNotUTF8
	if !s.target.Local {
		code = 0
	}
	return c.endsOrRefuses(ctx, want(ruleNotUTF8, "what is not UTF-8 to end the connection, or to be refused"), mark, code, protocol.Malformed)
}

// endsOrRefuses waits for the end of the connection, by a close code unless 0,
// or where the server is not the local one for an error in its place.
func (c *conn) endsOrRefuses(ctx context.Context, x expectation, mark, closeCode int, code protocol.Code) error {
	_, err := c.find(ctx, x, mark, func(e event) bool {
		b, ok := e.body.(*protocol.Error)
		return ok && b.Code == code && !c.s.target.Local
	})
	if err == nil {
		return nil
	}
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	if ended == nil {
		return err
	}
	var closed websocket.CloseError
	if closeCode != 0 && (!errors.As(ended, &closed) || int(closed.Code) != closeCode) {
		return x.but(ended.Error())
	}
	return c.farewell()
}

// farewell checks that an error went before a close. On API Gateway nobody can
// send one before a close that it decides itself.
func (c *conn) farewell() error {
	if !c.s.target.Local {
		return nil
	}
	<-c.done
	got := c.since(0)
	if len(got) > 0 {
		if b, ok := got[len(got)-1].body.(*protocol.Error); ok && b.ID == "" && !b.Retry {
			return nil
		}
	}
	return want(ruleFarewell, "an error without id as the last event").but(got)
}

func frameParts(ctx context.Context, s *Suite) error {
	room, text, id := s.room(), s.text(), word(12)
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	whole := encode(action{"type": "message", "room": room, "text": text, "id": id})
	w, err := c.ws.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{whole[:9], whole[9:10], whole[10:]} { // each becomes a frame, and the end another one
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err = await(ctx, c, want(ruleOwnCopy, "the own copy of a message sent in four frames"), 0, func(m *protocol.Said) bool { return m.ID == id && m.Text == text })
	return err
}
