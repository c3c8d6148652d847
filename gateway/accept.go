package gateway

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
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
	status, why := s.checkHandshake(w, r)
	if why != "" {
		s.refuse(w, status, why)
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
	h := Handshake{
		Subprotocols: offered(r.Header), Origin: keep(r.Header.Get("Origin")), Address: s.address(r), UserAgent: keep(r.UserAgent()),
	}
	id, connectedAt := newID(), s.now()
	var subprotocol string
	err := s.contain(func(ctx context.Context) (err error) {
		if s.informed != nil {
			subprotocol, err = s.informed.OnRequest(ctx, id, h.Address, r)
		} else {
			subprotocol, err = s.handler.OnConnect(r.Context(), id, h)
		}
		return err
	})
	if err != nil {
		status := refusal(err)
		level := slog.LevelInfo
		if status >= 500 && r.Context().Err() == nil { // else the client has gone, and nothing is wrong here
			level = slog.LevelError
		}
		s.log.Log(r.Context(), level, "handshake refused", "connection", id, "status", status, "error", err)
		s.refuse(w, status, http.StatusText(status))
		return nil, nil
	}
	if subprotocol != "" && !slices.Contains(h.Subprotocols, subprotocol) {
		s.log.Error("OnConnect chose a sub-protocol that was not offered", "connection", id, "subprotocol", subprotocol)
		s.disconnect(id, closeAbnormal, "")
		s.refuse(w, http.StatusBadGateway, http.StatusText(http.StatusBadGateway))
		return nil, nil
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.log.Debug("gone during the handshake", "connection", id, "error", err)
		s.disconnect(id, closeAbnormal, "")
		return nil, nil
	}
	early, _ = buffered.Reader.Peek(buffered.Reader.Buffered())

	c = &connection{
		server: s, id: id, address: h.Address, userAgent: h.UserAgent, connectedAt: connectedAt,
		socket: newSocket(conn), frames: frameReader{limit: s.options.MaxMessageBytes, frameLimit: s.options.MaxFrameBytes},
		flushing: true, flushed: make(chan struct{}), // so that a post waits for the answer to be written
	}
	c.heard.Store(int64(s.now()))
	c.activeAt.Store(c.heard.Load())
	if s.options.Unordered {
		c.underWay = make(chan struct{}, maxUnderWay)
	}
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
