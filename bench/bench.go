// Package bench puts a chat under load and measures what comes of it: time from
// sending to each delivery, the server's CPU time and memory, and exactly which
// deliveries were lost, doubled or out of order. It knows the wire and no server.
package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// Options of a run. The zero value of each is useful.
type Options struct {
	URL      string // of the socket, ws:// or wss://
	Loopback bool   // the server is on 127.0.0.1: many connections come from several source addresses
	PID      int    // of the server, where it is a process of this machine: for its CPU time and memory. 0: not known

	TLS *tls.Config // for wss; nil: as the system trusts

	Connections int // members of rooms; default 100
	Rooms       int // connection i is in room i modulo this; default 1
	Publishers  int // connections that speak as well, the first so many; 0: none, all are idle

	Outstanding int     // messages that each publisher keeps on their way; default 1
	Rate        float64 // messages a second, of all publishers together, by the clock; 0: as Outstanding allows
	Size        int     // bytes of a text; default 64, at least 16
	Stalled     int     // further members, which read nothing

	Storm bool // connections are opened and closed, Publishers and Rooms do not matter; Connections: how many at a time

	Settle   time.Duration // of silence before memory is read; default 1 s
	WarmUp   time.Duration // of talk before the measurement; default a tenth of Duration
	Duration time.Duration // of the measurement; default 10 s
	Patience time.Duration // without anything coming, after which what is missing counts as lost; default 5 s

	Cores int  // event loops that read; default 1
	Spin  bool // they never sleep, so that the server does not pay for waking them; Linux

	Progress func(Progress) // called about once a second, from another goroutine; nil: not
}

// Progress is how far a run is.
type Progress struct {
	Doing      string // what is being done, as in "connecting"
	Done       int    // of Of: connections
	Of         int    // 0: it does not count
	Deliveries uint64 // so far
	PerSecond  float64
}

func (o Options) withDefaults() Options {
	o.Connections = cmp.Or(o.Connections, 100)
	o.Rooms = cmp.Or(o.Rooms, 1)
	o.Outstanding = cmp.Or(o.Outstanding, 1)
	o.Size = max(cmp.Or(o.Size, 64), stampBytes)
	o.Settle = cmp.Or(o.Settle, time.Second)
	o.Duration = cmp.Or(o.Duration, 10*time.Second)
	o.WarmUp = cmp.Or(o.WarmUp, o.Duration/10)
	o.Patience = cmp.Or(o.Patience, 5*time.Second)
	o.Cores = cmp.Or(o.Cores, 1)
	return o
}

// Check tells what cannot be run.
func (o Options) Check() error {
	o = o.withDefaults()
	switch {
	case o.URL == "":
		return errors.New("there is no server to put under load")
	case o.Connections < 1 || o.Rooms < 1 || o.Outstanding < 1 || o.Publishers < 0 || o.Stalled < 0:
		return errors.New("connections, rooms and outstanding messages are counted from 1")
	case o.Connections < o.Rooms:
		return fmt.Errorf("%d connections cannot fill %d rooms", o.Connections, o.Rooms)
	case o.Publishers > o.Connections:
		return fmt.Errorf("of %d connections %d cannot publish", o.Connections, o.Publishers)
	case o.Size > mostText:
		return fmt.Errorf("a text may have %d bytes, not %d", mostText, o.Size)
	case o.Rate < 0:
		return errors.New("a rate is not negative")
	}
	return nil
}

// mostText is within what every server takes: protocol.MaxTextRunes, ASCII.
const mostText = 8000

// Run puts a server under load and returns what came of it. An error means that
// there is nothing to report; what the server did wrong stands in the report. A
// run that ctx ends early reports what it has.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if err := raiseDescriptors(o.Connections + o.Stalled); err != nil {
		return nil, err
	}
	r := newRun(o)
	stop := r.tell()
	defer stop()
	if o.Storm {
		return r.storm(ctx)
	}
	defer r.close()
	return r.talk(ctx)
}
