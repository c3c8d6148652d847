package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// quietEvery is how often it is looked whether the server has gone quiet.
const quietEvery = time.Second

// tidyWhenQuiet gives memory back to the system once a burst is over. The
// collector alone would keep what ten thousand hellos left until as much comes
// again, which in a quiet chat takes hours. Before it letGo is called, for what
// is not the collector's; nil: there is nothing. stop ends that, and waits for it.
func tidyWhenQuiet(letGo func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		every := time.NewTicker(quietEvery)
		defer every.Stop()
		last := readHeap()
		for {
			select {
			case <-every.C:
			case <-ctx.Done():
				return
			}
			now := readHeap()
			if now.worthTidying(last) {
				if letGo != nil {
					letGo(ctx)
				}
				runtime.GC() // what pools hold for the next burst goes with the second collection alone
				debug.FreeOSMemory()
				now = readHeap()
			}
			last = now
		}
	})
	return func() {
		cancel()
		ended.Wait()
	}
}

// heap is what the collector's heap holds, in bytes.
type heap struct {
	allocated uint64 // since the process began
	objects   uint64 // in use, and garbage
	live      uint64 // in use at the end of the last collection
	free      uint64 // kept from the system for later
}

// worthTidying tells whether little was allocated since last, and a collection
// would give back more than it costs: its time grows with what is live.
func (h heap) worthTidying(last heap) bool {
	const quiet, least = 1 << 18, 1 << 20
	back := h.free
	if h.objects > h.live {
		back += h.objects - h.live
	}
	return h.allocated-last.allocated < quiet && back > least+h.live/16
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64(), s[3].Value.Uint64()}
}
