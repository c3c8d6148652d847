// Package gateway behaves on a local port as Amazon API Gateway's WebSocket APIs do: three things happen to a
// connection (OnConnect, OnAction, OnDisconnect), and two can be done for it (Post, Close), in process or through the
// @connections API. It knows frames and connections; what a message means is the handler's.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
package gateway

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Handshake is what OnConnect is told about the client's request. It is an alias of an unnamed struct, so that a
// handler's package can declare the identical type without importing this one.
type Handshake = struct {
	Subprotocols []string // as offered, in order; at most 16
	Origin       string   // empty if the client sent none: then it is no browser
	Address      string   // the client's IP address, without a port
	UserAgent    string   // its first 256 bytes
}

// Handler is told what happens to connections. Calls for one connection come one after the other: OnConnect, then any
// number of OnAction, then OnDisconnect. Calls for different connections come at the same time.
type Handler interface {
	// OnConnect decides about a handshake, which waits for it. What is posted to id meanwhile follows the answer, or is
	// lost when that is a refusal. With Options.Unordered id is gone to a Post before OnConnect has returned, as
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
	// has it. The sub-protocol must be one of those offered, or empty. An error that has a method HTTPStatus() int with a
	// value from 300 to 599 refuses with that status, any other error with 502, as API Gateway does. A refused
	// connection has no OnDisconnect.
	OnConnect(ctx context.Context, id string, h Handshake) (subprotocol string, err error)

	// OnDisconnect follows once, after the last OnAction has returned, for each id that OnConnect has accepted.
	OnDisconnect(ctx context.Context, id string) error

	// OnAction gets the messages already read from this connection, in order; each is valid UTF-8 and the handler's
	// to keep. Nothing more is read from the connection until it returns: that is the backpressure. The context is
	// not cancelled when the connection goes, only by the end of Shutdown. An error is logged, and the client is
	// sent API Gateway's "Internal server error" frame, or what the error's method Frame() []byte returns.
	OnAction(ctx context.Context, id string, frames ...[]byte) error
}

// InformedHandler is a Handler that wants to know all that API Gateway tells a function.
type InformedHandler interface {
	Handler

	// OnRequest is called in place of OnConnect. r is the whole handshake, only to be read, and only until OnRequest
	// returns; address is the client's IP address, without a port. The context is OnAction's: when the client goes
	// meanwhile, OnEnd follows.
	OnRequest(ctx context.Context, id, address string, r *http.Request) (subprotocol string, err error)

	// OnEnd is called in place of OnDisconnect. code and reason are those of the close frame that came first, from
	// either side; 1005 if the client's had none, 1006 if there was none at all.
	OnEnd(ctx context.Context, id string, code int, reason string) error
}

