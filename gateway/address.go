package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// address is the client's IP address without a port.
func (s *Server) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	}
	return forwarded(peer.Addr().Unmap().WithZone(""), r.Header.Values("X-Forwarded-For"), s.options.TrustedProxies).String()
}

// forwarded is for whom a peer speaks. Anybody can write X-Forwarded-For, so it is read from its end, where the nearest
// proxy has written, and only as far as proxies that are trusted. Forwarded (RFC 7239) is not looked at: a proxy that
// does not know it passes on what a client wrote there.
func forwarded(peer netip.Addr, header []string, trusted []netip.Prefix) netip.Addr {
	for i := len(header) - 1; i >= 0; i-- {
		for rest, more := header[i], true; more; {
			if !within(peer, trusted) {
				return peer
			}
			var hop string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				hop, more = rest, false
			}
			next, err := parseHop(strings.TrimSpace(hop))
			if err != nil {
				return peer
			}
			peer = next
		}
	}
	return peer
}

// parseHop reads an address, after which some proxies write a port.
func parseHop(hop string) (netip.Addr, error) {
	a, err := netip.ParseAddr(hop)
	if err != nil {
		withPort, wrong := netip.ParseAddrPort(hop)
		if a = withPort.Addr(); wrong != nil {
			return a, err
		}
	}
	return a.Unmap().WithZone(""), nil
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// shortened is an address as it may stand in a log: enough of it to see where a flood comes from, and nobody's alone.
func shortened(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	bits := 48
	if a.Is4() {
		bits = 24
	}
	network, _ := a.WithZone("").Prefix(bits)
	return network.String()
}
