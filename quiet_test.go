package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTidiedOnlyWhenQuiet: a collection has to be worth its time.
func TestTidiedOnlyWhenQuiet(t *testing.T) {
	const mega = 1 << 20
	for name, test := range map[string]struct {
		last, now heap
		want      bool
	}{
		"after a burst":            {heap{allocated: 90 * mega}, heap{90 * mega, 26 * mega, 12 * mega, 0}, true},
		"after much was let go":    {heap{allocated: 90 * mega}, heap{90 * mega, 12 * mega, 12 * mega, 20 * mega}, true},
		"in a burst":               {heap{allocated: 80 * mega}, heap{90 * mega, 26 * mega, 12 * mega, 0}, false},
		"nothing to be had":        {heap{allocated: 90 * mega}, heap{90 * mega, 13 * mega, 12 * mega, mega / 2}, false},
		"little beside what lives": {heap{allocated: 900 * mega}, heap{900 * mega, 420 * mega, 400 * mega, 1 * mega}, false},
		"less than it was":         {heap{allocated: 90 * mega}, heap{90 * mega, 15 * mega, 12 * mega, 0}, true},
		"nothing collected yet":    {heap{}, heap{mega / 4, mega / 4, 0, 0}, false},
	} {
		if got := test.now.worthTidying(test.last); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestQuietServerGivesBack makes garbage, then allocates no more.
func TestQuietServerGivesBack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing else collects meanwhile
	synctest.Test(t, func(t *testing.T) {
		before := garbage()
		var letGo atomic.Bool
		defer tidyWhenQuiet(func(context.Context) { letGo.Store(true) })()
		time.Sleep(2*quietEvery + 1) // the first look finds what was allocated just now
		synctest.Wait()
		if now := readHeap(); now.objects+now.free+30<<20 > before.objects+before.free {
			t.Errorf("still held: %+v, before %+v", now, before)
		}
		if !letGo.Load() {
			t.Error("nobody else was asked to let go of memory")
		}
	})
}

// garbage leaves 40 MB that the collector would not look at for long.
func garbage() heap {
	runtime.GC()
	kept := make([][]byte, 40_000)
	for i := range kept {
		kept[i] = make([]byte, 1<<10)
	}
	runtime.KeepAlive(kept)
	return readHeap()
}
