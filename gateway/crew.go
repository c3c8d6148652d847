package gateway

import (
	"runtime"
	"sync"
)

// maxWorkers bounds the handlers that run at a time for all connections of a loop engine. What comes on top waits, one
// job for each connection at most.
const maxWorkers = 1024

// job is what a loop must not do itself, because it may wait.
type job interface{ work() }

// crew is the goroutines that do jobs, in the order in which they came. Their number follows the need.
type crew struct {
	mu      sync.Mutex
	some    sync.Cond // of mu: there are jobs, or the end has come
	ended   sync.WaitGroup
	jobs    []job
	next    int // of jobs
	workers int
	idle    int
	keep    int // most idle ones
	stopped bool
}

func newCrew() *crew {
	w := &crew{keep: 4 * runtime.GOMAXPROCS(0)}
	w.some.L = &w.mu
	return w
}

// do hands a job over. It does not wait for it.
func (w *crew) do(j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next > 0 && len(w.jobs) == cap(w.jobs) {
		n := copy(w.jobs, w.jobs[w.next:]) // before the array grows for what is done
		clear(w.jobs[n:])
		w.jobs, w.next = w.jobs[:n], 0
	}
	w.jobs = append(w.jobs, j)
	switch waiting := len(w.jobs) - w.next; {
	case waiting <= w.idle:
		w.some.Signal()
	case w.workers < maxWorkers:
		w.workers++
		w.ended.Go(w.work)
	}
}

func (w *crew) work() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for w.next == len(w.jobs) {
			w.jobs, w.next = w.jobs[:0], 0
			if w.stopped || w.idle >= w.keep {
				w.workers--
				return
			}
			w.idle++
			w.some.Wait()
			w.idle--
		}
		j := w.jobs[w.next]
		w.jobs[w.next] = nil
		w.next++
		w.mu.Unlock()
		j.work()
		w.mu.Lock()
	}
}

// stop lets the workers end once there is nothing to do; wait waits for that.
func (w *crew) stop(wait bool) {
	w.mu.Lock()
	w.stopped = true
	w.some.Broadcast()
	w.mu.Unlock()
	if wait {
		w.ended.Wait()
	}
}
