package gateway_test

import (
	"context"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/gateway"
)

// TestDeliveryMakesNoGarbage: what a post costs in allocations does not grow with those it goes to.
func TestDeliveryMakesNoGarbage(t *testing.T) { onEngines(t, testDeliveryMakesNoGarbage) }

func testDeliveryMakesNoGarbage(t *testing.T) {
	const n = 200
	s := start(t, gateway.Options{}, newHandler(), nil)
	var ids []string
	var read atomic.Int64
	for range n {
		c, id := s.open()
		ids = append(ids, id)
		go io.Copy(counter{&read}, c.Conn)
	}
	frames := texts(strings.Repeat("x", 100), strings.Repeat("y", 20))
	size := int64(n * (2 + 100 + 2 + 20))
	posts := int64(0)
	each := testing.AllocsPerRun(50, func() {
		s.Post(context.Background(), frames, ids)
		posts++
		for end := time.Now().Add(patience); read.Load() < posts*size && time.Now().Before(end); {
			time.Sleep(100 * time.Microsecond)
		}
	})
	if read.Load() != posts*size {
		t.Errorf("%d bytes read, want %d", read.Load(), posts*size)
	}
	most := 5.0 // one for the post, and what else the process does meanwhile
	if raceDetector() {
		most = n // it has pools lose things
	}
	if each > most {
		t.Errorf("%v allocations for %d deliveries, want at most %v", each, n, most)
	}
	t.Logf("%v allocations for %d deliveries", each, n)
}

func raceDetector() bool {
	build, _ := debug.ReadBuildInfo()
	return build != nil && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
