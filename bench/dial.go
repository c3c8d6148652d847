package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"parley/protocol"
)

const (
	underWay       = 64               // handshakes at a time
	answerPatience = 30 * time.Second // for a server to answer a handshake or a hello

	// perAddress is how many connections come from one source address: Linux has
	// 28,232 ports for them (net.ipv4.ip_local_port_range is 32768 to 60999).
	perAddress = 28_000
)

// dialer opens connections to one server.
type dialer struct {
	url     string
	tls     *tls.Config
	sources []net.Addr // in turn; empty: the system's choice
	buffer  int        // bytes that the kernel may receive ahead; 0: the system's choice
}

// newDialer spreads so many connections over source addresses, where the server
// is on an address of this machine that has neighbours.
func newDialer(o Options, connections int) *dialer {
	d := &dialer{url: o.URL, tls: o.TLS}
	if addresses := (connections-1)/perAddress + 1; o.Loopback && neighbours && addresses > 1 {
		d.sources = loopbackAddresses(addresses)
	}
	return d
}

// loopbackAddresses are 127.0.0.1 and those after it.
func loopbackAddresses(n int) (all []net.Addr) {
	for i := range min(n, 254) {
		all = append(all, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}), 0)))
	}
	return all
}

// dial opens a connection, and hands over what has come with its handshake.
func (d *dialer) dial(ctx context.Context, i int) (conn net.Conn, early []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	upgrade := ws.Dialer{Protocols: []string{protocol.Subprotocol}, ReadBufferSize: 1024, WriteBufferSize: 512, TLSConfig: d.tls}
	upgrade.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
		plain := net.Dialer{Control: latePort}
		if len(d.sources) > 0 {
			plain.LocalAddr = d.sources[i%len(d.sources)]
		}
		conn, err := plain.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok && d.buffer > 0 {
			err = errors.Join(err, tcp.SetReadBuffer(d.buffer))
		}
		return conn, err
	}
	conn, reader, answer, err := upgrade.Dial(ctx, d.url)
	if err != nil {
		return nil, nil, fmt.Errorf("connection %d: %w", i+1, err)
	}
	if reader != nil {
		early, _ = reader.Peek(reader.Buffered())
		early = append([]byte(nil), early...)
		ws.PutReader(reader)
	}
	if answer.Protocol != protocol.Subprotocol {
		conn.Close()
		return nil, nil, fmt.Errorf("connection %d: the server does not speak %s", i+1, protocol.Subprotocol)
	}
	return conn, early, nil
}

// leave closes a connection as RFC 6455 wants it, and waits for the other side.
func leave(conn net.Conn) error {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerPatience))
	if _, err := conn.Write(appendFrame(nil, ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	_, err := io.Copy(io.Discard, conn)
	return err
}

// each does something for 0 to n-1, so many at a time, until one fails or ctx ends.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, underWay) {
		workers.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

func personName(run string, i int) string { return "bench " + run + " " + strconv.Itoa(i) }
func roomName(run string, i int) string   { return "bench-" + run + "-" + strconv.Itoa(i) }
