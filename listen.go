package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
)

// listen opens a port, or says which one would do.
func listen(address string) (net.Listener, error) {
	if address == "" { // an empty variable must not open a random port on every interface
		return nil, &failure{err: errors.New("the address to listen on is empty"), hint: "parley serve --listen 127.0.0.1:8080", code: exitUsage}
	}
	ln, err := net.Listen("tcp", address)
	if err == nil {
		return ln, nil
	}
	host, port, split := net.SplitHostPort(address)
	f := &failure{err: fmt.Errorf("cannot listen on %s: %w", address, err), hint: "parley serve --listen 127.0.0.1:8080", code: exitListen}
	n, _ := strconv.Atoi(port)
	switch {
	case split != nil:
		f.err = fmt.Errorf("%q is not an address to listen on", address)
		f.code = exitUsage
		if n, err := strconv.ParseUint(address, 10, 16); err == nil && n > 0 {
			f.hint = "parley serve --listen 127.0.0.1:" + address
		} else if ip := net.ParseIP(address); ip != nil {
			f.hint = "parley serve --listen " + net.JoinHostPort(address, "8080")
		}
	case isTaken(err):
		f.err = fmt.Errorf("port %s is taken", port)
		f.hint = "parley serve --listen " + net.JoinHostPort(host, strconv.Itoa(n%65535+1))
	case errors.Is(err, os.ErrPermission):
		f.hint = "ports below 1024 need a privilege; parley serve --listen " + net.JoinHostPort(host, "8080")
	}
	return nil, f
}

// urls are what people type and what tools connect to.
func urls(addr net.Addr, public *url.URL) (website, socket string) {
	if public != nil {
		return public.String(), socketURL(public.Scheme == "https", public.Host)
	}
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // reachable from here, whatever else is
	}
	hostPort := net.JoinHostPort(host, port)
	return "http://" + hostPort, socketURL(false, hostPort)
}

func socketURL(secure bool, host string) string {
	if secure {
		return "wss://" + host + "/socket"
	}
	return "ws://" + host + "/socket"
}
