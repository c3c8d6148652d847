package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// IsLocalHost tells whether a request's Host (with or without a port) is localhost or an IP address. Only such a Host
// is safe to serve when nobody has said what the server is called: a page of another site can make its own name point
// here (DNS rebinding), and then it counts as the same origin, but it cannot make itself an address.
func IsLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Zone() == ""
}

// wrongHost says why a request's Host is not served; empty if it is.
func (s *Server) wrongHost(r *http.Request) string {
	if s.options.PublicURL != nil || IsLocalHost(r.Host) {
		return ""
	}
	return fmt.Sprintf("This server knows itself only as localhost or by its IP address, not as %q.\n"+
		"hint: start it with --url and the address that people type, such as --url %s://%s", quotable(r.Host), scheme(r), "chat.example.org")
}

// wrongOrigin says why a socket is refused; empty if it is not. Browsers send an Origin with every WebSocket and let any
// page open one anywhere, so this is what keeps other sites out (RFC 6455 section 10.2). Tools send none.
func (s *Server) wrongOrigin(r *http.Request) string {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return ""
	}
	want := canonicalOrigin(scheme(r) + "://" + r.Host)
	if u := s.options.PublicURL; u != nil {
		want = canonicalOrigin(u.Scheme + "://" + u.Host)
	}
	if len(origins) == 1 && canonicalOrigin(origins[0]) == want {
		return ""
	}
	return fmt.Sprintf("A page of %q may not open a socket here, only one of %q.\n"+
		"hint: if people reach this server under another address, start it with --url and that address", quotable(strings.Join(origins, ", ")), quotable(want))
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// canonicalOrigin makes the same origin the same string: lower case, without the scheme's own port. Whatever else it
// holds (user info, path) stays, and so equals no origin.
func canonicalOrigin(origin string) string {
	origin = strings.ToLower(origin)
	switch {
	case strings.HasPrefix(origin, "http://"):
		return strings.TrimSuffix(origin, ":80")
	case strings.HasPrefix(origin, "https://"):
		return strings.TrimSuffix(origin, ":443")
	}
	return origin
}
