package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// errNotLoopback refuses to open what anybody on the network could post to connections through.
var errNotLoopback = errors.New("the management listener has no password, so it must be on a loopback address")

// manage starts the management listener, which the handler answers.
func (s *serveCmd) manage(page net.Addr, handler http.Handler, logger *slog.Logger) (*http.Server, error) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, Addr: "off"}
	address := s.Management
	switch address {
	case "off":
		return server, nil
	case "auto":
		_, port, _ := net.SplitHostPort(page.String())
		n, _ := strconv.Atoi(port)
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(n%65535+1))
	default:
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, &failure{err: fmt.Errorf("--management %q is not an address", address), hint: "parley serve --management 127.0.0.1:8081", code: exitUsage}
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, &failure{err: errNotLoopback, hint: "parley serve --management 127.0.0.1:8081", code: exitUsage}
		}
	}
	ln, err := listen(address)
	if err != nil && s.Management == "auto" {
		if ln, err = listen("127.0.0.1:0"); err == nil {
			logger.Warn("the management listener is on another port: the one after --listen is taken", "taken", address, "address", ln.Addr(), "hint", "give --management HOST:PORT, or off")
		}
	}
	if err != nil {
		var f *failure
		if errors.As(err, &f) {
			f.hint = "give --management another port, or off"
		}
		return nil, err
	}
	server.Addr = ln.Addr().String()
	go func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("management listener ended", "error", err)
		}
	}()
	return server, nil
}

// readiness is what /readyz asks, also before there is anything to ask.
type readiness struct{ home atomic.Pointer[home] }

func (r *readiness) of(h *home) { r.home.Store(h) }

func (r *readiness) ask(ctx context.Context) error {
	h := r.home.Load()
	if h == nil {
		return errors.New("it has not opened its data yet")
	}
	if h.ready == nil {
		return nil
	}
	return h.ready(ctx)
}
