// Package client takes part in a Parley chat from Go, as a bot or a bridge does:
// it connects, stays connected, and hands each room's log on once and in order.
//
//	chat, err := client.Dial(ctx, client.Options{URL: "http://127.0.0.1:8080", Name: "robot"})
//	room, err := chat.Join(ctx, "general", client.Now())
//	seq, err := room.Send(ctx, "hello") // durable when it returns
//	for entry, err := range room.Entries(ctx) { … }
//
// # What it promises
//
// A message that Send has returned a sequence for is durable, and in the log
// once, however often the connection broke meanwhile. Messages of one room are
// in the log in the order of their Sends: one at a time is under way.
//
// Entries yields what is in the log behind the place where Join began, in the
// order of its sequences, each once; through reconnects, lost and repeated
// frames. Where that cannot be (the server's log was replaced, or 10,000 entries
// were missed) an entry of KindGap says so.
//
// # Backpressure
//
// What Entries has not taken waits, up to Options.Buffer bytes a room. What comes
// beyond is not kept: its place is, and it is asked for again when there is
// space. So a slow reader costs neither memory nor messages, and delays no
// acknowledgement.
//
// # Connections
//
// A lost connection is followed by another one, after a back-off with full
// jitter, or after the time that the server told. A server which says to stay
// away is obeyed: the Client stops, and everything returns its reason. Before
// API Gateway ends a connection after two hours, the next one is opened first.
package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"parley/protocol"
)

// Options of a Client. URL is needed.
type Options struct {
	// URL is that of the site, http:// or https://, whose config.json tells where
	// the socket is; or that of the socket, ws:// or wss://.
	URL string

	// Name is taken where the person has none yet. Without one a client only reads.
	Name string

	// AnyName takes the nearest free variant where Name is somebody else's: Dial
	// fails with protocol.NameTaken otherwise.
	AnyName bool

	// Identity keeps who one is from one process to the next. Nil: each Client is
	// somebody new, and its name is free again when it is gone.
	Identity Identity

	// Outbox keeps what was not acknowledged from one process to the next; it
	// belongs to one Client at a time, and needs an Identity. Nil: in memory.
	Outbox Outbox

	// Link is the token of a link's fragment, an invitation for example.
	Link string

	// Buffer is how many bytes of entries may wait in a room. Default 1 MiB.
	Buffer int

	// Heard is told what is no entry: *protocol.Presence, *protocol.SomebodyTypes,
	// *protocol.Renamed, *protocol.Notice, State when it changes, and *protocol.Error
	// that answers nothing. These are hints: where Heard takes its time, some are
	// left out. Calls come one after the other; they must not call Close.
	Heard func(hint any)

	// HTTP makes the requests for config.json and the handshake. Default
	// http.DefaultClient. Its Timeout must be zero.
	HTTP *http.Client

	// Renew is the age at which a connection is replaced by the next one, up to a
	// tenth earlier. Default 110 minutes; API Gateway ends each after 120.
	Renew time.Duration
}

const (
	defaultBuffer = 1 << 20           // bytes
	defaultRenew  = 110 * time.Minute // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
)

// Errors besides *protocol.Error, which is what the server says.
var (
	ErrClosed     = errors.New("the client is closed")
	ErrBusy       = errors.New("too many messages are waiting to be sent")
	ErrUnanswered = errors.New("the server did not answer")
	ErrBroke      = errors.New("the connection broke twice while this was being sent")
	ErrNotParley  = errors.New("this server does not speak " + protocol.Subprotocol)
)

// State is how a Client is connected.
type State int

const (
	Connecting State = iota
	Online
	Waiting // for the time to connect again
	Stopped // by Close, or by the server for good
)

func (s State) String() string {
	return [...]string{"connecting", "online", "waiting", "stopped"}[s]
}

// Client is one person's place in a chat. Its methods may be called at once from
// several goroutines.
type Client struct {
	options Options
	nextID  func() string
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	courier *courier
	running sync.WaitGroup // live and all that reads and writes

	posting sync.Mutex // the order of the outbox is that of the store; taken before mu

	mu       sync.Mutex
	state    State
	reason   error // why it stopped
	failure  error // why the last try to connect failed
	you      protocol.You
	limits   protocol.Limits
	server   string
	session  string
	kept     Person // as the Identity has it
	wanted   string // name of the next hello
	conn     *connection
	rooms    map[string]*Room
	restored []Item        // of the Outbox, for rooms that are not joined yet
	changed  chan struct{} // closed and replaced when something above changes
	wake     chan struct{}
}

