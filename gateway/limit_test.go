package gateway

import (
	"math"
	"testing"
)

func TestDefaultMaxConnections(t *testing.T) {
	for descriptors, want := range map[int]int{256: 192, 100: 50, 1024: 960, 20_064: 20_000, 1 << 20: 20_000, math.MaxInt32: 20_000} {
		if got := defaultMaxConnections(descriptors); got != want {
			t.Errorf("with %d descriptors %d, want %d", descriptors, got, want)
		}
	}
	if got := New(Options{MaxConnections: 50_000}).options.MaxConnections; got != 50_000 {
		t.Errorf("%d, want the 50,000 that were asked for", got)
	}
}
