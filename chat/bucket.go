package chat

import (
	"time"

	"parley/protocol"
)

// bucket is a token bucket as the one number that the generic cell rate
// algorithm keeps of it: when it will be full again, by the limiter's clock. So
// the zero value is a full one, and one that is full need not be kept.
type bucket time.Duration

// wait returns how long it is until n may be taken; 0: now. More than the bucket
// holds may be taken when it is full.
func (b bucket) wait(r protocol.Rate, n float64, now time.Duration) time.Duration {
	if r.PerSecond < 0 {
		return 0
	}
	n = min(n, r.Burst)
	return max(0, max(now, time.Duration(b))+seconds(n/r.PerSecond)-seconds(r.Burst/r.PerSecond)-now)
}

// take takes n, whether there are so many or not.
func (b *bucket) take(r protocol.Rate, n float64, now time.Duration) {
	if r.PerSecond >= 0 {
		*b = bucket(max(now, time.Duration(*b)) + seconds(min(n, r.Burst)/r.PerSecond))
	}
}

// taken is how much is missing in the bucket.
func (b bucket) taken(r protocol.Rate, now time.Duration) float64 {
	return max(0, (time.Duration(b)-now).Seconds()*r.PerSecond)
}

func (b bucket) full(now time.Duration) bool { return time.Duration(b) <= now }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
