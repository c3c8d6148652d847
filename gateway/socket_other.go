//go:build !unix

package gateway

import "net"

func newSocket(conn net.Conn) socket { return &plainSocket{stream: stream{conn}} }
