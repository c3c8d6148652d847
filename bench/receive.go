package bench

import (
	"net"
	"sync"
	"time"
)

// receiver reads from all connections until it is closed, which ends them.
type receiver interface {
	// add hands a connection over: only the receiver reads from conn any more,
	// what is written goes to c.wire.
	// i is the connection's number: those of a shard have the same one modulo the
	// number of cores.
	add(i int, c *connection, s *shard, conn net.Conn) error
	close()
}

// readers is a receiver with a goroutine for each connection. It serves TLS, and
// systems without an event loop of ours.
type readers struct {
	mu    sync.Mutex
	conns []net.Conn
	wait  sync.WaitGroup
}

const readBytes = 8 << 10 // at a time, of one connection

func (r *readers) add(_ int, c *connection, s *shard, conn net.Conn) error {
	c.wire = patient{conn}
	r.mu.Lock()
	r.conns = append(r.conns, conn)
	r.mu.Unlock()
	r.wait.Go(func() {
		buffer := make([]byte, readBytes)
		for {
			n, err := conn.Read(buffer)
			if n > 0 {
				if err := s.take(c, buffer[:n]); err != nil {
					conn.Close()
					s.end(c, err)
					return
				}
			}
			if err != nil {
				s.end(c, err)
				return
			}
		}
	})
	return nil
}

func (r *readers) close() {
	r.mu.Lock()
	for _, conn := range r.conns {
		conn.Close()
	}
	r.mu.Unlock()
	r.wait.Wait()
}

// writePatience is how long a server may take nothing of what is sent to it.
const writePatience = 10 * time.Second

type patient struct{ net.Conn }

func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}
