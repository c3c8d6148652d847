package runtimeapi

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Clock invokes a function now and then, as a rule of EventBridge does whose schedule is a rate: for the first time when
// the rate is over once, each time with the same event, and whether or not the last invocation has ended. One that fails
// is not repeated.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
type Clock struct {
	stop   context.CancelFunc
	under  sync.WaitGroup // the clock itself, and invocations
	event  []byte
	target Invoker
	log    *slog.Logger
}

// StartClock starts a clock, which the caller has to Close. The rate is more than 0, and the event may not
// be changed from then on. logger gets what fails; nil: discard.
func StartClock(rate time.Duration, target Invoker, event []byte, logger *slog.Logger) *Clock {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Clock{stop: stop, event: event, target: target, log: logger}
	c.under.Go(func() {
		strikes := time.NewTicker(rate)
		defer strikes.Stop()
		for {
			select {
			case <-strikes.C:
				c.under.Go(func() { c.strike(ctx) })
			case <-ctx.Done():
				return
			}
		}
	})
	return c
}

func (c *Clock) strike(ctx context.Context) {
	if _, err := c.target.Invoke(ctx, c.event); err != nil && ctx.Err() == nil {
		c.log.Error("what a clock has asked for failed", "error", err)
	}
}

// Close ends the clock. What it asked for is no longer waited for, and works on.
func (c *Clock) Close() error {
	c.stop()
	c.under.Wait()
	return nil
}
