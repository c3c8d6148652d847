package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ErrBusy is returned when DynamoDB throttled, failed or kept silent until no
// time was left to try again. It wraps the last attempt's error.
var ErrBusy = errors.New("the table did not answer in time")

// The waits between attempts: anywhere from nothing to the bound, which
// doubles. So those who met at one key do not meet there again.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
type waits struct{ first, most time.Duration }

var (
	// overload is for a table that is throttled or does not answer.
	overload = waits{first: 25 * time.Millisecond, most: time.Second}

	// contention is for having met another at one key: about as long as the few
	// calls that follow, and never so long that one comes last for ever.
	contention = waits{first: 10 * time.Millisecond, most: 100 * time.Millisecond}
)

// maxPatience ends the attempts where the context has no deadline: 29 s is what
// API Gateway waits for an integration.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
const maxPatience = 29 * time.Second

// The SDK's own retryer knows which errors pass, and those lists are used here.
// Its waits start at a second and end only with the context, too late for a
// function that still has to answer; hence the loop.
var (
	passes    = retry.IsErrorRetryables(retry.DefaultRetryables)
	throttles = retry.IsErrorThrottles(retry.DefaultThrottles)
)

// do makes one call, again where it is worth it, until the context's time less
// the reserve is over. A write may have been done though its answer was lost;
// callers recognise their own.
func do[In, Out, Opt any](ctx context.Context, s *Store, call func(context.Context, In, ...Opt) (Out, error), in In) (Out, error) {
	var none Out
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return none, err
		}
		if time.Until(end) <= 0 {
			return none, fmt.Errorf("%w: %w", ErrBusy, context.DeadlineExceeded)
		}
		callEnd := time.Now().Add(s.callTimeout)
		if callEnd.After(end) {
			callEnd = end
		}
		try, cancel := context.WithDeadline(ctx, callEnd)
		out, err := call(try, in)
		silent := err != nil && try.Err() != nil
		cancel()
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil || !silent && passes.IsErrorRetryable(err) != aws.TrueTernary && throttles.IsErrorThrottle(err) != aws.TrueTernary {
			return none, err
		}
		if late := pause(ctx, end, attempt, overload); late != nil {
			return none, fmt.Errorf("%w: %w", ErrBusy, err)
		}
	}
}

// end is when the store gives up under a context.
func (s *Store) end(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline.Add(-s.reserve)
	}
	return time.Now().Add(maxPatience)
}

// pause waits before another attempt, or returns at once, with an error, where
// no time would be left for it.
func pause(ctx context.Context, end time.Time, attempt int, w waits) error {
	wait := rand.N(min(w.most, w.first<<min(attempt, 10)))
	if time.Until(end) <= wait {
		return ErrBusy
	}
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refused tells whether a write's condition did not hold. The item that stands
// there comes with it where the table tells (DynamoDB does, dynalite does not).
func refused(err error) (there item, yes bool) {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return failed.Item, true
	}
	return nil, false
}