// Options of a Server. The zero value of each is useful.
type Options struct {
	SocketPath string       // path of the WebSocket; default "/socket"
	Pages      http.Handler // answers everything else; nil: 404

	// Header is put on each answer to a request that the gateway itself gives, not on those of Pages: 403, 404, 411,
	// 421, 426, 503 and so on. Only what is no HTTP at all (400, 431) net/http answers before anybody is asked.
	// It must not be changed any more. nil: none.
	Header http.Header

	// Ready is asked by /readyz: what it returns makes the answer 503. nil: always ready.
	Ready func(context.Context) error

	// PublicURL is what people type, when that is neither localhost nor an IP address. It fixes the Origin that a
	// browser must send (scheme, host and port, exactly), and any Host is served then. When nil, Host must be
	// localhost or an IP address, and an Origin must be that of the requested host.
	PublicURL *url.URL

	// TrustedProxies are the addresses from which X-Forwarded-For is believed; nil: none.
	TrustedProxies []netip.Prefix

	// Limits of an address, past which a handshake is answered with 429 and a time: an IPv4 address, or an IPv6 network
	// of 64 bits. They hold neither for loopback nor for TrustedProxies themselves.
	AddressConnects Rate // handshakes
	AddressSockets  int  // sockets at a time; 0 or less: any number

	Connects Rate // handshakes of all addresses that have limits, together, past which it is 503

	MaxMessageBytes  int           // longest message accepted, in bytes; default 32768, API Gateway's limit for a frame
	MaxFrameBytes    int           // longest frame of a message, in bytes; 0: as long as the message may be
	MaxQueueBytes    int           // most bytes that wait for one slow reader before it is closed with 4008; default 1 MiB
	MaxQueuedBytes   int64         // most bytes that wait for all slow readers together, past which those with the most are closed with 4008; default 256 MiB
	MaxConnections   int           // most sockets at a time; past it 503, and past nine tenths of it silent ones are closed with 1013, the oldest first. 0: what file descriptors allow, less some spare, and at most 20,000
	Heartbeat        time.Duration // silence after which a connection is pinged; 10 s later it is given up. Default 25 s; negative: never
	IdleTimeout      time.Duration // without a message either way, pings apart, after which a connection is closed with 1001; 0: none
	MaxAge           time.Duration // of a connection, after which it is closed with 1001; 0: none
	HandshakeTimeout time.Duration // for the headers of a request to arrive; default 10 s
	MessageTimeout   time.Duration // for a message to come, from its first byte to its last; default 1 min
	StallTimeout     time.Duration // without the kernel taking any of what waits for a slow reader, after which it is closed with 4008. Default 10 s
	FarewellTimeout  time.Duration // for a client to answer a close frame; default 5 s

	// Engine is what carries the connections. All behave alike; they differ in what an idle connection and a delivery
	// cost. Default: EngineAuto, which is EngineEpoll on Linux unless the listener is not plain TCP.
	Engine Engine

	// Unordered hands each message over by itself, at the same time as others of its connection, as API Gateway does.
	// Nothing then promises their order, and OnDisconnect may come before the last of them has been handled. The next is
	// not read while 64 of a connection are under way.
	Unordered bool

	// KeepSlowReaders leaves a slow reader connected: what is posted while MaxQueueBytes wait for it is lost, and the
	// @connections API says 429 LimitExceededException, as API Gateway does. MaxQueuedBytes holds all the same.
	KeepSlowReaders bool

	// Stage is the name that goes before @connections in the management API: /{stage}/@connections/{id}. Any other path
	// is forbidden then. Empty: none.
	Stage string

	// Jitter takes away, for tests, what AWS does not promise: each message and each post comes later by a random time
	// up to this one, posts of different calls in no order, and one OnDisconnect in four never comes. 0: none.
	Jitter time.Duration

	// Farewell gives the text frame that goes before a close which the gateway itself decides: 1001 silent, 1002
	// protocol error, 1003 binary, 1007 not UTF-8, 1008 message never finished or too many pings, 1009 too big, 1012 shutting down,
	// 1013 nothing was ever said and others want to come, 4008 slow reader. It is called once per connection, so that it can tell each client another delay, perhaps
	// from many goroutines, and MUST NOT block. nil, or an empty frame: only the close frame.
	Farewell func(code int) []byte

	Logger *slog.Logger // nil: discard. Never gets a message's text, a token or a query string
}

