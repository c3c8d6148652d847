//go:build !linux

package gateway

import "net"

// newLoops returns nil: this system has no epoll.
func newLoops(*Server, net.Listener) engine { return nil }
