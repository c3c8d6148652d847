package functions

import (
	"context"
	"errors"
	"sync"

	"parley/chat"
)

// takeShare does what another invocation of this function asks for. A failure is
// logged and not returned: Lambda would invoke twice more for it.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (f *Functions) takeShare(ctx context.Context, a *share) {
	if f.shares == nil {
		f.log.Error("asked for a share, and this function takes none", "room", a.Room)
		return
	}
	gone, err := f.shares.take(ctx, a)
	err = errors.Join(err, f.forget(ctx, gone))
	if err != nil {
		f.log.Error("share", "room", a.Room, "gone", len(gone), "error", err)
	} else {
		f.log.Debug("share", "room", a.Room, "gone", len(gone))
	}
}

// forgetting is how many connections that are gone are forgotten at once; each
// is a handful of calls of the table, one after the other.
const forgetting = 16

func (f *Functions) forget(ctx context.Context, gone []chat.ConnectionID) error {
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs error
	)
	slots := make(chan struct{}, forgetting)
	for _, id := range gone {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := f.chat.OnDisconnect(ctx, id); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = errors.Join(errs, err)
			}
		})
	}
	all.Wait()
	return errs
}
