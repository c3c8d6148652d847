package gateway

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// front answers whatever comes to the listener: the socket, or a page.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 {
		// Two ways to tell a body's length are what request smuggling lives on; nothing here needs this one.
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusLengthRequired, "A request here tells its length.")
		return
	}
	if r.ContentLength != 0 {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.options.HandshakeTimeout))
	}
	if why := s.wrongHost(r); why != "" {
		refuse(w, http.StatusMisdirectedRequest, why)
		return
	}
	switch {
	case r.URL.Path == s.options.SocketPath:
		s.accept(w, r)
	case hasToken(r.Header, "Upgrade", "websocket"):
		refuse(w, http.StatusNotFound, "There is no socket at this path.")
	default:
		s.options.Pages.ServeHTTP(w, r)
	}
}

// accept does the opening handshake of RFC 6455 section 4.2. It waits for OnConnect, as API Gateway does.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) {
	status, why := s.checkHandshake(w, r)
	if why != "" {
		refuse(w, status, why)
		return
	}
	if !s.begin() {
		s.refuseForNow(w, "This server is going down.")
		return
	}
	if s.sockets.Add(1) > int64(s.options.MaxConnections) {
		s.sockets.Add(-1)
		s.working.Done()
		s.log.Info("too many connections", "limit", s.options.MaxConnections)
		s.refuseForNow(w, "Too many are connected at present.")
		return
	}
	if c, early := s.connect(w, r); c != nil {
		go c.serve(early)
		return
	}
	s.sockets.Add(-1)
	s.working.Done()
}

// connect asks the handler, and answers the handshake. It returns nil when there is no connection after all.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) (c *connection, early []byte) {
	h := Handshake{Subprotocols: offered(r.Header), Origin: r.Header.Get("Origin"), Address: address(r.RemoteAddr), UserAgent: r.UserAgent()}
	id := newID()
	var subprotocol string
	err := s.contain(func(context.Context) (err error) {
		subprotocol, err = s.handler.OnConnect(r.Context(), id, h)
		return err
	})
	if err != nil {
		status := refusal(err)
		if status >= 500 {
			s.log.Error("OnConnect", "connection", id, "status", status, "error", err)
		} else {
			s.log.Info("handshake refused", "connection", id, "status", status, "error", err)
		}
		refuse(w, status, http.StatusText(status))
		return nil, nil
	}
	if subprotocol != "" && !slices.Contains(h.Subprotocols, subprotocol) {
		s.log.Error("OnConnect chose a sub-protocol that was not offered", "connection", id, "subprotocol", subprotocol)
		s.disconnect(id)
		refuse(w, http.StatusBadGateway, http.StatusText(http.StatusBadGateway))
		return nil, nil
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.log.Debug("gone during the handshake", "connection", id, "error", err)
		s.disconnect(id)
		return nil, nil
	}
	early, _ = buffered.Reader.Peek(buffered.Reader.Buffered())

	c = &connection{
		server: s, id: id, address: h.Address, userAgent: strings.Clone(h.UserAgent), connectedAt: time.Now().UnixMilli(),
		socket: newSocket(conn), frames: frameReader{limit: s.options.MaxMessageBytes},
		flushing: true, flushed: make(chan struct{}), // so that a post waits for the answer to be written
	}
	c.heard.Store(int64(s.now()))
	c.activeAt.Store(c.connectedAt)
	s.connections.add(c)
	s.log.Debug("connected", "connection", id, "address", h.Address, "subprotocol", subprotocol)

	conn.SetWriteDeadline(time.Now().Add(s.options.HandshakeTimeout))
	conn.Write(switchingProtocols(r.Header.Get("Sec-WebSocket-Key"), subprotocol)) // if it fails, so does the first read
	conn.SetWriteDeadline(time.Time{})
	c.opened()
	return c, early
}

