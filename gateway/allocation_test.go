package gateway_test

import (
	"context"
	"io"
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
	if each > n { // one for the post; the race detector has pools lose some
		t.Errorf("%v allocations for %d deliveries", each, n)
	}
	t.Logf("%v allocations for %d deliveries", each, n)
}
