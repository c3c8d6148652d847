//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"
)

// connection is one client's.
type connection struct {
	fd        int
	publisher int    // its number, or -1
	looked    bool   // its deliveries are looked at one by one
	tail      []byte // the beginning of a mark at the end of what was read
}

// dial opens TCP connections and asks for a WebSocket on each, then awaits all
// the answers.
func dial(address netip.AddrPort, d dialect, n int) (all []*connection, err error) {
	request := "GET " + d.path + " HTTP/1.1\r\nHost: " + address.String() + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	if d.subprotocol != "" {
		request += "Sec-WebSocket-Protocol: " + d.subprotocol + "\r\n"
	}
	for range n {
		c, err := connect(address)
		if err != nil {
			return all, err
		}
		all = append(all, c)
		if _, err := unix.Write(c.fd, []byte(request+"\r\n")); err != nil {
			return all, fmt.Errorf("ask for a WebSocket: %w", err)
		}
	}
	for _, c := range all {
		answer, err := c.await("\r\n\r\n")
		if err == nil && !bytes.HasPrefix(answer, []byte("HTTP/1.1 101 ")) {
			err = fmt.Errorf("the server answers %q", answer)
		}
		if err != nil {
			return all, fmt.Errorf("opening handshake: %w", err)
		}
	}
	return all, nil
}

func connect(address netip.AddrPort) (*connection, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	patience := unix.Timeval{Sec: 20}
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &connection{fd: fd, publisher: -1}, nil
}

// await reads until a text has come, among whatever else. It returns all that was read.
func (c *connection) await(text string) (got []byte, err error) {
	part := make([]byte, 16<<10)
	for !bytes.Contains(got, []byte(text)) {
		n, err := unix.Read(c.fd, part)
		if errors.Is(err, unix.EINTR) { // with a time-out it is never restarted: signal(7)
			continue
		}
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err != nil {
			return got, fmt.Errorf("%q did not come, but %q: %w", text, got, err)
		}
		got = append(got, part[:n]...)
	}
	return got, nil
}

// enter says what brings the i-th client into the room.
func (c *connection) enter(d dialect, i int) error {
	if d.greeting == nil { // then whoever answers a ping has it in the room, as its reader starts after that
		if _, err := unix.Write(c.fd, []byte{0x89, 0x80, 0, 0, 0, 0}); err != nil {
			return fmt.Errorf("ping: %w", err)
		}
		_, err := c.await("\x8a\x00")
		return err
	}
	for j, text := range d.greeting(i) {
		if _, err := unix.Write(c.fd, frame(d, text)); err != nil {
			return fmt.Errorf("greeting: %w", err)
		}
		if _, err := c.await(d.replies[j]); err != nil {
			return fmt.Errorf("greeting: %w", err)
		}
	}
	return nil
}

// frame is a client's, masked with zeros: the mask is for proxies, and there is none.
func frame(d dialect, text string) []byte {
	const final, text1, binary2, masked, long = 0x80, 1, 2, 0x80, 126
	b := []byte{final | text1}
	if d.binary {
		b[0] = final | binary2
	}
	if len(text) < long {
		b = append(b, masked|byte(len(text)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, masked|long), uint16(len(text)))
	}
	return append(append(b, 0, 0, 0, 0), text...)
}