// New makes a Client, which begins to connect. Close ends it. The error is that
// of the Identity or the Outbox, or of a URL that is none.
func New(o Options) (*Client, error) {
	if o.Buffer == 0 {
		o.Buffer = defaultBuffer
	}
	if o.Renew == 0 {
		o.Renew = defaultRenew
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if err := checkURL(o.URL); err != nil {
		return nil, err
	}
	c := &Client{
		options: o, nextID: ids(), limits: protocol.CurrentLimits(),
		rooms: map[string]*Room{}, changed: make(chan struct{}), wake: make(chan struct{}, 1), wanted: o.Name,
	}
	if o.Identity != nil {
		p, err := o.Identity.Load()
		if err != nil {
			return nil, err
		}
		c.kept, c.session = p, p.Session
	}
	if o.Outbox != nil {
		items, err := o.Outbox.Load()
		if err != nil {
			return nil, err
		}
		c.restored = items
	}
	c.courier = newCourier()
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.running.Go(c.live)
	return c, nil
}

// Dial is New, and waits for the first connection. Where that cannot be had at
// the first try, there is no Client, and the error says why.
func Dial(ctx context.Context, o Options) (*Client, error) {
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	err = c.until(ctx, func() (bool, error) {
		return c.state == Online, c.failure
	})
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("connect to %s: %w", o.URL, err)
	}
	return c, nil
}

// Close ends the connection and returns when all is put away. What was not
// acknowledged stays in the Outbox, if there is one.
func (c *Client) Close() error {
	c.stop(ErrClosed)
	c.cancel()
	c.running.Wait()
	return c.courier.close()
}

// Online waits until there is a connection; it returns the reason if there will
// be none.
func (c *Client) Online(ctx context.Context) error {
	return c.until(ctx, func() (bool, error) { return c.state == Online, nil })
}

// State is how it is connected right now.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// You is who one is, as the last welcome or renamed has told it.
func (c *Client) You() protocol.You {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.you
}

// Server is its name and version; "" before the first welcome.
func (c *Client) Server() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server
}

// Wake tells that the machine may have slept or changed its network: what waits
// connects at once, and a connection is asked whether it lives.
func (c *Client) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Rename takes a name, or another one. A *protocol.Error with NameTaken suggests
// one that is free.
func (c *Client) Rename(ctx context.Context, name string) error {
	_, err := c.do(ctx, func() fields { return fields{"type": "rename", "name": name} })
	return err
}

// Rooms lists the rooms, the most recently spoken in first.
func (c *Client) Rooms(ctx context.Context) ([]protocol.RoomInfo, error) {
	answer, err := c.do(ctx, func() fields { return fields{"type": "rooms"} })
	if rooms, ok := answer.(*protocol.Rooms); ok {
		return rooms.Rooms, nil
	}
	return nil, err
}

// until waits until a condition holds, which is looked at under mu whenever
// something has changed.
func (c *Client) until(ctx context.Context, holds func() (bool, error)) error {
	for {
		c.mu.Lock()
		done, err := holds()
		if err == nil && !done && c.state == Stopped {
			err = c.reason
		}
		changed := c.changed
		c.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tell wakes all that wait for a change. Call it with mu held.
func (c *Client) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// be changes the state. Call it with mu held.
func (c *Client) be(s State) {
	if c.state == s || c.state == Stopped {
		return
	}
	c.state = s
	c.tell()
	c.hint(s)
}

// stop ends everything for good. What waits returns the reason.
func (c *Client) stop(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == Stopped {
		return
	}
	c.reason = reason
	for _, r := range c.rooms {
		r.stop(reason)
	}
	c.be(Stopped)
}

// hint hands something to Options.Heard, unless too much waits for it already.
func (c *Client) hint(what any) {
	if c.options.Heard != nil {
		c.courier.hint(func() { c.options.Heard(what) })
	}
}

// ids makes the ids of actions: random for each client, then counted.
func ids() func() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 12) // 62 random bits: two clients of one person are never the same
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	var mu sync.Mutex
	count := 0
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		count++
		return fmt.Sprintf("%s-%d", b, count)
	}
}
