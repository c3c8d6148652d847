package bench

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQuantile holds each quantile between the exact one and 1.6 % above it.
func TestQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 200).Draw(t, "times")
		var h, half histogram
		for i, d := range times {
			if i%2 == 0 {
				h.add(time.Duration(d))
			} else {
				half.add(time.Duration(d))
			}
		}
		h.merge(&half)
		slices.Sort(times)
		for _, q := range []float64{0, 0.5, 0.99, 0.999, 1} {
			exact := times[int(q*float64(len(times)-1))]
			if got := int64(h.quantile(q)); got < exact || float64(got) > float64(exact)*(1+1.0/perPower)+1 {
				t.Fatalf("quantile %g of %v is %d, want %d", q, times, got, exact)
			}
		}
	})
}

func TestQuantileOfNothing(t *testing.T) {
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("%v", got)
	}
	h.add(100 * time.Hour) // beyond the last bucket
	if got := h.quantile(0.5); got > 100*time.Hour || got < 2*time.Hour {
		t.Errorf("%v", got)
	}
}
