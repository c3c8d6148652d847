package gateway

import (
	"slices"
	"sync"

	"github.com/gobwas/ws"
)

// queue is what the kernel has not taken yet. A connection has one only meanwhile.
type queue struct {
	chunks [][]byte // whole frames, shared with other connections: never changed. Those before first are done
	first  int
	offset int    // what has been taken of the first chunk
	bytes  int    // what waits in all
	pong   []byte // a pong frame, which goes before the rest; a newer one replaces it
	ping   bool

	writing int // bytes taken that the kernel has not accepted yet
	counted int // of this queue in Server.queued
}

// queues lends a queue while something waits, so that a delivery makes no garbage.
var queues = sync.Pool{New: func() any { return new(queue) }}

// keptChunks is the longest array of chunks that a queue keeps for its next user.
const keptChunks = 64

// recycle gives the queue back. It must not be used any more.
func (q *queue) recycle() {
	chunks := q.chunks
	if cap(chunks) > keptChunks {
		chunks = nil
	}
	clear(chunks)
	*q = queue{chunks: chunks[:0]}
	queues.Put(q)
}

func (q *queue) push(b []byte) {
	if q.first > 0 && len(q.chunks) == cap(q.chunks) {
		n := copy(q.chunks, q.chunks[q.first:]) // before the array grows for what is done
		clear(q.chunks[n:])
		q.chunks, q.first = q.chunks[:n], 0
	}
	q.chunks = append(q.chunks, b)
	q.bytes += len(b)
}

// empty tells that no chunk waits.
func (q *queue) empty() bool { return q.first == len(q.chunks) }

// head is what waits of the first chunk.
func (q *queue) head() []byte { return q.chunks[q.first][q.offset:] }

// begun counts the bytes still missing of a frame that has been written in part.
func (q *queue) begun() int {
	if q.offset == 0 {
		return 0
	}
	return frameEnd(q.chunks[q.first], q.offset) - q.offset
}

// drop lets go of everything but the rest of a frame already begun, without which nothing could follow.
func (q *queue) drop() {
	begun := q.begun()
	if begun == 0 {
		q.chunks, q.offset = nil, 0
	} else {
		q.chunks = [][]byte{q.chunks[q.first][:q.offset+begun]}
	}
	q.first, q.bytes = 0, begun
}

// take removes what is to be written next, at most limit bytes: several chunks joined in a buffer that borrow lends, or
// a part of a single one. It returns nil when nothing waits.
func (q *queue) take(limit int, borrow func() []byte) []byte {
	urgent := q.urgent()
	if q.empty() {
		return urgent
	}
	if first := q.head(); urgent == nil && (q.first == len(q.chunks)-1 || len(first) > limit) {
		return q.takeFirst(min(limit, len(first)))
	}
	b := append(borrow()[:0], urgent...)
	for !q.empty() && len(q.head()) <= limit-len(b) {
		b = append(b, q.takeFirst(len(q.head()))...)
	}
	return b
}

// peek shows what take would remove, of which done then removes as much as the kernel has accepted.
func (q *queue) peek(limit int, borrow func() []byte) []byte {
	if urgent := q.urgent(); urgent != nil {
		q.pushFront(urgent)
	}
	if q.empty() {
		return nil
	}
	b := q.head()
	if q.first == len(q.chunks)-1 || len(b) > limit {
		return b[:min(limit, len(b))]
	}
	b = append(borrow()[:0], b...)
	for _, chunk := range q.chunks[q.first+1:] {
		if len(chunk) > limit-len(b) {
			break
		}
		b = append(b, chunk...)
	}
	return b
}

func (q *queue) done(n int) {
	for n > 0 {
		n -= len(q.takeFirst(min(n, len(q.head()))))
	}
}

// pushFront puts b before what waits. No frame is begun.
func (q *queue) pushFront(b []byte) {
	if q.offset > 0 {
		q.chunks[q.first], q.offset = q.head(), 0
	}
	q.chunks = slices.Insert(q.chunks, q.first, b)
	q.bytes += len(b)
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
	b := q.head()[:n]
	q.offset, q.bytes = q.offset+n, q.bytes-n
	if q.offset == len(q.chunks[q.first]) {
		q.chunks[q.first] = nil // the frames of others must not be kept alive
		q.first, q.offset = q.first+1, 0
	}
	return b
}
