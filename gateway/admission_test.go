package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/gateway"
)

// TestAddressLimits: what one address may do is counted by the address that the proxy saw, whatever a client writes.
func TestAddressLimits(t *testing.T) { onEngines(t, testAddressLimits) }

func testAddressLimits(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	via := func(address string) string { return "X-Forwarded-For: " + address }
	ask := func(s *home, lines ...string) *http.Response {
		return s.dial().request(append(s.upgrade(), lines...)...)
	}
	turnedAway := func(t *testing.T, what string, resp *http.Response) {
		t.Helper()
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("X-Policy") != "ours" {
			t.Errorf("%s: %d, %v; want 429 with Retry-After", what, resp.StatusCode, resp.Header)
		}
	}
	ours := http.Header{"X-Policy": {"ours"}}
	t.Run("sockets at a time", func(t *testing.T) {
		s := start(t, gateway.Options{TrustedProxies: proxy, AddressSockets: 2, Header: ours}, newHandler(), nil)
		one, _ := s.open(via("192.0.2.1"))
		s.open(via("192.0.2.1"))
		turnedAway(t, "a third one", ask(s, via("192.0.2.1")))
		turnedAway(t, "one that pretends", ask(s, via("198.51.100.1, 192.0.2.1")))
		turnedAway(t, "one that pretends by another header", ask(s, "Forwarded: for=198.51.100.1", via("192.0.2.1")))
		s.open(via("192.0.2.2"))
		one.send(bye(1000, ""))
		one.wantClose(1000)
		one.Close()
		receive(t, s.handler.disconnected)
		for range 100 {
			if ask(s, via("192.0.2.1")).StatusCode == 101 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error("no place after one had gone")
	})
	t.Run("handshakes", func(t *testing.T) {
		s := start(t, gateway.Options{TrustedProxies: proxy, AddressConnects: gateway.Rate{PerSecond: 0.01, Burst: 3}, Header: ours}, newHandler(), nil)
		for range 3 {
			s.open(via("2001:db8::1"))
		}
		turnedAway(t, "a fourth one", ask(s, via("2001:db8::2")))
		s.open(via("2001:db8:0:1::1"))
	})
	t.Run("nobody is believed who is no proxy, and loopback has no limits", func(t *testing.T) {
		s := start(t, gateway.Options{AddressSockets: 1, AddressConnects: gateway.Rate{PerSecond: 0.01, Burst: 1}}, newHandler(), nil)
		for range 5 {
			s.open(via("192.0.2.1"))
		}
	})
	t.Run("a handshake that the handler refuses is no socket", func(t *testing.T) {
		h := newHandler()
		h.onConnect = func(context.Context, string, gateway.Handshake) (string, error) { return "", refused(403) }
		s := start(t, gateway.Options{TrustedProxies: proxy, AddressSockets: 1}, h, nil)
		for i := range 5 {
			if resp := ask(s, via("192.0.2.1")); resp.StatusCode != 403 {
				t.Fatalf("answer %d: %d, want 403", i, resp.StatusCode)
			}
		}
	})
}

// TestSilentMakeRoom: past nine tenths of the cap who never spoke goes, the oldest first, and who spoke stays.
func TestSilentMakeRoom(t *testing.T) {
	inBubble(t, "the oldest silent one", func(t *testing.T) {
		told := func(code int) []byte { return fmt.Appendf(nil, "told %d", code) }
		s := startPipes(t, gateway.Options{MaxConnections: 10, Heartbeat: -1, Farewell: told}, newHandler(), nil)
		var clients []*client
		var ids []string
		for i := range 9 {
			c, id := s.open()
			if i%2 == 0 {
				c.send(say("hello"))
				receive(t, s.handler.acted)
			}
			clients, ids = append(clients, c), append(ids, id)
			time.Sleep(time.Second)
		}
		s.open() // the tenth
		clients[1].want(text, "told 1013")
		clients[1].wantClose(1013)
		if gone, err := s.Post(t.Context(), texts("who is there?"), ids); !slices.Equal(gone, ids[1:2]) || err != nil {
			t.Errorf("gone are %v of %v, %v; want the second", gone, ids, err)
		}
		for _, c := range clients {
			c.Close()
		}
	})
	inBubble(t, "who has just come may speak still", func(t *testing.T) {
		s := startPipes(t, gateway.Options{MaxConnections: 10, Heartbeat: -1}, newHandler(), nil)
		var clients []*client
		var ids []string
		for range 10 {
			c, id := s.open()
			clients, ids = append(clients, c), append(ids, id)
		}
		time.Sleep(time.Second)
		if gone, err := s.Post(t.Context(), texts("who is there?"), ids); len(gone) > 0 || err != nil {
			t.Errorf("gone are %v of %v, %v; want nobody", gone, ids, err)
		}
		for _, c := range clients {
			c.Close()
		}
	})
}

// TestOftenLogged: what strangers cause is logged once, and then by its number.
func TestOftenLogged(t *testing.T) {
	inBubble(t, "refused", func(t *testing.T) {
		var logged log
		s := startPipes(t, gateway.Options{Logger: logged.logger(), Heartbeat: -1}, newHandler(), nil)
		for range 500 {
			s.dial().request(append(s.upgrade(), "Origin: http://evil.example")...)
		}
		count := func() int { return strings.Count(logged.String(), "origin refused") }
		if n := count(); n != 1 {
			t.Errorf("%d lines for 500 of one kind at once, want 1", n)
		}
		time.Sleep(12 * time.Second)
		if n := count(); n != 2 || !strings.Contains(logged.String(), "more=499") {
			t.Errorf("%d lines after 12 s, want 2, of which one tells of 499 more:\n%s", n, logged.String())
		}
		time.Sleep(30 * time.Second)
		s.dial().request(append(s.upgrade(), "Origin: http://evil.example")...)
		if n := count(); n != 3 {
			t.Errorf("%d lines, want 3: the next one is a first one again", n)
		}
	})
}

// from is a listener whose connections come from another address than loopback.
type from struct {
	net.Listener
	address netip.Addr
}

type fromConn struct {
	net.Conn
	address net.Addr
}

func (f *from) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	port := c.RemoteAddr().(*net.TCPAddr).AddrPort().Port()
	return &fromConn{c, net.TCPAddrFromAddrPort(netip.AddrPortFrom(f.address, port))}, nil
}

