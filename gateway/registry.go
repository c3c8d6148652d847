package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"hash/maphash"
	"sync"
)

// idBytes is what API Gateway's connection ids decode to: 11 bytes, 16 characters of URL-safe base64 with one '='.
const idBytes = 11

// newID returns an id that nobody can guess, in API Gateway's form.
func newID() string {
	var b [idBytes]byte
	rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	return base64.URLEncoding.EncodeToString(b[:])
}

func validID(id string) bool {
	b, err := base64.URLEncoding.Strict().DecodeString(id)
	return err == nil && len(b) == idBytes && len(id) == base64.URLEncoding.EncodedLen(idBytes)
}

// registry finds a connection by its id. A post to a thousand looks up a thousand times, from many goroutines, so the
// map is cut into shards that seldom wait for each other.
type registry struct {
	seed   maphash.Seed
	shards [32]shard
}

type shard struct {
	sync.RWMutex
	byID map[string]*connection
}

func (r *registry) init() {
	r.seed = maphash.MakeSeed()
	for i := range r.shards {
		r.shards[i].byID = map[string]*connection{}
	}
}

func (r *registry) shard(id string) *shard {
	return &r.shards[maphash.String(r.seed, id)%uint64(len(r.shards))]
}

func (r *registry) add(c *connection) {
	s := r.shard(c.id)
	s.Lock()
	s.byID[c.id] = c
	s.Unlock()
}

func (r *registry) remove(id string) {
	s := r.shard(id)
	s.Lock()
	delete(s.byID, id)
	s.Unlock()
}

// get returns nil for an id that is unknown.
func (r *registry) get(id string) *connection {
	s := r.shard(id)
	s.RLock()
	c := s.byID[id]
	s.RUnlock()
	return c
}

// each calls f for every connection, holding no lock meanwhile; buffer is scratch space, returned for the next call.
func (r *registry) each(buffer []*connection, f func(*connection)) []*connection {
	for i := range r.shards {
		s := &r.shards[i]
		buffer = buffer[:0]
		s.RLock()
		for _, c := range s.byID {
			buffer = append(buffer, c)
		}
		s.RUnlock()
		for _, c := range buffer {
			f(c)
		}
	}
	clear(buffer[:cap(buffer)])
	return buffer
}
