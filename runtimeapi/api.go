package runtimeapi

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// api is the Runtime API of one environment, on a loopback port of its own, as the port is all that tells who asks.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type api struct {
	*environment
	address string
	server  *http.Server
}

// listen serves until Close.
func (e *environment) listen() (*api, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &api{environment: e, address: ln.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.answer(answered))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.answer(errored))
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.answer(initFailed))
	a.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.guard(mux, w, r) }),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(e.function.log.Handler(), slog.LevelDebug),
	}
	go a.server.Serve(ln)
	return a, nil
}

// Close cuts what is under way.
func (a *api) Close() error { return a.server.Close() }

// guard keeps web pages out, which can reach a loopback port too: by an Origin, or by a name that points here.
func (a *api) guard(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Host != a.address || len(r.Header.Values("Origin")) > 0 {
		refuse(w, http.StatusForbidden, "Forbidden", "this is for the function's own process")
		return
	}
	next.ServeHTTP(w, r)
}

// next holds the poll until there is an event.
func (a *api) next(w http.ResponseWriter, r *http.Request) {
	poll := make(chan delivery, 1)
	if !a.tell(message{kind: polled, poll: poll}) {
		refuse(w, http.StatusGone, "EnvironmentEnded", "this environment has ended")
		return
	}
	select {
	case d, ok := <-poll:
		if !ok {
			refuse(w, http.StatusForbidden, "InvalidStateTransition", "another poll has come")
			return
		}
		a.deliver(w, d)
	case <-r.Context().Done():
	case <-a.over:
		refuse(w, http.StatusGone, "EnvironmentEnded", "this environment has ended")
	}
}

func (a *api) deliver(w http.ResponseWriter, d delivery) {
	h := w.Header()
	// Node's runtime reads them in any case, others by these names.
	h.Set("Lambda-Runtime-Aws-Request-Id", d.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(d.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", a.function.arn())
	h.Set("Lambda-Runtime-Trace-Id", traceID(time.Now()))
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(d.event)))
	w.Write(d.event)
}

// answer takes an answer or an error, of an invocation or of the start.
func (a *api) answer(kind messageKind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m := message{kind: kind, id: r.PathValue("id"), reply: make(chan verdict, 1)}
		var err error
		m.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
		if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
			m.kind, m.body = tooLarge, nil
		} else if err != nil {
			return // the process has gone, of which run hears by itself
		}
		m.cause = r.Header.Get("Lambda-Runtime-Function-Error-Type")
		if late := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); late != "" && kind == answered {
			m.kind, m.cause = errored, late // an answer that failed while it was streamed
		}
		taken := a.tell(m) && bool(<-m.reply)
		switch {
		case taken:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusAccepted)
			io.WriteString(w, `{"status":"OK"}`+"\n")
		case m.kind == tooLarge:
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "an answer has at most 6 MB")
		default:
			refuse(w, http.StatusBadRequest, "InvalidRequestID", "this is not what the process was asked")
		}
	}
}

func refuse(w http.ResponseWriter, status int, kind, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": why})
}
