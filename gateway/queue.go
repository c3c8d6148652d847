package gateway

import "github.com/gobwas/ws"

// queue is what the kernel has not taken yet. A connection has one only meanwhile.
type queue struct {
	chunks [][]byte // whole frames, shared with other connections: never changed
	offset int      // what has been taken of the first chunk
	bytes  int      // what waits in all
	pong   []byte   // a pong frame, which goes before the rest; a newer one replaces it
	ping   bool

	writing int // bytes taken that the kernel has not accepted yet
	counted int // of this queue in Server.queued
}

func (q *queue) push(b []byte) {
	q.chunks = append(q.chunks, b)
	q.bytes += len(b)
}

// begun counts the bytes still missing of a frame that has been written in part.
func (q *queue) begun() int {
	if q.offset == 0 {
		return 0
	}
	return frameEnd(q.chunks[0], q.offset) - q.offset
}

// drop lets go of everything but the rest of a frame already begun, without which nothing could follow.
func (q *queue) drop() {
	begun := q.begun()
	if begun == 0 {
		q.chunks, q.offset = nil, 0
	} else {
		q.chunks = [][]byte{q.chunks[0][:q.offset+begun]}
	}
	q.bytes = begun
}

// take removes what is to be written next, at most limit bytes: several chunks joined in a buffer that borrow lends, or
// a part of a single one. It returns nil when nothing waits.
func (q *queue) take(limit int, borrow func() []byte) []byte {
	urgent := q.urgent()
	if len(q.chunks) == 0 {
		return urgent
	}
	if first := q.chunks[0][q.offset:]; urgent == nil && (len(q.chunks) == 1 || len(first) > limit) {
		return q.takeFirst(min(limit, len(first)))
	}
	b := append(borrow()[:0], urgent...)
	for len(q.chunks) > 0 && len(q.chunks[0])-q.offset <= limit-len(b) {
		b = append(b, q.takeFirst(len(q.chunks[0])-q.offset)...)
	}
	return b
}

// urgent removes the control frames that wait, unless a frame is begun.
func (q *queue) urgent() (b []byte) {
	if q.begun() > 0 {
		return nil
	}
	b, q.pong = q.pong, nil
	if q.ping {
		b, q.ping = append(b, ws.CompiledPing...), false
	}
	return b
}

func (q *queue) takeFirst(n int) []byte {
	b := q.chunks[0][q.offset:][:n]
	q.offset, q.bytes = q.offset+n, q.bytes-n
	if q.offset == len(q.chunks[0]) {
		q.chunks[0] = nil // the frames of others must not be kept alive
		q.chunks, q.offset = q.chunks[1:], 0
	}
	return b
}