func (c *fromConn) RemoteAddr() net.Addr { return c.address }

// TestConnectionsThatAskNothing: who only opens TCP connections holds so many places and no more, and has them again
// once they have ended, whatever they ended as.
func TestConnectionsThatAskNothing(t *testing.T) {
	t.Run("engine=goroutine", func(t *testing.T) {
		testConnectionsThatAskNothing(t, func(_ *home, ln net.Listener) net.Listener { return &from{ln, netip.MustParseAddr("192.0.2.1")} })
	})
	t.Run("engine=epoll", func(t *testing.T) { // which asks the kernel where a connection comes from
		if len(engines()) == 1 {
			t.Skip("there is none here")
		}
		own := ownAddress()
		if own == "" {
			t.Skip("this machine has no address but loopback")
		}
		testConnectionsThatAskNothing(t, func(s *home, ln net.Listener) net.Listener {
			ln.Close()
			ln, err := net.Listen("tcp", own+":0")
			if err != nil {
				t.Fatal(err)
			}
			s.address = ln.Addr().String()
			return ln
		})
	})
}

// ownAddress is an IPv4 address of this machine that is not loopback's; packets to it stay within.
func ownAddress() string {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return ""
}

func testConnectionsThatAskNothing(t *testing.T, listen func(*home, net.Listener) net.Listener) {
	s := start(t, gateway.Options{AddressSockets: 1, Engine: engineOf(t), HandshakeTimeout: time.Minute}, newHandler(), listen)
	full := func() bool {
		c := s.dial()
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: "+s.address+"\r\nConnection: close\r\n\r\n")
		resp, err := http.ReadResponse(c.r, nil)
		return err != nil || resp.StatusCode != 404
	}
	for round := range 3 {
		socket, _ := s.open()
		var silent []*client
		for range 32 {
			silent = append(silent, s.dial())
		}
		for i := 0; !full(); i++ { // the last of them is accepted only now
			if i == 500 {
				t.Fatalf("round %d: one address has more than 33 connections", round)
			}
			time.Sleep(10 * time.Millisecond)
		}
		socket.send(bye(1000, ""))
		socket.wantClose(1000)
		socket.Close()
		receive(t, s.handler.disconnected)
		for _, c := range silent {
			c.Close()
		}
		for i := 0; full(); i++ {
			if i == 500 {
				t.Fatalf("round %d: no place after all have gone", round)
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond) // the last ones are counted out
	}
}
