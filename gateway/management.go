package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// maxPostBytes is the most that POST @connections takes: 128 KB.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
const maxPostBytes = 128 << 10

// Management is the @connections API, for a listener of its own: POST sends its body to a connection as a text frame,
// GET tells about it, DELETE closes it, each below Options.Stage. An AWS SDK can use it; signatures are not looked at. Beside it /healthz answers
// 200 while the process lives, and /readyz while Options.Ready has no objection and Shutdown has not begun, else 503.
//
// Whoever reaches it can speak for the server, so it belongs on a loopback port. A web page might reach that too, so a
// request that carries an Origin, or whose Host is a name other than localhost, is refused.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
func (s *Server) Management() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.isDraining() {
			s.refuseForNow(w, "This server is going down.")
			return
		}
		if s.options.Ready != nil {
			if err := s.options.Ready(r.Context()); err != nil {
				s.refuseForNow(w, "This server cannot do its work at present.")
				return
			}
		}
		io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("/", s.manage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsLocalHost(r.Host) || len(r.Header.Values("Origin")) > 0 {
			fail(w, http.StatusForbidden, "ForbiddenException", "Forbidden")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) manage(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path // decoded: %40connections, and %3D at the id's end
	if stage := s.options.Stage; stage != "" {
		rest, ok := strings.CutPrefix(path, "/"+stage+"/")
		if !ok { // as for the wrong API: https://github.com/aws/aws-sdk-php/issues/1955
			fail(w, http.StatusForbidden, "ForbiddenException", "Forbidden")
			return
		}
		path = "/" + rest
	}
	id, ok := strings.CutPrefix(path, "/@connections/")
	if !ok {
		fail(w, http.StatusNotFound, "NotFoundException", "Not Found")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodDelete {
		w.Header().Set("Allow", "DELETE, GET, POST")
		fail(w, http.StatusMethodNotAllowed, "MethodNotAllowedException", "Method Not Allowed")
		return
	}
	if !validID(id) {
		fail(w, http.StatusBadRequest, "BadRequestException", "Invalid connectionId: "+id)
		return
	}
	switch r.Method {
	case http.MethodGet:
		s.describe(w, id)
	case http.MethodPost:
		s.postOne(w, r, id)
	case http.MethodDelete:
		c := s.connections.get(id)
		if c == nil || !c.isOpen() {
			gone(w)
			return
		}
		s.jitter.afterPosts(c, func() { c.close(closeNormal, "Connection Closed Normally", nil) })
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) postOne(w http.ResponseWriter, r *http.Request, id string) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPostBytes))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		fail(w, http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "Message too long")
		return
	}
	if err != nil {
		return // the caller has gone
	}
	if !utf8.Valid(text) {
		fail(w, http.StatusBadRequest, "BadRequestException", "The message is not UTF-8")
		return
	}
	switch s.post(id, encode([][]byte{text}), s.now()) {
	case sentGone:
		gone(w)
	case sentFull:
		fail(w, http.StatusTooManyRequests, "LimitExceededException", "The client does not take what waits for it")
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// describe has the members of the API's GetConnection.
func (s *Server) describe(w http.ResponseWriter, id string) {
	c := s.connections.get(id)
	if c == nil || !c.isOpen() {
		gone(w)
		return
	}
	type identity struct {
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"`
	}
	who := identity{UserAgent: c.userAgent.Value()}
	if from := c.from(); from.IsValid() {
		who.SourceIP = from.String()
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(struct {
		ConnectedAt  string   `json:"connectedAt"`
		Identity     identity `json:"identity"`
		LastActiveAt string   `json:"lastActiveAt"`
	}{s.iso8601(c.connectedAt), who, s.iso8601(time.Duration(c.activeAt.Load()))})
}

// iso8601 is a time of the server's own clock.
func (s *Server) iso8601(at time.Duration) string {
	return s.started.Add(at).UTC().Format("2006-01-02T15:04:05.000Z")
}

// gone has an empty body, as API Gateway's has; SDKs know it by the header.
func gone(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-ErrorType", "GoneException")
	w.WriteHeader(http.StatusGone)
}

func fail(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("X-Amzn-ErrorType", kind)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Message string `json:"message"`
	}{message})
}