// opened lets frames out that were posted while the handshake was being answered.
func (c *connection) opened() {
	c.mu.Lock()
	if c.queue == nil {
		c.endFlush()
	} else {
		go c.flush()
	}
	c.mu.Unlock()
	if c.server.isDraining() {
		c.drop(closeRestart, "server is going down") // Shutdown may have looked for connections before this one was
	}
}

// checkHandshake returns a status and a sentence for a request that is not RFC 6455's.
func (s *Server) checkHandshake(w http.ResponseWriter, r *http.Request) (status int, why string) {
	header := w.Header()
	switch key, version := r.Header.Values("Sec-WebSocket-Key"), r.Header.Values("Sec-WebSocket-Version"); {
	case r.Method != http.MethodGet:
		header.Set("Allow", http.MethodGet)
		return http.StatusMethodNotAllowed, "A WebSocket begins with GET."
	case r.ProtoMajor != 1 || r.ProtoMinor != 1:
		return http.StatusBadRequest, "A WebSocket begins with HTTP/1.1."
	case !hasToken(r.Header, "Upgrade", "websocket") || !hasToken(r.Header, "Connection", "upgrade"):
		header.Set("Upgrade", "websocket")
		header.Set("Connection", "Upgrade")
		return http.StatusUpgradeRequired, "This is a WebSocket; open it with a WebSocket client."
	case len(version) != 1 || version[0] != "13":
		header.Set("Sec-WebSocket-Version", "13")
		return http.StatusUpgradeRequired, "This server speaks version 13 of the WebSocket protocol."
	case len(key) != 1 || !validKey(key[0]):
		return http.StatusBadRequest, "Sec-WebSocket-Key must be there once, and be 16 bytes in base64."
	case r.ContentLength != 0:
		return http.StatusBadRequest, "A handshake has no body."
	case !validOffer(r.Header):
		return http.StatusBadRequest, "Sec-WebSocket-Protocol must be a list of different tokens."
	}
	if why := s.wrongOrigin(r); why != "" {
		s.log.Info("origin refused", "origin", r.Header.Values("Origin"), "address", address(r.RemoteAddr))
		return http.StatusForbidden, why
	}
	return 0, ""
}

func validKey(key string) bool {
	b, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(b) == 16 && len(key) == base64.StdEncoding.EncodedLen(16)
}

// hasToken looks for a token in a comma-separated header, without regard to case.
func hasToken(h http.Header, name, token string) bool {
	for _, value := range h.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// offered lists the sub-protocols of a request, in order.
func offered(h http.Header) []string {
	var list []string
	for _, value := range h.Values("Sec-WebSocket-Protocol") {
		for part := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(part))
		}
	}
	return list
}

// validOffer holds the offer to RFC 6455 section 4.1 item 10: tokens of RFC 9110 section 5.6.2, none twice.
func validOffer(h http.Header) bool {
	list := offered(h)
	for i, p := range list {
		notToken := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }
		if p == "" || strings.ContainsFunc(p, notToken) || slices.Contains(list[:i], p) {
			return false
		}
	}
	return true
}

// address is the client's IP address of "ip:port".
func address(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		host, _, _ := net.SplitHostPort(remote)
		return host
	}
	return ap.Addr().Unmap().String()
}

// refusal is the status for an error of OnConnect.
func refusal(err error) int {
	var refused interface{ HTTPStatus() int }
	if errors.As(err, &refused) {
		if status := refused.HTTPStatus(); status >= 400 && status <= 599 {
			return status
		}
	}
	return http.StatusBadGateway
}

func refuse(w http.ResponseWriter, status int, why string) { http.Error(w, why, status) }

// switchingProtocols is the answer that makes the connection a WebSocket. RFC 6455 section 4.2.2.
func switchingProtocols(key, subprotocol string) []byte {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b := fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	if subprotocol != "" {
		b = fmt.Appendf(b, "Sec-WebSocket-Protocol: %s\r\n", subprotocol)
	}
	return append(b, "\r\n"...)
}
