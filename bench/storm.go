package bench

import (
	"context"
	"sync"
	"sync/atomic"
)

// stormAddresses are as many source addresses as a storm comes from: a port
// rests for a minute when its connection has ended.
const stormAddresses = 16

// storm opens connections and closes them, as many at a time as Connections.
// The first that fails ends it.
func (r *run) storm(ctx context.Context) (*Report, error) {
	start := r.usage()
	r.now("opening and closing", 0)
	storming, stop := context.WithTimeout(ctx, r.o.Duration)
	defer stop()
	d := newDialer(r.o, stormAddresses*perAddress)
	var (
		next    atomic.Int64
		failed  sync.Once
		failure error
		workers sync.WaitGroup
	)
	for range r.o.Connections {
		workers.Go(func() {
			for storming.Err() == nil {
				// A cycle that has begun is finished: ctx is not handed on.
				conn, _, err := d.dial(context.WithoutCancel(ctx), int(next.Add(1)))
				if err == nil {
					err = leave(conn)
				}
				if err != nil {
					failed.Do(func() { failure = err })
					stop()
					return
				}
				r.done.Add(1)
			}
		})
	}
	workers.Wait()
	if failure != nil {
		return nil, failure
	}
	o := r.opened(start, int(r.done.Load()))
	r.report.Storm = &o
	r.report.Interrupted = ctx.Err() != nil
	_, _, r.report.GeneratorCPU = r.usage().since(start)
	return r.report, nil
}
