package protocol_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/protocol"
)

func TestRateText(t *testing.T) {
	for text, want := range map[string]protocol.Rate{
		"5/s":       {PerSecond: 5, Burst: 5},
		"5/s:10":    {PerSecond: 5, Burst: 10},
		"300/m:100": protocol.Per(300, time.Minute, 100),
		"0.5/m":     protocol.Per(0.5, time.Minute, 1),
		"36/h":      {PerSecond: 0.01, Burst: 36},
		"off":       protocol.Unlimited,
	} {
		var got protocol.Rate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "5/", "/s", "0/s", "-1/s", "5/d", "NaN/s", "Inf/s", "1e10/s", "5/s:", "5/s:0", "5/s:x", "5/s:1:2", "OFF", "5 /s", "5/s:NaN"} {
		r := protocol.Rate{PerSecond: 7}
		if err := r.UnmarshalText([]byte(text)); err == nil || r.PerSecond != 7 {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}

// TestRatesWithDefaults: each field has a default, and keeps what it was given.
func TestRatesWithDefaults(t *testing.T) {
	if got := (protocol.Rates{}).WithDefaults(); got != protocol.DefaultRates() {
		t.Errorf("%+v", got)
	}
	own := protocol.Rate{PerSecond: 1, Burst: 2}
	all := protocol.Rates{Messages: own, Actions: own, Bytes: own, Names: own, NewRooms: own, Room: own, RoomBytes: own,
		AddressConnects: own, AddressErasures: own, Connects: own, AddressOpen: -1, Refusals: 3}
	if got := all.WithDefaults(); got != all {
		t.Errorf("%+v", got)
	}
}

// TestSpecificationOfRates: the specification tells the rates of the program.
func TestSpecificationOfRates(t *testing.T) {
	specified := readSpec(t).at(t, "info", "x-rates").(map[string]any)
	rates := reflect.ValueOf(protocol.DefaultRates())
	for i := range rates.NumField() {
		want, isRate := rates.Field(i).Interface().(protocol.Rate)
		if !isRate {
			continue
		}
		name := rates.Type().Field(i).Name
		name = strings.ToLower(name[:1]) + name[1:]
		told, _ := specified[name].(map[string]any)
		text, _ := told["rate"].(string)
		var got protocol.Rate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: the specification says %q, %v; the program has %+v", name, text, err, want)
		}
		delete(specified, name)
	}
	for name := range specified {
		t.Errorf("the program has no rate %s", name)
	}
}
