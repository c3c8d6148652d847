package main

import (
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"parley/gateway"
	"parley/protocol"
)

// TestLimitFlags: the help says what the defaults are, each flag reaches its
// limit, and off takes all of them away.
func TestLimitFlags(t *testing.T) {
	defaults := reflect.ValueOf(protocol.DefaultRates())
	var flags limitFlags
	v := reflect.ValueOf(&flags).Elem()
	set := protocol.Rate{PerSecond: 7, Burst: 77}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		told := regexp.MustCompile(`Default: (\S+)\.$`).FindStringSubmatch(f.Tag.Get("help"))
		if f.Type != reflect.TypeFor[protocol.Rate]() {
			if f.Name == "AddressOpen" && told[1] != strconv.Itoa(protocol.DefaultRates().AddressOpen) {
				t.Errorf("%s: told %q", f.Name, told[1])
			}
			continue
		}
		var said protocol.Rate
		if told == nil || said.UnmarshalText([]byte(told[1])) != nil || said != defaults.FieldByName(f.Name).Interface() {
			t.Errorf("%s: the help says %q, the default is %v", f.Name, told, defaults.FieldByName(f.Name))
		}
		v.Field(i).Set(reflect.ValueOf(set))
		if got := reflect.ValueOf(*flags.rates()).FieldByName(f.Name).Interface(); got != set {
			t.Errorf("%s: the flag set %v", f.Name, got)
		}
	}
	flags.TrustedProxies, flags.MaxConnections = "127.0.0.1, 10.1.2.3/8,::1", 9
	o, err := flags.gateway(gateway.Options{})
	if err != nil || o.AddressConnects != gateway.Rate(set) || o.Connects != gateway.Rate(set) || o.AddressSockets != 2000 || o.MaxConnections != 9 {
		t.Errorf("%+v, %v", o, err)
	}
	if got := o.TrustedProxies; len(got) != 3 || got[0].String() != "127.0.0.1/32" || got[1].String() != "10.0.0.0/8" || got[2].String() != "::1/128" {
		t.Errorf("trusted are %v", got)
	}
	flags.RateLimits = "off"
	if o, err = flags.gateway(gateway.Options{}); err != nil || flags.rates() != nil || o.AddressConnects != (gateway.Rate{}) || o.AddressSockets != 0 || o.MaxConnections != 9 {
		t.Errorf("off: %+v, %v", o, err)
	}
	for _, wrong := range []string{"nonsense", "10.0.0.0/33", "example.com", "::ffff:10.0.0.0/104"} {
		flags.TrustedProxies = wrong
		if _, err := flags.proxies(); err == nil {
			t.Errorf("%q was taken for a network", wrong)
		}
	}
}
