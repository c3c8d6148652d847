package chat

import "net/netip"

// AddressKey is what limits and bans know an address by: an IPv4 address whole,
// an IPv6 one by its /64, since that is what one household is given
// (https://www.rfc-editor.org/rfc/rfc6177). Empty: it is no address, or that of this
// machine itself, which is neither limited nor banned.
func AddressKey(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	switch a = a.Unmap(); {
	case a.IsLoopback():
		return ""
	case a.Is4():
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}
