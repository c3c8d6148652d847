// Package functions is the chat as three Lambda functions behind an API Gateway
// WebSocket API: OnConnect, OnDisconnect and OnAction turn its events into the
// calls of the same name, and Poster delivers over its @connections API.
//
// An event is decoded into types of this package, not into aws-lambda-go's
// events, which have all fields of four kinds of API: for a message 560 bytes in
// 14 allocations instead of 1,280 in 23, and less to link (BenchmarkDecode). So
// nothing here imports an AWS module.
package functions

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"

	"parley/chat"
)

// Chat is what the events are turned into: *chat.Chat.
type Chat interface {
	OnConnect(ctx context.Context, id chat.ConnectionID, h chat.Handshake) (subprotocol string, err error)
	OnDisconnect(ctx context.Context, id chat.ConnectionID) error
	OnAction(ctx context.Context, id chat.ConnectionID, frames ...[]byte) error
	Forget(ctx context.Context, room string, gone []chat.ConnectionID) error
	SweepAfter(ctx context.Context, room string) (done string, err error)
}

var _ Chat = (*chat.Chat)(nil)

// Options adjust Functions.
type Options struct {
	// OriginSecrets are the values of OriginHeader that the distribution in front
	// may send: the present one and, while it is being changed, the one before.
	// Empty ones count as none. None: whoever finds the API's own address may
	// connect, and nobody's X-Forwarded-For is believed.
	OriginSecrets []string

	// SiteOrigins are the origins whose pages may connect, such as
	// https://d111111abcdef8.cloudfront.net; "*" is any. None: no page may, only
	// tools, which send no Origin.
	SiteOrigins []string

	// Shares does what other invocations of OnAction ask of this one. Nil: such an
	// event is an error.
	Shares *Sharing

	// Again has OnAction invoked once more, where a sweep takes longer than one
	// invocation may. Nil: the next sweep does the rest.
	Again Invoker

	Logger *slog.Logger // default: nothing is logged
}

// Functions are the three Lambda functions over one chat. They may be called
// concurrently, although Lambda gives a process one event at a time.
type Functions struct {
	chat    Chat
	secrets [][sha256.Size]byte
	origins map[string]bool
	shares  *Sharing
	again   Invoker
	log     *slog.Logger
}

// New returns the functions.
func New(c Chat, o Options) *Functions {
	f := &Functions{chat: c, origins: map[string]bool{}, shares: o.Shares, again: o.Again, log: o.Logger}
	for _, secret := range o.OriginSecrets {
		if secret != "" {
			f.secrets = append(f.secrets, sha256.Sum256([]byte(secret)))
		}
	}
	for _, origin := range o.SiteOrigins {
		f.origins[canonicalOrigin(origin)] = true
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	return f
}

// Handler is what aws-lambda-go calls with an event's JSON; it returns the
// answer's. An error is a failed invocation.
type Handler func(ctx context.Context, event []byte) (answer []byte, err error)

// Invoke calls the handler. It makes a Handler a lambda.Handler, which gets the
// bytes as they are, without reflection.
func (h Handler) Invoke(ctx context.Context, event []byte) ([]byte, error) { return h(ctx, event) }

// Names of the functions, as a template's Handler property has them.
const (
	OnConnect    = "OnConnect"
	OnDisconnect = "OnDisconnect"
	OnAction     = "OnAction"
)

// Handler returns the function of that name.
func (f *Functions) Handler(name string) (Handler, error) {
	switch name {
	case OnConnect:
		return f.onConnect, nil
	case OnDisconnect:
		return f.onDisconnect, nil
	case OnAction:
		return f.onAction, nil
	}
	return nil, fmt.Errorf("there is no function %q, only %s, %s and %s", name, OnConnect, OnDisconnect, OnAction)
}
