package chat_test

import (
	"testing"

	"parley/chat"
)

func TestAddressKey(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"127.0.0.1": "", "127.3.2.1": "", "::1": "", "::ffff:127.0.0.1": "",
		"": "", "nobody": "", "192.0.2.7:80": "",
	} {
		if got := chat.AddressKey(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
