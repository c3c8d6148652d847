package gateway

// carrier is what an engine does for one connection: it moves the bytes. What they mean, how much may wait and when
// who is given up is the connection's, and the same with every engine.
type carrier interface {
	// put sends whole frames while nothing is being flushed, or keeps them in c.queue. What the kernel refuses makes
	// c.flushing true, until endFlush. It MUST NOT wait for the peer. c.mu is held.
	put(b []byte) error

	// try gives the kernel what waits without its having been asked. c.mu is held.
	try()

	// settled is called when a flush or a parting has ended, which the end of the connection waits for. c.mu is held.
	settled()

	// abort ends both directions at once, waking who waits, and drops what the kernel still holds. c.mu is not held.
	abort()
}
