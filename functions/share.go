package functions

import (
	"context"
	"errors"
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
	err = errors.Join(err, f.chat.Forget(ctx, a.Room, gone))
	if err != nil {
		f.log.Error("share", "room", a.Room, "gone", len(gone), "error", err)
	} else {
		f.log.Debug("share", "room", a.Room, "gone", len(gone))
	}
}
