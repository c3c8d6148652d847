package functions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// SweepEvent is what OnAction is given now and then, by a clock: take away what
// is no longer to be kept. No client can bring it about: whatever it sends is the
// text of a field in an event of API Gateway's.
const SweepEvent = `{"parleySweep":{}}`

// sweep is how far a run has got: it goes from one invocation to the next.
type sweep struct {
	After string `json:"after,omitempty"` // the last room that is done
	Slice int    `json:"slice,omitempty"` // how many invocations it took so far
}

// maxSlices is how many invocations a run has at most: of 29 s each, about six
// minutes. What is left then the next run does. It begins with the first room again,
// where what is done costs a few calls.
// Lambda ends what it takes for a loop after some sixteen.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
const maxSlices = 12

// handOver is what is kept of an invocation's time to have another one go on.
const handOver = 2 * time.Second

// sweep does one slice. An error is a failed invocation, of which an alarm tells:
// nobody else would hear that what should be gone is still there.
func (f *Functions) sweep(ctx context.Context, s *sweep) ([]byte, error) {
	slice, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		slice, cancel = context.WithDeadline(ctx, deadline.Add(-handOver))
	}
	done, err := f.chat.SweepAfter(slice, s.After)
	cancel()
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if err != nil {
		if err := f.goOn(ctx, &sweep{After: done, Slice: s.Slice + 1}); err != nil {
			return nil, fmt.Errorf("sweep: go on: %w", err)
		}
	}
	f.log.Debug("swept", "slice", s.Slice, "whole", err == nil)
	return answer{StatusCode: http.StatusOK}.encode()
}

// goOn has another invocation do what is left, if the run may have one.
func (f *Functions) goOn(ctx context.Context, s *sweep) error {
	if s.Slice >= maxSlices || f.again == nil {
		f.log.Warn("there was more to take away than there was time; the next run goes on", "slices", s.Slice)
		return nil
	}
	payload, err := json.Marshal(struct {
		Sweep *sweep `json:"parleySweep"`
	}{s})
	if err != nil {
		return err
	}
	return f.again.Invoke(ctx, payload)
}
