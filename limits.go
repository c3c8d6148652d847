package main

import (
	"fmt"
	"net/netip"
	"strings"

	"parley/gateway"
	"parley/protocol"
)

// limitFlags adjust the table of limits. A rate is 5/s, 300/m:100 or 20/h, with how many at once after the colon; what is
// not told is protocol.DefaultRates.
type limitFlags struct {
	RateLimits      string        `default:"on" enum:"on,off" env:"PARLEY_RATE_LIMITS" placeholder:"on|off" help:"All of the limits below but --max-connections. off is for benchmarks. Default: on."`
	Messages        protocol.Rate `name:"limit-messages" env:"PARLEY_LIMIT_MESSAGES" placeholder:"RATE" help:"What one person may say; renames, edits and deletes count too. A RATE is 300/m or 300/m:100, which allows 100 at once; s, m or h; or off. Default: 5/s:10."`
	Actions         protocol.Rate `name:"limit-actions" env:"PARLEY_LIMIT_ACTIONS" placeholder:"RATE" help:"Other actions of one person, pings too. Default: 10/s:40."`
	Bytes           protocol.Rate `name:"limit-bytes" env:"PARLEY_LIMIT_BYTES" placeholder:"RATE" help:"Bytes of one person. Default: 65536/s:524288."`
	Names           protocol.Rate `name:"limit-names" env:"PARLEY_LIMIT_NAMES" placeholder:"RATE" help:"Other names that one person may take. Default: 20/h:10."`
	NewRooms        protocol.Rate `name:"limit-new-rooms" env:"PARLEY_LIMIT_NEW_ROOMS" placeholder:"RATE" help:"Rooms in which one person may be the first to speak. Default: 30/h:20."`
	Room            protocol.Rate `name:"limit-room" env:"PARLEY_LIMIT_ROOM" placeholder:"RATE" help:"What all together may say in one room. Default: 50/s:100."`
	RoomBytes       protocol.Rate `name:"limit-room-bytes" env:"PARLEY_LIMIT_ROOM_BYTES" placeholder:"RATE" help:"Bytes of it. Default: 262144/s:1048576."`
	AddressConnects protocol.Rate `name:"limit-address-connects" env:"PARLEY_LIMIT_ADDRESS_CONNECTS" placeholder:"RATE" help:"Connections that one address may open: an IPv4 address or an IPv6 /64, not loopback. Default: 300/m."`
	AddressErasures protocol.Rate `name:"limit-address-erasures" env:"PARLEY_LIMIT_ADDRESS_ERASURES" placeholder:"RATE" help:"People at one address who may erase themselves, which reads the whole log. Default: 2/h."`
	AddressOpen     int           `name:"limit-address-open" env:"PARLEY_LIMIT_ADDRESS_OPEN" placeholder:"N" help:"Connections that one address may have open; -1: any number. Default: 2000."`
	Connects        protocol.Rate `name:"limit-connects" env:"PARLEY_LIMIT_CONNECTS" placeholder:"RATE" help:"Connections that all addresses together may open. Default: 1000/s:20000."`
	MaxConnections  int           `env:"PARLEY_MAX_CONNECTIONS" placeholder:"N" help:"Connections open at a time. Default: what file descriptors allow, at most 20000."`
	TrustedProxies  string        `env:"PARLEY_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Proxies whose X-Forwarded-For tells the address of a client: 127.0.0.1,10.0.0.0/8. From others it is not read. Default: none."`
}

// rates are the limits of persons and rooms; nil: none.
func (l *limitFlags) rates() *protocol.Rates {
	if l.RateLimits == "off" {
		return nil
	}
	return &protocol.Rates{
		Messages: l.Messages, Actions: l.Actions, Bytes: l.Bytes, Names: l.Names, NewRooms: l.NewRooms,
		Room: l.Room, RoomBytes: l.RoomBytes, AddressConnects: l.AddressConnects, AddressOpen: l.AddressOpen, AddressErasures: l.AddressErasures, Connects: l.Connects,
	}
}

// gateway adds the limits of addresses.
func (l *limitFlags) gateway(o gateway.Options) (gateway.Options, error) {
	var err error
	o.MaxConnections = l.MaxConnections
	if o.TrustedProxies, err = l.proxies(); err != nil {
		return o, err
	}
	if rates := l.rates(); rates != nil {
		r := rates.WithDefaults()
		o.AddressConnects, o.AddressSockets, o.Connects = gateway.Rate(r.AddressConnects), r.AddressOpen, gateway.Rate(r.Connects)
	}
	return o, nil
}

func (l *limitFlags) proxies() (networks []netip.Prefix, err error) {
	for word := range strings.FieldsFuncSeq(l.TrustedProxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		network, err := netip.ParsePrefix(word)
		if a, single := netip.ParseAddr(word); single == nil {
			network, err = a.Prefix(a.BitLen())
		}
		if err != nil || network.Addr().Is4In6() {
			return nil, &failure{err: fmt.Errorf("--trusted-proxies: %q is neither an address nor a network", word), hint: "parley serve --trusted-proxies 127.0.0.1,10.0.0.0/8", code: exitUsage}
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// Validate is called by kong after parsing.
func (l *limitFlags) Validate() error {
	if l.MaxConnections < 0 {
		return fmt.Errorf("--max-connections: not %d", l.MaxConnections)
	}
	return nil
}
