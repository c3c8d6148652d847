package functions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"parley/chat"
)

// PosterOptions adjust a Poster. What has no default is needed.
type PosterOptions struct {
	// Endpoint is where API Gateway takes posts, stage included:
	// https://{api}.execute-api.{region}.amazonaws.com/{stage}. It is given to the
	// function from outside and never read from an event, where a custom domain
	// stands in its place and posts are then refused with 403.
	// https://github.com/aws-samples/simple-websockets-chat-app/issues/40
	Endpoint string

	Region      string
	Credentials Credentials

	// Width is how many posts may be under way at once, and how many connections
	// are kept. Default 200.
	Width int

	// Patience is how long one post may take. Default 2 s.
	Patience time.Duration

	// Pause is about how long is waited before what failed is tried once more.
	// Default 200 ms.
	Pause time.Duration

	Transport http.RoundTripper // default: one of its own, HTTP/1.1, Width connections kept
	Now       func() time.Time  // default time.Now
	Logger    *slog.Logger      // default: nothing is logged
}

// Poster delivers over API Gateway's @connections API. Each frame to each
// connection is a request, and costs as one: about 1 USD a million.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
//
// Its methods may be called concurrently. Frames of one Post reach a connection
// in their order; API Gateway promises no more.
type Poster struct {
	endpoint *endpoint
	options  PosterOptions
	slots    chan struct{} // Width of them: the posts under way, of all calls together
	used     atomic.Int64  // when the last post was made, in milliseconds since 1970 by the wall clock
}

var _ chat.Poster = (*Poster)(nil)

// NewPoster returns a Poster, or says which option is not usable.
func NewPoster(o PosterOptions) (*Poster, error) {
	endpoint, err := parseEndpoint(o.Endpoint, "execute-api", o.Region, o.Credentials)
	if err != nil {
		return nil, err
	}
	if o.Width == 0 {
		o.Width = 200
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	if o.Pause == 0 {
		o.Pause = 200 * time.Millisecond
	}
	if o.Transport == nil {
		o.Transport = newTransport(o.Width)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Poster{endpoint: endpoint, options: o, slots: make(chan struct{}, o.Width)}, nil
}

// Post sends each frame, in order, to each connection, and returns when each has
// been answered or given up: at the latest after twice Patience for each frame
// and a pause. A connection that could not be reached this time is not gone; it
// finds the gap. err is the context's, or says that the endpoint refuses us or
// cannot be reached: nothing about one recipient.
func (p *Poster) Post(ctx context.Context, frames [][]byte, to []chat.ConnectionID) (gone []chat.ConnectionID, err error) {
	if len(frames) == 0 || len(to) == 0 {
		return nil, nil
	}
	calls := make([]call, len(frames))
	for i, frame := range frames {
		calls[i] = call{method: http.MethodPost, hash: hashOf(frame), length: len(frame)}
	}
	b := p.send(ctx, calls, frames, to)
	gone = b.gone()
	counts := b.counts()
	if counts[busy]+counts[failed]+counts[slow]+counts[unreached] > 0 {
		p.options.Logger.Warn("some posts failed", "recipients", len(to), "frames", len(frames), "gone", counts[isGone],
			"busy", counts[busy], "failed", counts[failed], "slow", counts[slow], "unreached", counts[unreached])
	}
	if err := ctx.Err(); err != nil && counts[done]+counts[isGone] < len(to) {
		return gone, err
	}
	return gone, b.refusal()
}

// Close ends connections. API Gateway closes each with 1000 and loses code and
// reason, so whoever calls this has posted an error before. Those that are gone
// already are no error; a connection that could not be closed is.
// https://github.com/boto/boto3/issues/3789
func (p *Poster) Close(ctx context.Context, code int, reason string, ids ...chat.ConnectionID) error {
	if len(ids) == 0 {
		return nil
	}
	b := p.send(ctx, []call{{method: http.MethodDelete, hash: hashOf(nil)}}, [][]byte{nil}, ids)
	if err := errors.Join(ctx.Err(), b.refusal()); err != nil {
		return err
	}
	counts := b.counts()
	if open := counts[busy] + counts[failed] + counts[slow] + counts[unreached]; open > 0 {
		return fmt.Errorf("%d of %d connections could not be closed", open, len(ids))
	}
	return nil
}

// idleAfter is how long a connection to an endpoint is kept. Lambda freezes the
// process between invocations, monotonic clock included, while the other end
// goes on closing what is idle; what this process still holds may be dead.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const idleAfter = 30 * time.Second

// thaw drops connections that were idle for too long by the wall clock.
func (p *Poster) thaw() {
	now := p.options.Now().UnixMilli()
	last := p.used.Swap(now)
	if t, ok := p.options.Transport.(interface{ CloseIdleConnections() }); ok && last != 0 && now-last > idleAfter.Milliseconds() {
		t.CloseIdleConnections()
	}
}
