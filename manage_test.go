package main

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"parley/gateway"
)

// The port after --listen may be anybody's: the functions need a management
// listener all the same, and people are told where it is.
func TestManagementElsewhere(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	taken := other.Addr().(*net.TCPAddr)
	page := &net.TCPAddr{IP: taken.IP, Port: taken.Port - 1}

	var log bytes.Buffer
	command := &serveCmd{Management: "auto"}
	server, err := command.manage(page, gateway.New(gateway.Options{}).Management(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	response, err := http.Get("http://" + server.Addr + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %s", response.Status)
	}
	if !strings.Contains(log.String(), server.Addr) {
		t.Errorf("nobody is told of %s: %s", server.Addr, &log)
	}
}
