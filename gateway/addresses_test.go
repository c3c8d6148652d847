package gateway

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	a := &addresses{each: Rate{PerSecond: 5, Burst: 300}, open: 400}
	one := netip.MustParseAddr("192.0.2.1")
	for i := range 300 {
		if wait, _ := a.enter(one, 0); wait > 0 {
			t.Fatalf("%d of 300 were let in", i)
		}
	}
	if wait, own := a.enter(one, 0); wait != 200*time.Millisecond || !own {
		t.Errorf("the next one waits %s, for its own sake: %v; want 200 ms", wait, own)
	}
	if wait, _ := a.enter(netip.MustParseAddr("192.0.2.2"), 0); wait > 0 {
		t.Errorf("another address waits %s", wait)
	}
	for range 100 {
		a.enter(one, time.Minute)
	}
	if wait, _ := a.enter(one, time.Hour); wait == 0 {
		t.Error("a 401st socket of one address was let in")
	}
	for range 400 {
		a.leave(one, time.Hour)
	}
	if _, known := a.of[one]; known {
		t.Error("who has left and may come as somebody new is still known")
	}
	t.Run("an IPv6 network is one address", func(t *testing.T) {
		a := &addresses{open: 2}
		a.enter(netip.MustParseAddr("2001:db8::1"), 0)
		a.enter(netip.MustParseAddr("2001:db8::ffff:2"), 0)
		if wait, _ := a.enter(netip.MustParseAddr("2001:db8::3"), 0); wait == 0 {
			t.Error("a third socket of one network was let in")
		}
		if wait, _ := a.enter(netip.MustParseAddr("2001:db8:0:1::3"), 0); wait > 0 {
			t.Error("the network beside it has to wait")
		}
	})
	t.Run("all together", func(t *testing.T) {
		a := &addresses{each: Rate{PerSecond: 5, Burst: 300}, together: Rate{PerSecond: 100, Burst: 1000}}
		let := 0
		for i := range 2000 {
			if wait, own := a.enter(v6(uint64(i)), 0); wait == 0 {
				let++
			} else if own {
				t.Fatal("told that it is for its own sake")
			}
		}
		if let != 1000 {
			t.Errorf("%d were let in at once, want 1,000", let)
		}
	})
}

// TestAddressesAreBounded fears a stranger who comes from ever other networks, of which one with 2^64 addresses has
// many, and in the crowd of which a flood is forgotten.
func TestAddressesAreBounded(t *testing.T) {
	a := &addresses{each: Rate{PerSecond: 5, Burst: 300}, open: 2000}
	flood := netip.MustParseAddr("192.0.2.1")
	now := time.Hour
	for range 2000 {
		a.enter(flood, now)
	}
	for i := range 5 * leastAddresses {
		now += 10 * time.Millisecond // each is forgotten after 200 ms: 20 of them
		a.enter(v6(uint64(i)), now)
		a.leave(v6(uint64(i)), now)
	}
	if len(a.of) > leastAddresses {
		t.Errorf("%d addresses are kept, of which 21 could not be forgotten", len(a.of))
	}
	for range 300 {
		a.enter(flood, now)
	}
	if wait, _ := a.enter(flood, now); wait == 0 {
		t.Error("a crowd made a flood forgotten")
	}
	for i := range uint64(4 * mostAddresses) { // all at the same instant: none may be forgotten yet
		a.enter(v6(1<<40+i), now)
		a.leave(v6(1<<40+i), now)
		if len(a.of) > mostAddresses+leastAddresses {
			t.Fatalf("%d addresses are kept", len(a.of))
		}
	}
}

func v6(network uint64) netip.Addr {
	b := [16]byte{0: 0x20, 15: 1}
	binary.BigEndian.PutUint32(b[4:], uint32(network))
	binary.BigEndian.PutUint16(b[2:], uint16(network>>32))
	return netip.AddrFrom16(b)
}

func TestShortened(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "": "unknown", "pipe": "unknown",
	} {
		if got := shortened(address); got != want {
			t.Errorf("%q is logged as %q, want %q", address, got, want)
		}
	}
}

// FuzzForwarded: whatever stands in X-Forwarded-For, who is not behind a trusted proxy is who the connection comes from,
// and nobody becomes an address that no trusted hop has written.
func FuzzForwarded(f *testing.F) {
	f.Add("127.0.0.1", "192.0.2.1", "")
	f.Add("127.0.0.1", "198.51.100.9, 10.1.1.1", "nonsense")
	f.Add("192.0.2.7", "198.51.100.9", "198.51.100.9")
	f.Add("127.0.0.1", "192.0.2.1:4711", "[2001:db8::1]:80,127.0.0.1")
	f.Add("::1", ",,fe80::1%eth0", " ,\t")
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, from, one, two string) {
		peer, err := netip.ParseAddr(from)
		if err != nil {
			return
		}
		got := forwarded(peer, []string{one, two}, trusted)
		if !within(peer, trusted) && got != peer {
			t.Errorf("%s became %s without a trusted proxy", peer, got)
		}
		if !got.IsValid() || got != peer && got.Zone() != "" {
			t.Errorf("%q, %q: %s", one, two, got)
		}
		// What the client writes before its proxy's own line changes nothing, once that names a stranger.
		if last := forwarded(peer, []string{two}, trusted); !within(last, trusted) && got != last {
			t.Errorf("%q before %q made %s of %s", one, two, got, last)
		}
		addressKey(got)
	})
}
