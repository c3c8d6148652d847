package gateway

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

const (
	// spareDescriptors are left for the data file, the listeners, and spareConnections.
	spareDescriptors = 64

	// spareConnections may be open beyond MaxConnections: pages, and those who are told that there is no room.
	spareConnections = 32

	// maxConnections is the default where descriptors allow more, as they do by the million in containers and on
	// Windows: at 20 KiB for an idle one, the most it should cost with any engine, these are 400 MB.
	maxConnections = 20_000

	maxHeaderBytes = 64 << 10        // of one request
	pageTimeout    = time.Minute     // for a page to be taken, and for the next request on its connection
	retryAfter     = 5 * time.Second // at least, for who is refused only now; up to twice as long, so that they spread
)

// defaultMaxConnections is what is left of so many descriptors.
func defaultMaxConnections(descriptors int) int {
	return min(maxConnections, max(descriptors-spareDescriptors, descriptors/2))
}

// newHTTPServer reads requests, and does the pages. A socket leaves it with its handshake.
func (s *Server) newHTTPServer() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // a WebSocket over HTTP/2 (RFC 8441) is not offered
	return &http.Server{
		Handler:           http.HandlerFunc(s.front),
		Protocols:         &protocols,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: s.options.HandshakeTimeout, // also for a connection on which nothing is ever sent
		WriteTimeout:      pageTimeout,
		IdleTimeout:       pageTimeout,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateClosed { // a hijacked one is counted out when it is finished
				s.closed(peerOf(c))
			}
		},
	}
}

// doorman turns away connections that there are no descriptors for, before they cost anything.
type doorman struct {
	net.Listener
	server *Server
}

func (d *doorman) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if d.server.open.Load() >= int64(d.server.options.MaxConnections)+spareConnections {
			d.server.turnAway(conn)
		} else if d.server.opened(peerOf(conn)) {
			return conn, nil
		} else {
			conn.Close()
		}
	}
}

// turnAway answers without reading the request, as far as that goes.
func (s *Server) turnAway(conn net.Conn) {
	s.often.info("too many connections", "limit", s.options.MaxConnections+spareConnections)
	conn.SetDeadline(time.Now().Add(10 * time.Millisecond))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n", retrySeconds())
	s.options.Header.Write(&b)
	b.WriteString("\r\n")
	conn.Write(b.Bytes())
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
	io.CopyN(io.Discard, conn, maxHeaderBytes) // so that a reset does not overtake the answer
	conn.Close()
}

// refuseForNow tells a client to come back.
func (s *Server) refuseForNow(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", fmt.Sprint(retrySeconds()))
	w.Header().Set("Connection", "close")
	s.refuse(w, http.StatusServiceUnavailable, why)
}

func retrySeconds() int { return int((retryAfter + rand.N(retryAfter)) / time.Second) }
