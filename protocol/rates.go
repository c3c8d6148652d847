package protocol

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is what a token bucket lets through: PerSecond in the long run, and Burst
// at once. Where nothing else is said its zero value is the default.
type Rate struct {
	PerSecond float64 // negative: as much as comes
	Burst     float64
}

// Unlimited lets everything through.
var Unlimited = Rate{PerSecond: -1}

// Per returns a Rate of n in each period, which lets burst through at once.
func Per(n float64, period time.Duration, burst float64) Rate {
	return Rate{PerSecond: n / period.Seconds(), Burst: burst}
}

// Rates is the table of how much strangers may do. Who is over a limit is told
// when to come again, by TooFast or TooMany; who does not heed that loses the
// connection.
type Rates struct {
	// A person's, over all connections of it; a connection's own before it is
	// somebody.
	Messages Rate // messages, edits, deletes and renames, each of which is told to a whole room
	Actions  Rate // all else, pings and frames that cannot be read too
	Bytes    Rate // of all these
	Names    Rate // names taken
	NewRooms Rate // rooms in which nothing was said before

	// A room's, whoever speaks. Its last quarter is for who has said little of late.
	Room      Rate // messages, edits and deletes
	RoomBytes Rate // of these

	// An address's: an IPv4 address, or an IPv6 network of 64 bits. Many people may
	// stand behind one, so these only keep floods out. Loopback has none.
	AddressConnects Rate // handshakes
	AddressOpen     int  // sockets at a time; negative: any number

	AddressErasures Rate // strangers who erase themselves: each has the whole log read

	Connects Rate // handshakes in all, loopback's apart

	Refusals int // frames sent too early, in spite of having been told, that cost the connection
}

// DefaultRates are the limits of a server that was told no others.
func DefaultRates() Rates {
	return Rates{
		Messages: Per(5, time.Second, 10),
		Actions:  Per(10, time.Second, 40), // a page that joins its rooms
		Bytes:    Per(64<<10, time.Second, 512<<10),
		Names:    Per(20, time.Hour, 10),
		NewRooms: Per(30, time.Hour, 20),

		Room:      Per(50, time.Second, 100),
		RoomBytes: Per(256<<10, time.Second, 1<<20),

		AddressConnects: Per(300, time.Minute, 300),
		AddressOpen:     2000,
		AddressErasures: Per(2, time.Hour, 2),

		Connects: Per(1000, time.Second, 20_000), // all who may be connected come back at once after a restart

		Refusals: 50,
	}
}

// WithDefaults fills in what is zero.
func (r Rates) WithDefaults() Rates {
	d := DefaultRates()
	for _, rate := range []struct{ of, or *Rate }{
		{&r.Messages, &d.Messages}, {&r.Actions, &d.Actions}, {&r.Bytes, &d.Bytes}, {&r.Names, &d.Names}, {&r.NewRooms, &d.NewRooms},
		{&r.Room, &d.Room}, {&r.RoomBytes, &d.RoomBytes}, {&r.AddressConnects, &d.AddressConnects},
		{&r.AddressErasures, &d.AddressErasures}, {&r.Connects, &d.Connects},
	} {
		if *rate.of == (Rate{}) {
			*rate.of = *rate.or
		}
	}
	if r.AddressOpen == 0 {
		r.AddressOpen = d.AddressOpen
	}
	if r.Refusals == 0 {
		r.Refusals = d.Refusals
	}
	return r
}

var errRate = errors.New("a rate is a number and a time, and after a colon how many at once: 5/s, 300/m:100 or 20/h; or off")

// UnmarshalText reads a Rate as people write it: 5/s, 300/m:100, 20/h, or off.
// Where no burst is told, as many may come at once as in the time named.
func (r *Rate) UnmarshalText(b []byte) error {
	if string(b) == "off" {
		*r = Unlimited
		return nil
	}
	rate, burst, bursts := strings.Cut(string(b), ":")
	count, unit, _ := strings.Cut(rate, "/")
	period, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(count, 64)
	if !known || err != nil || !(n > 0 && n <= 1e9) {
		return errRate
	}
	most := max(1, n)
	if bursts {
		if most, err = strconv.ParseFloat(burst, 64); err != nil || !(most >= 1 && most <= 1e9) {
			return errRate
		}
	}
	*r = Per(n, period, most)
	return nil
}
