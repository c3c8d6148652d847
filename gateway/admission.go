package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// turnedAway is why a handshake is not let in just now.
type turnedAway struct {
	status int
	why    string
	after  time.Duration // to come again
}

// enter counts a socket in, which is left when it has ended, or says why there is no place for it.
func (s *Server) enter(address string) *turnedAway {
	sockets := s.sockets.Add(1)
	if sockets > s.crowded() {
		s.makeRoom()
	}
	if sockets > int64(s.options.MaxConnections) {
		s.sockets.Add(-1)
		s.often.info("too many connections", "limit", s.options.MaxConnections)
		return &turnedAway{http.StatusServiceUnavailable, "Too many are connected at present.", retryAfter}
	}
	if from := addressOf(address); s.hasLimits(from) {
		switch wait, own := s.addresses.enter(from, s.now()); {
		case wait > 0 && own:
			s.sockets.Add(-1)
			s.often.info("too many connections from an address", "address", shortened(address))
			return &turnedAway{http.StatusTooManyRequests, "Too many come from your address at present.", wait}
		case wait > 0:
			s.sockets.Add(-1)
			s.often.info("too many connections at once")
			return &turnedAway{http.StatusServiceUnavailable, "Too many come at present.", wait}
		}
	}
	return nil
}

// leave counts a socket out.
func (s *Server) leave(from netip.Addr) {
	s.sockets.Add(-1)
	if s.hasLimits(from) {
		s.addresses.leave(from, s.now())
	}
}

// addressOf is the client's address of a Handshake; the zero Addr where it is not known.
func addressOf(address string) netip.Addr {
	from, _ := netip.ParseAddr(address)
	return from
}

// hasLimits tells whether the limits of an address hold for this one: not for loopback nor for the trusted proxies,
// behind which anybody may be, nor where there is none.
func (s *Server) hasLimits(a netip.Addr) bool {
	return a.IsValid() && !a.IsLoopback() && !within(a, s.options.TrustedProxies)
}

// header tells when to come again.
func (t *turnedAway) header(h http.Header) {
	h.Set("Retry-After", fmt.Sprint(max(int64(retrySeconds()), int64((t.after+time.Second-1)/time.Second))))
	h.Set("Connection", "close")
}

// opened counts a TCP connection in, or tells that its address has too many.
func (s *Server) opened(peer netip.Addr) bool {
	if s.hasLimits(peer) && !s.addresses.accept(peer) {
		s.often.info("too many connections from an address", "address", shortened(peer.String()))
		return false
	}
	s.open.Add(1)
	return true
}

// closed counts it out.
func (s *Server) closed(peer netip.Addr) {
	s.open.Add(-1)
	if s.hasLimits(peer) {
		s.addresses.close(peer)
	}
}

// peerOf is where a connection comes from, without regard to proxies; the zero Addr where that is no IP address.
func peerOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// proxied tells whether a request came by a trusted proxy, whose connections are not counted.
func (s *Server) proxied(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && within(peer.Addr().Unmap(), s.options.TrustedProxies)
}

// peer is peerOf for a connection that is a WebSocket; the zero Addr for a proxy's.
func (c *connection) peer() netip.Addr {
	if c.proxied {
		return netip.Addr{}
	}
	return c.from()
}

// from is the client's address; the zero Addr where it is not known.
func (c *connection) from() netip.Addr {
	if c.address == [16]byte{} {
		return netip.Addr{}
	}
	return netip.AddrFrom16(c.address).Unmap()
}
