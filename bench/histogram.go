package bench

import (
	"math/bits"
	"time"
)

// histogram counts times in a fixed amount of memory. Each power of two has 64
// buckets, so a quantile is at most 1.6 % above what was measured.
type histogram struct {
	buckets [64 * (subBits + 1)]uint64
	count   uint64
	max     time.Duration
}

const (
	subBits    = 37 // powers of two from 64 ns up to 2^43 ns, which is 2.4 hours
	perPower   = 64
	powerShift = 6 // log2 of perPower
)

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.buckets[bucketOf(uint64(d))]++
	h.count++
	h.max = max(h.max, d)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
	h.count += other.count
	h.max = max(h.max, other.max)
}

// quantile returns the time that the share q of all times does not pass; 0 if
// there are none.
func (h *histogram) quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := uint64(q*float64(h.count-1)) + 1
	for i, n := range h.buckets {
		if rank <= n {
			return min(upperEnd(i), h.max)
		}
		rank -= n
	}
	return h.max
}

// bucketOf is exact below perPower; above, a bucket is named by the highest bit
// of n and the powerShift bits after it.
func bucketOf(n uint64) int {
	if n < perPower {
		return int(n)
	}
	power := bits.Len64(n) - 1 - powerShift
	return min(perPower*(power+1)+int(n>>power)-perPower, perPower*(subBits+1)-1)
}

// upperEnd is the greatest time in a bucket.
func upperEnd(i int) time.Duration {
	if i < perPower {
		return time.Duration(i)
	}
	power := i/perPower - 1
	return time.Duration(uint64(i%perPower+perPower+1)<<power - 1)
}
