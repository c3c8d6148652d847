package gateway

import (
	"net/netip"
	"sync"
	"time"
)

// Rate is what a token bucket lets through: PerSecond in the long run, and Burst at once. Zero or less: everything.
type Rate struct{ PerSecond, Burst float64 }

// take takes one from a bucket, which is kept as the time when it will be full again, or tells how long to wait.
func (r Rate) take(full, now time.Duration) (then, wait time.Duration) {
	if r.PerSecond <= 0 {
		return 0, 0
	}
	second := float64(time.Second)
	then = max(full, now) + time.Duration(second/r.PerSecond)
	return then, max(0, then-now-time.Duration(max(1, r.Burst)*second/r.PerSecond))
}

// addresses counts what comes from each address.
type addresses struct {
	each     Rate // handshakes of one address
	together Rate // handshakes of all
	open     int  // sockets of one address at a time; 0 or less: any number

	mu    sync.Mutex
	peers map[netip.Addr]int // TCP connections that are open, whatever they are for
	of    map[netip.Addr]*visits
	prune int           // size of the map at which those are looked for that could be forgotten
	all   time.Duration // the bucket of all together
}

// visits are what came from an address.
type visits struct {
	bucket time.Duration
	open   int
}

// Bounds of how many addresses are known. The first doubles with those that could not be forgotten; not many more than
// mostAddresses without a socket are ever known, whoever comes from ever other ones: who is forgotten gains a burst.
const (
	leastAddresses = 1024
	mostAddresses  = 1 << 16
)

// addressKey is what is counted as one address: the 64 bits of an IPv6 network are a single customer's.
// https://www.rfc-editor.org/rfc/rfc6177
func addressKey(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	network, _ := a.WithZone("").Prefix(64)
	return network.Addr()
}

// enter counts a handshake and its socket in, or tells when to come again, and whether that is for the address's sake.
func (a *addresses) enter(from netip.Addr, now time.Duration) (wait time.Duration, own bool) {
	from = addressKey(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	v := visits{}
	if known := a.of[from]; known != nil {
		v = *known
	}
	if a.open > 0 && v.open >= a.open {
		return retryAfter, true
	}
	var all time.Duration
	if v.bucket, wait = a.each.take(v.bucket, now); wait > 0 {
		return wait, true
	}
	if all, wait = a.together.take(a.all, now); wait > 0 {
		return wait, false
	}
	a.all = all
	v.open++
	if known := a.of[from]; known != nil {
		*known = v
		return 0, false
	}
	if len(a.of) >= max(leastAddresses, a.prune) {
		a.forget(now)
	}
	if a.of == nil {
		a.of = map[netip.Addr]*visits{}
	}
	a.of[from] = &v
	return 0, false
}

// leave counts a socket out.
func (a *addresses) leave(from netip.Addr, now time.Duration) {
	from = addressKey(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.of[from]
	if v.open--; v.open == 0 && v.bucket <= now {
		delete(a.of, from)
	}
}

// forget forgets who has no socket and could come as often as somebody new; where they are too many, others without a
// socket too. a.mu is held.
func (a *addresses) forget(now time.Duration) {
	idle := 0
	for from, v := range a.of {
		switch {
		case v.open > 0:
		case v.bucket <= now:
			delete(a.of, from)
		default:
			idle++
		}
	}
	for from, v := range a.of {
		if idle <= mostAddresses/2 {
			break
		}
		if v.open == 0 {
			delete(a.of, from)
			idle--
		}
	}
	a.prune = min(2*len(a.of), len(a.of)+mostAddresses/2)
}

// sparePeers are how many TCP connections an address may have beyond its sockets: pages, and those who are told no.
const sparePeers = 32

// accept counts a TCP connection in, or tells that its address has too many: without that, one address could hold all
// places there are by asking for nothing.
func (a *addresses) accept(peer netip.Addr) bool {
	peer = addressKey(peer)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open > 0 && a.peers[peer] >= a.open+sparePeers {
		return false
	}
	if a.peers == nil {
		a.peers = map[netip.Addr]int{}
	}
	a.peers[peer]++
	return true
}

// close counts a TCP connection out.
func (a *addresses) close(peer netip.Addr) {
	peer = addressKey(peer)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.peers[peer] > 1 {
		a.peers[peer]--
	} else {
		delete(a.peers, peer)
	}
}
