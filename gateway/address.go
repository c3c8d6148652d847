package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// address is the client's IP address without a port. Anybody can write X-Forwarded-For, so it is read from its end, where
// the nearest proxy has written, and only as far as proxies that TrustedProxies names.
func (s *Server) address(r *http.Request) string {
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	}
	address := client.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
	}
	return address.String()
}

func (s *Server) trusts(address netip.Addr) bool {
	for _, proxies := range s.options.TrustedProxies {
		if proxies.Contains(address) {
			return true
		}
	}
	return false
}
