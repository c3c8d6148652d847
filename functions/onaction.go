package functions

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// onAction is the $default route: one frame of one connection. What its sender
// should know the chat has posted; a status would reach nobody, and an error
// would make API Gateway send its own "Internal server error". So the answer is
// 200 unless the process crashes.
// https://repost.aws/questions/QUx45wrdOxR3WCqwNIJPOW-g
func (f *Functions) onAction(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := decode(payload, "MESSAGE")
	if err != nil {
		return nil, err
	}
	ctx, cancel := withMargin(ctx)
	defer cancel()
	if e.Sweep != nil {
		return f.sweep(ctx, e.Sweep)
	}
	if e.Share != nil {
		f.takeShare(ctx, e.Share)
		return answer{StatusCode: http.StatusOK}.encode()
	}
	logger := f.logger(e)
	frame, err := e.frame()
	if err == nil {
		err = f.chat.OnAction(ctx, e.Context.ConnectionID, frame)
	}
	if err != nil {
		logger.Error("action", "bytes", len(e.Body), "error", err)
	} else {
		logger.Debug("action", "bytes", len(e.Body))
	}
	return answer{StatusCode: http.StatusOK}.encode()
}

// logger tells in each line which invocation and which connection it is about.
// Neither text nor tokens are ever logged, nor a client's address in full.
func (f *Functions) logger(e *event) *slog.Logger {
	return f.log.With("request", e.Context.RequestID, "connection", e.Context.ConnectionID)
}

// margin is what is kept of a function's time to log and to answer: a function
// that is cut off is started anew for the next event.
const margin = 300 * time.Millisecond

func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}
