//go:build linux

package faults

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// stoppedReader has members who do not read. The others notice nothing, and the
// server gives each of them up once more waits for it than it may have.
func stoppedReader(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	for i := range 3 {
		enterAndStop(t, s.socket(), fmt.Sprint("stopped reader ", i))
	}
	w.add(4, s.socket(), "general", 3, func(c *client) { c.more = 6000 })
	const each = 1500 // messages of 6 KB: more than a kernel and the server's bound hold together
	w.goesOn(each, "while some did not read")
	wantPresent(l, s, len(w.clients))
	w.settle(s.socket())
}

// halfOpen has peers that vanish without a word, as they do behind a tunnel:
// they are given up within the time of the heartbeat.
func halfOpen(t *testing.T, l *ledger) {
	s := serve(t, "--heartbeat", "1s")
	w := newLoad(l)
	const near = 2
	w.add(near, s.socket(), "general", near, func(c *client) { c.pause = 10 * time.Millisecond })
	tunnel := newNetwork(t, s)
	inTunnel := w.add(2, tunnel.socket(), "general", 1, func(c *client) { c.name += " in the tunnel"; c.pause = 10 * time.Millisecond })
	for i := range 3 {
		enterAndStop(t, tunnel.socket(), fmt.Sprint("vanished ", i))
	}
	w.until(20)
	tunnel.suffer("timeout", "upstream", object{"timeout": 0})
	tunnel.suffer("timeout", "downstream", object{"timeout": 0})
	wantPresent(l, s, near)
	w.goesOn(50, "while some had vanished")
	for _, c := range inTunnel {
		c.socket.Store(s.socket())
	}
	tunnel.stop()
	w.settle(s.socket())
}

// enterAndStop joins the general room under a name and never reads again. Its
// kernel takes little for it.
func enterAndStop(t testing.TB, socket, name string) {
	t.Helper()
	dialer := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			c.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return c, err
	}
	transport := &http.Transport{DialContext: dialer}
	ws, _, err := websocket.Dial(t.Context(), socket, &websocket.DialOptions{
		Subprotocols: []string{protocol.Subprotocol}, HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	c := &connection{ws}
	if err := c.send(t.Context(), object{"type": "hello", "name": name, "rooms": []object{{"room": "general"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.next(t.Context(), "joined"); err != nil {
		t.Fatal(err)
	}
}
