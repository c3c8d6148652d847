package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"sync/atomic"
)

// idBytes is what API Gateway's connection ids decode to: 11 bytes, 16 characters of URL-safe base64 with one '='.
const idBytes = 11

// newID returns an id that nobody can guess, in API Gateway's form.
func newID() string {
	var b [idBytes]byte
	rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return encodeID(b)
}

func encodeID(b [idBytes]byte) string {
	var text [(idBytes + 2) / 3 * 4]byte
	base64.URLEncoding.Encode(text[:], b[:])
	return string(text[:])
}

func validID(id string) bool {
	b, err := base64.URLEncoding.Strict().DecodeString(id)
	return err == nil && len(b) == idBytes && len(id) == base64.URLEncoding.EncodedLen(idBytes)
}

// registry finds a connection by its id, without a lock: a post to a thousand looks up a thousand times, from many
// goroutines. The first three bytes of an id tell the connection's place, and the eight others that it is the one.
type registry struct {
	blocks atomic.Pointer[[]*block] // only ever more

	mu   sync.Mutex // guards what follows, and who appends to blocks
	free []uint32   // places that were used before
	next uint32     // the first that never was
}

// block is places, of which those of different blocks do not move when there are more.
type block [256]atomic.Pointer[connection]

// placeBytes of an id bound the places: 16 million, for each of which the kernel holds some 5 KB.
const placeBytes = 3

// add gives c a place, and with it an id.
func (r *registry) add(c *connection) {
	r.mu.Lock()
	var place uint32
	if last := len(r.free) - 1; last >= 0 {
		place, r.free = r.free[last], r.free[:last]
	} else {
		place = r.next
		r.next++
		blocks := r.all()
		if int(place)/len(block{}) == len(blocks) {
			more := append(blocks[:len(blocks):len(blocks)], new(block))
			r.blocks.Store(&more)
		}
	}
	r.mu.Unlock()
	var b [idBytes]byte
	rand.Read(b[placeBytes:])
	b[0], b[1], b[2] = byte(place>>16), byte(place>>8), byte(place)
	c.id = encodeID(b)
	r.at(place).Store(c)
}

// remove may be called again.
func (r *registry) remove(c *connection) {
	place, _ := placeOf(c.id)
	if !r.at(place).CompareAndSwap(c, nil) {
		return
	}
	r.mu.Lock()
	r.free = append(r.free, place)
	r.mu.Unlock()
}

// get returns nil for an id that is unknown.
func (r *registry) get(id string) *connection {
	place, ok := placeOf(id)
	if !ok || int(place)/len(block{}) >= len(r.all()) {
		return nil
	}
	if c := r.at(place).Load(); c != nil && c.id == id && !c.hidden.Load() {
		return c
	}
	return nil
}

func (r *registry) all() []*block {
	if blocks := r.blocks.Load(); blocks != nil {
		return *blocks
	}
	return nil
}

func (r *registry) at(place uint32) *atomic.Pointer[connection] {
	return &r.all()[place/uint32(len(block{}))][place%uint32(len(block{}))]
}

// placeOf reads the place from an id, which may be anything.
func placeOf(id string) (place uint32, ok bool) {
	const digits = placeBytes * 8 / 6
	if len(id) < digits {
		return 0, false
	}
	for i := range digits {
		d := values[id[i]]
		if d == 0 {
			return 0, false
		}
		place = place<<6 | uint32(d-1)
	}
	return place, true
}

// values are those of the digits of URL-safe base64, plus one. RFC 4648 section 5.
var values = func() (v [256]byte) {
	for i, digit := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		v[digit] = byte(i + 1)
	}
	return v
}()

// each calls f for every connection, holding no lock meanwhile.
func (r *registry) each(f func(*connection)) {
	for _, b := range r.all() {
		for i := range b {
			if c := b[i].Load(); c != nil && !c.hidden.Load() {
				f(c)
			}
		}
	}
}
