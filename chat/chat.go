// Package chat is the domain: people, rooms, messages, sequence, resume,
// presence, fan-out. It does no I/O of its own. A home tells it the three things
// that can happen to a connection (OnConnect, OnDisconnect, OnAction), and gives
// it the ports it works on: tables, a log, people, and a Poster.
package chat

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/protocol"
)

// Ports are what a home gives the chat to work on. All but Rules and Counter are needed.
type Ports struct {
	Connections ConnectionTable
	Members     Membership
	Log         MessageLog
	People      People
	Poster      Poster
	Rules       Rules   // nil: there are no moderators
	Counter     Counter // nil: this process is the only one
}

// Options adjust a Chat. The zero value is useful.
type Options struct {
	// Server is told in welcome: name and version. Default "parley".
	Server string

	// Rates bound what persons, connections and rooms may do; what is zero of them
	// is protocol.DefaultRates. Nil: no bound.
	Rates *protocol.Rates

	// PresenceDelay is how long comings and goings of a room are gathered before
	// one event tells them. Default 1 s. Negative: each is told at once, within
	// the call that brought it, for homes where nothing runs between calls.
	PresenceDelay time.Duration

	// PresencePeople is up to how many persons in a room each one's coming and
	// going is told. Above it the count alone is, or nothing where PresenceDelay
	// is negative: there each event is an invocation's time and money. Default
	// protocol.MaxPresencePeople.
	PresencePeople int

	// RepeatsToRoom posts a message that was sent again to its whole room, not
	// only to who sent it. For homes where the first attempt may have died
	// between its commit and its fan-out.
	RepeatsToRoom bool

	// RulesAge is how old what is known of the rules may be, in a home where other
	// processes change them, too. 0: this process alone does.
	RulesAge time.Duration

	// PageBytes is how much of pages that were told last is kept, encoded, for who
	// is told them next: in a home whose log no other process changes. Default 0:
	// each page is read again.
	PageBytes int

	Now    func() time.Time // default time.Now
	Random io.Reader        // for ids and session tokens; default crypto/rand
	Logger *slog.Logger     // default: nothing is logged
}

// Chat is the domain over one home's ports. Its methods may be called
// concurrently; calls for one connection come one after the other.
type Chat struct {
	Ports
	options  Options
	now      func() time.Time
	random   io.Reader
	logger   *slog.Logger
	limiter  *limiter // nil: no bound
	sharing  sharing
	books    books
	slowed   slowed
	roles    sync.Mutex    // held while one changes
	endings  atomic.Uint64 // how often this process has ended all sessions of somebody
	outboxes outboxes
	kept     kept
	presence presence
	work     sync.WaitGroup // goroutines that outlive the call that started them
}

// New returns a Chat. Close it when no more calls come.
func New(ports Ports, o Options) *Chat {
	c := &Chat{Ports: ports, options: o, now: o.Now, random: o.Random, logger: o.Logger, kept: kept{limit: o.PageBytes}}
	if c.options.Server == "" {
		c.options.Server = "parley"
	}
	if c.options.PresenceDelay == 0 {
		c.options.PresenceDelay = time.Second
	}
	if c.options.PresencePeople == 0 {
		c.options.PresencePeople = protocol.MaxPresencePeople
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.random == nil {
		c.random = rand.Reader
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	if o.Rates != nil {
		c.limiter = newLimiter(*o.Rates, c.now())
	}
	return c
}

// Close drops what presence was about to tell, and waits for deliveries under way.
func (c *Chat) Close() {
	c.presence.stop(&c.work)
	c.work.Wait()
}

func (c *Chat) millis() int64 { return c.now().UnixMilli() }

// Forget removes connections that turned out to be gone when something was
// posted to a room, some at a time: each is a handful of calls of the table, one
// after the other. It also takes them out of that room where they are not known
// any more: $disconnect may have overtaken a join.
func (c *Chat) Forget(ctx context.Context, room string, gone []ConnectionID) error {
	if len(gone) == 0 {
		return nil
	}
	const atOnce = 16
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs error
	)
	places := make(chan struct{}, atOnce)
	for _, id := range gone {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			known, err := c.disconnect(ctx, id, true)
			if !known && err == nil {
				_, err = c.Members.Leave(ctx, room, id)
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = errors.Join(errs, err)
			}
		})
	}
	all.Wait()
	return errs
}

// forget is Forget where nothing can be done about an error.
func (c *Chat) forget(ctx context.Context, room string, gone []ConnectionID) {
	if err := c.Forget(ctx, room, gone); err != nil {
		c.logger.Warn("could not forget connections that are gone", "connections", len(gone), "error", err)
	}
}

// post sends frames to one connection.
func (c *Chat) post(ctx context.Context, id ConnectionID, frames ...[]byte) error {
	_, err := c.Poster.Post(ctx, frames, []ConnectionID{id})
	return err
}

// unavailable is what a sender is told when a port failed. The cause goes to
// the operator's log, not to strangers.
func unavailable() *protocol.Error {
	const after = 2000 // ms: long enough for a full disk to be noticed, short enough to wait for
	return protocol.Errorf(protocol.Unavailable, "The chat could not do this just now. Try again in a moment.").Retriable(after)
}

// asEvent returns what the connection is told of an error, and what remains for
// the operator: nil if the error was the connection's own.
func asEvent(err error) (*protocol.Error, error) {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e, nil
	}
	return unavailable(), err
}
