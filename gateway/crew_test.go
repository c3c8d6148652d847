package gateway

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

type jobFunc func()

func (f jobFunc) work() { f() }

// TestCrewNeverIdle fears a list of jobs that grows for as long as it is never empty.
func TestCrewNeverIdle(t *testing.T) {
	w := newCrew()
	const jobs = 10_000
	var doing func(left int) jobFunc
	ended := make(chan struct{})
	doing = func(left int) jobFunc {
		return func() {
			if left == 0 {
				close(ended)
				return
			}
			w.do(doing(left - 1))
		}
	}
	w.mu.Lock()
	w.workers, w.keep = maxWorkers-1, 0 // one is all there is
	w.mu.Unlock()
	for range 10 {
		w.do(jobFunc(func() {}))
	}
	w.do(doing(jobs))
	<-ended
	w.mu.Lock()
	defer w.mu.Unlock()
	if cap(w.jobs) > 100 {
		t.Errorf("room for %d jobs was made, for 11 at a time", cap(w.jobs))
	}
	w.workers -= maxWorkers - 1
}

// TestCrew: at most maxWorkers at a time, whatever waits is done, and nobody is left.
func TestCrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newCrew()
		var atWork, most, done atomic.Int64
		goOn := make(chan struct{})
		const jobs = 3 * maxWorkers
		for range jobs {
			w.do(jobFunc(func() {
				most.Store(max(most.Load(), atWork.Add(1)))
				<-goOn
				atWork.Add(-1)
				done.Add(1)
			}))
		}
		synctest.Wait()
		if n := atWork.Load(); n != maxWorkers {
			t.Errorf("%d at work, want %d", n, maxWorkers)
		}
		close(goOn)
		synctest.Wait()
		if done.Load() != jobs || most.Load() > maxWorkers {
			t.Errorf("%d of %d done, at most %d at a time", done.Load(), jobs, most.Load())
		}
		if w.workers != w.idle || w.idle > w.keep {
			t.Errorf("%d workers, %d idle, at most %d may be", w.workers, w.idle, w.keep)
		}
		w.do(jobFunc(func() { done.Add(1) }))
		w.stop(true) // the bubble's end would find who is left
		if done.Load() != jobs+1 {
			t.Error("what was given before the end was not done")
		}
	})
}
