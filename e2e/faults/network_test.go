package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// network is a proxy on the way to a server that does what networks do.
type network struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

func newNetwork(t testing.TB, s *server) *network {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &network{t, toxiproxy.NewProxy(api, t.Name(), "127.0.0.1:0", s.host)}
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	return n
}

func (n *network) socket() string { return "ws://" + n.proxy.Listen + "/socket" }

// suffer lets a toxic work on one direction: "upstream" is to the server.
func (n *network) suffer(kind, direction string, attributes object) (relieve func()) {
	n.t.Helper()
	name := kind + " " + direction
	toxic, err := json.Marshal(object{"name": name, "type": kind, "stream": direction, "attributes": attributes})
	if err == nil {
		_, err = n.proxy.Toxics.AddToxicJson(bytes.NewReader(toxic))
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return func() { n.proxy.Toxics.RemoveToxic(context.Background(), name) }
}

// flakyNetwork puts each client behind a network with faults of its own, which
// change all the time; one is near the server and sees how it should be.
func flakyNetwork(t *testing.T, l *ledger) {
	s := serve(t, "--heartbeat", "2s")
	w := newLoad(l)
	w.add(1, s.socket(), "general", 1, func(c *client) { c.pause = 5 * time.Millisecond })
	toxics := []struct {
		kind       string
		attributes func() object
	}{
		{"latency", func() object { return object{"latency": rand.IntN(60), "jitter": rand.IntN(60)} }},
		{"slicer", func() object {
			return object{"average_size": 1 + rand.IntN(40), "size_variation": 1, "delay": rand.IntN(300)}
		}},
		{"bandwidth", func() object { return object{"rate": 4 + rand.IntN(60)} }},
		{"reset_peer", func() object { return object{"timeout": 40 + rand.IntN(200)} }},
		{"timeout", func() object { return object{"timeout": 50 + rand.IntN(250)} }},
		{"limit_data", func() object { return object{"bytes": 300 + rand.IntN(4000)} }},
	}
	var networks []*network
	for range 4 {
		n := newNetwork(t, s)
		networks = append(networks, n)
		w.add(1, n.socket(), "general", 1, nil)
	}
	w.until(20)
	for round := range times(12, 3000) {
		var relieve []func()
		for _, n := range networks {
			toxic := toxics[rand.IntN(len(toxics))]
			for _, direction := range []string{"upstream", "downstream"} {
				if rand.IntN(3) > 0 {
					relieve = append(relieve, n.suffer(toxic.kind, direction, toxic.attributes()))
				}
			}
		}
		time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
		for _, r := range relieve {
			r()
		}
		time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond)
		if l.isBroken() {
			break
		}
		l.progress(round + 1)
	}
	w.until(20)
	w.settle(s.socket())
}
