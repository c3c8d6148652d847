package bench

import (
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"
)

// closePatience is how long the end of a stalled reader's connection is looked for.
const closePatience = time.Second

// close ends all connections, and all reading with them. A second call does nothing.
func (r *run) close() {
	if r.receiver == nil {
		return
	}
	for _, s := range r.shards {
		s.mu.Lock()
		s.closing = true
		s.mu.Unlock()
	}
	goodbye := ws.NewCloseFrameBody(ws.StatusNormalClosure, "")
	for _, c := range r.connections {
		if c.wire != nil {
			c.send(ws.OpClose, goodbye) // it may be too late: then nobody is there to be told
		}
	}
	r.receiver.close()
	r.receiver = nil
	r.report.Faults.StalledEnded = ended(r.stalled)
}

// ended counts those connections that the other side has ended, and closes them all.
func ended(conns []net.Conn) (n int) {
	until := time.Now().Add(closePatience)
	for _, conn := range conns {
		if conn == nil {
			continue // it never was
		}
		conn.SetReadDeadline(until)
		_, err := io.Copy(io.Discard, conn) // what it had not read
		if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
			n++
		}
		conn.Close()
	}
	return n
}
