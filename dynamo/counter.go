package dynamo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley/protocol"
)

// A shared bucket is the one number that the generic cell rate algorithm keeps:
// when it will be full again. It only grows, so what a process knows of it is
// enough to refuse by, without a call: a flood costs what it gets through.

// countedTTL is how long a bucket's row is kept after it is full.
const countedTTL = time.Minute

// takeAttempts is how often a bucket is tried that others take from at the same
// time; so many lost mean that it is being emptied.
const takeAttempts = 6

// Take takes n from a bucket; see chat.Counter. One conditional write, and one
// more each time that another process took from it in between. None where it is
// known to be empty.
func (s *Store) Take(ctx context.Context, key string, n float64, r protocol.Rate) (wait time.Duration, err error) {
	n = min(n, r.Burst)
	each := time.Duration(float64(time.Second) / r.PerSecond)
	row := counterKey(key)
	for range takeAttempts {
		now, known := s.now().UnixMicro(), s.counted.get(key)
		full := max(now, known) + (time.Duration(n * float64(each))).Microseconds()
		if wait := full - now - (time.Duration(r.Burst * float64(each))).Microseconds(); wait > 0 {
			return time.Duration(wait) * time.Microsecond, nil
		}
		unchanged := absent
		if known != 0 {
			unchanged = is("full", number(known))
		}
		row["full"] = number(full)
		row[ttlAttribute] = number(time.UnixMicro(full).Add(countedTTL).Unix())
		err := s.put(ctx, row, unchanged)
		if err == nil {
			s.counted.put(key, full)
			return 0, nil
		}
		there, changed := refused(err)
		if changed && there == nil {
			there, err = s.get(ctx, counterKey(key))
			changed = err == nil
		}
		if !changed {
			return 0, fmt.Errorf("count what is let through: %w", err)
		}
		s.counted.put(key, getInt(there, "full"))
	}
	return each, nil
}

// counted remembers what buckets were when they were read or written last. What
// is not known costs one write more. The zero value is ready.
type counted struct {
	mu   sync.Mutex
	full map[string]int64 // in microseconds since 1970 UTC
}

// maxCounted bounds the memory.
const maxCounted = 4096

func (c *counted) get(key string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full[key]
}

func (c *counted) put(key string, full int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full == nil || len(c.full) >= maxCounted {
		c.full = make(map[string]int64)
	}
	c.full[key] = full
}
