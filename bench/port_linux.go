package bench

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// neighbours tells that all of 127.0.0.0/8 is this machine.
const neighbours = true

// latePort has the port chosen with the server's address known, so that each
// pair of addresses has all ports.
// https://man7.org/linux/man-pages/man7/ip.7.html, IP_BIND_ADDRESS_NO_PORT
func latePort(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) })
}
