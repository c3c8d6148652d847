package gateway

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// front answers whatever comes to the listener: the socket, or a page.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 {
		// Two ways to tell a body's length are what request smuggling lives on; nothing here needs this one.
		w.Header().Set("Connection", "close")
		s.refuse(w, http.StatusLengthRequired, "A request here tells its length.")
		return
	}
	if r.ContentLength != 0 {
		// A body that is promised and never comes must hold neither the answer nor the connection.
		w.Header().Set("Connection", "close")
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.options.HandshakeTimeout))
	}
	if why := s.wrongHost(r); why != "" {
		s.refuse(w, http.StatusMisdirectedRequest, why)
		return
	}
	switch {
	case r.URL.Path == s.options.SocketPath:
		s.accept(w, r)
	case hasToken(r.Header, "Upgrade", "websocket"):
		s.refuse(w, http.StatusNotFound, "There is no socket at this path.")
	case s.options.Pages == nil:
		s.refuse(w, http.StatusNotFound, "404 page not found")
	default:
		s.options.Pages.ServeHTTP(w, r)
	}
}

// accept does the opening handshake of RFC 6455 section 4.2. It waits for OnConnect, as API Gateway does.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) {
	status, why := s.checkHandshake(w.Header(), r)
	if why != "" {
		if status == http.StatusForbidden {
			s.often.info("origin refused", "origin", quotable(strings.Join(r.Header.Values("Origin"), ", ")), "address", shortened(s.address(r)))
		}
		s.refuse(w, status, why)
		return
	}
	if !s.begin() {
		s.refuseForNow(w, "This server is going down.")
		return
	}
	h := s.handshake(r)
	if away := s.enter(h.Address); away != nil {
		s.working.Done()
		away.header(w.Header())
		s.refuse(w, away.status, away.why)
		return
	}
	if a, early := s.connect(w, r, h); a != nil {
		go a.serve(early)
		return
	}
	s.leave(addressOf(h.Address))
	s.working.Done()
}

// connect asks the handler, and answers the handshake. It returns nil when there is no connection after all.
func (s *Server) connect(w http.ResponseWriter, r *http.Request, h Handshake) (a *attended, early []byte) {
	c := s.newConnection(h)
	subprotocol, status := s.admit(c, r, h)
	if status != 0 {
		s.refuse(w, status, http.StatusText(status))
		return nil, nil
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.log.Debug("gone during the handshake", "connection", c.id, "error", err)
		c.abandon()
		s.disconnect(c.id, closeAbnormal, "")
		return nil, nil
	}
	early, _ = buffered.Reader.Peek(buffered.Reader.Buffered())
	s.log.Debug("connected", "connection", c.id, "address", shortened(h.Address), "subprotocol", subprotocol)
	return c.attend(conn, switchingProtocols(r.Header.Get("Sec-WebSocket-Key"), subprotocol)), early
}

// handshake is what OnConnect is told about a request.
func (s *Server) handshake(r *http.Request) Handshake {
	return Handshake{
		Subprotocols: offered(r.Header), Origin: keep(r.Header.Get("Origin")), Address: s.address(r), UserAgent: keep(r.UserAgent()),
	}
}

// admit asks the handler about a new connection. When it refuses, the connection is abandoned, and status is what to
// answer; otherwise that is 0.
func (s *Server) admit(c *connection, r *http.Request, h Handshake) (subprotocol string, status int) {
	c.proxied = s.proxied(r)
	// OnConnect may make the id known to others, who post to it before OnConnect has returned. "Gone" would make them
	// forget a connection that is about to live, so it is found already; API Gateway does say so.
	c.hidden.Store(s.options.Unordered)
	subprotocol, err := s.ask(r, c.id, h)
	if err != nil {
		c.abandon()
		status := refusal(err)
		if status >= 500 && r.Context().Err() == nil { // else the client has gone, and nothing is wrong here
			s.log.Error("handshake refused", "connection", c.id, "status", status, "error", err)
		} else {
			s.often.info("handshake refused", "connection", c.id, "status", status, "error", err)
		}
		return "", status
	}
	c.hidden.Store(false)
	if subprotocol != "" && !slices.Contains(h.Subprotocols, subprotocol) {
		s.log.Error("OnConnect chose a sub-protocol that was not offered", "connection", c.id, "subprotocol", subprotocol)
		c.abandon()
		s.disconnect(c.id, closeAbnormal, "")
		return "", http.StatusBadGateway
	}
	return subprotocol, 0
}

// ask calls OnConnect, or what stands in its place.
func (s *Server) ask(r *http.Request, id string, h Handshake) (subprotocol string, err error) {
	err = s.contain(func(ctx context.Context) (err error) {
		if s.informed != nil {
			subprotocol, err = s.informed.OnRequest(ctx, id, h.Address, r)
		} else {
			subprotocol, err = s.handler.OnConnect(r.Context(), id, h)
		}
		return err
	})
	return subprotocol, err
}

// refusal is the status for an error of OnConnect.
func refusal(err error) int {
	var refused interface{ HTTPStatus() int }
	if errors.As(err, &refused) {
		if status := refused.HTTPStatus(); status >= 300 && status <= 599 {
			return status
		}
	}
	return http.StatusBadGateway
}

// refuse is an answer of the gateway's own, to a page's request or to a handshake.
func (s *Server) refuse(w http.ResponseWriter, status int, why string) {
	maps.Copy(w.Header(), s.options.Header)
	http.Error(w, why, status)
}
