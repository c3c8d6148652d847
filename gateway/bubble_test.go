package gateway_test

import (
	"net"
	"testing"
	"testing/synctest"

	"parley/gateway"
)

// pipes is a listener without a network, so that time can be that of a synctest bubble: a test of what happens when is
// then exact, and no machine is too busy for it. A pipe holds nothing: what is written is read at once, or waits.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// startPipes is start in a bubble.
func startPipes(t *testing.T, o gateway.Options, h gateway.Handler, listen func(*home, net.Listener) net.Listener) *home {
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	s := &home{Server: gateway.New(o), t: t, address: p.Addr().String(), pipes: p}
	s.serve(p, h, listen)
	return s
}

// inBubble runs a sub-test with a clock of its own.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