func (o Options) withDefaults() Options {
	o.SocketPath = cmp.Or(o.SocketPath, "/socket")
	o.MaxMessageBytes = cmp.Or(o.MaxMessageBytes, 32<<10)
	o.MaxQueueBytes = cmp.Or(o.MaxQueueBytes, 1<<20)
	o.MaxQueuedBytes = cmp.Or(o.MaxQueuedBytes, 256<<20)
	o.MaxConnections = cmp.Or(o.MaxConnections, defaultMaxConnections(descriptors()))
	o.Heartbeat = cmp.Or(o.Heartbeat, 25*time.Second)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 10*time.Second)
	o.MessageTimeout = cmp.Or(o.MessageTimeout, time.Minute)
	o.StallTimeout = cmp.Or(o.StallTimeout, 10*time.Second)
	o.FarewellTimeout = cmp.Or(o.FarewellTimeout, 5*time.Second)
	if o.Farewell == nil {
		o.Farewell = func(int) []byte { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// LikeAPIGateway returns o with the limits and manners of API Gateway wherever o leaves them open. There is then no
// ping: a connection without messages ends after 10 minutes, however alive.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
func (o Options) LikeAPIGateway() Options {
	o.MaxMessageBytes = cmp.Or(o.MaxMessageBytes, 128<<10)
	o.MaxFrameBytes = cmp.Or(o.MaxFrameBytes, 32<<10)
	o.Heartbeat = cmp.Or(o.Heartbeat, -1)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 10*time.Minute)
	o.MaxAge = cmp.Or(o.MaxAge, 2*time.Hour)
	o.Stage = cmp.Or(o.Stage, "live")
	o.Unordered, o.KeepSlowReaders = true, true
	return o
}

// Server holds connections for one Handler. Its methods may be called by any number of goroutines.
type Server struct {
	options     Options
	log         *slog.Logger
	handler     Handler
	informed    InformedHandler // the same, if it is one
	jitter      jitter
	connections registry
	started     time.Time    // zero of the server's own clock
	sockets     atomic.Int64 // upgraded, or about to be
	open        atomic.Int64 // all TCP connections, pages too
	queued      atomic.Int64 // bytes that wait, counted for each connection they wait for though they are shared
	relieving   sync.Mutex   // held by who looks for the slowest readers
	addresses   addresses
	often       often
	making      sync.Mutex    // held by who looks for silent connections
	roomMade    time.Duration // when there may be the next look; guarded by making

	actions       context.Context // what handlers get; ends only with the last deadline of Shutdown
	cancelActions context.CancelFunc

	mu       sync.Mutex // guards what follows
	draining bool
	http     *http.Server
	engine   engine         // nil: a goroutine for each connection
	swept    chan struct{}  // closed when the sweeping goroutine has ended; nil: not begun
	working  sync.WaitGroup // handshakes and connections
	stopped  chan struct{}  // closed to end the sweep
}

// New returns a Server that does not listen yet.
func New(o Options) *Server {
	s := &Server{options: o.withDefaults(), started: time.Now(), stopped: make(chan struct{})}
	s.log = s.options.Logger
	s.often = often{log: s.log, now: s.now}
	s.addresses = addresses{each: s.options.AddressConnects, together: s.options.Connects, open: s.options.AddressSockets}
	s.actions, s.cancelActions = context.WithCancel(context.Background())
	return s
}

// Serve accepts pages and sockets from ln and blocks until Shutdown (nil) or until ln fails. It is called once.
func (s *Server) Serve(ln net.Listener, h Handler) error {
	s.mu.Lock()
	if s.draining {
		s.mu.Unlock()
		return ln.Close()
	}
	if s.http != nil {
		s.mu.Unlock()
		return errors.New("gateway: Serve called twice")
	}
	s.handler = h
	s.informed, _ = h.(InformedHandler)
	s.http = s.newHTTPServer()
	s.swept = make(chan struct{})
	s.engine = s.carriers(ln)
	server, engine := s.http, s.engine
	s.mu.Unlock()

	go s.sweep()
	var front net.Listener = &doorman{Listener: ln, server: s}
	if engine != nil {
		front = engine
	}
	err := server.Serve(front)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) && s.isDraining() {
		return nil
	}
	return err
}

// now is the time since the server began, by the monotonic clock: a change of the wall clock reaps nobody.
func (s *Server) now() time.Duration { return time.Since(s.started) }

// begin counts in a handshake that Shutdown will wait for; false when it has already begun.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.working.Add(1)
	return true
}
