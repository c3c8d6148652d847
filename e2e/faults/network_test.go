//go:build linux

package faults

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// network is a proxy on the way to a server that does what networks do. To be
// well again takes another one: toxiproxy may hang where a toxic is taken away
// while a connection ends.
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
	t.Cleanup(n.stop)
	return n
}

func (n *network) socket() string { return "ws://" + n.proxy.Listen + "/socket" }

// stop cuts all connections.
func (n *network) stop() { n.proxy.Stop() }

// suffer lets a toxic work on one direction: "upstream" is to the server.
func (n *network) suffer(kind, direction string, attributes object) {
	n.t.Helper()
	toxic, err := json.Marshal(object{"name": kind + " " + direction, "type": kind, "stream": direction, "attributes": attributes})
	if err == nil {
		_, err = n.proxy.Toxics.AddToxicJson(bytes.NewReader(toxic))
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// toxics are what may be wrong with a network. Times are in milliseconds, sizes
// in bytes, the rate in KB a second.
var toxics = []struct {
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
	{"limit_data", func() object { return object{"bytes": 1000 + rand.IntN(9000)} }},
}

// flakyNetwork puts each client behind a network of its own, another one again
// and again; one is near the server and sees how it should be.
func flakyNetwork(t *testing.T, l *ledger) {
	s := serve(t, "--heartbeat", "2s")
	w := newLoad(l)
	w.add(1, s.socket(), "general", 1, func(c *client) { c.pause = 5 * time.Millisecond })
	far := w.add(4, s.socket(), "general", 4, func(c *client) { c.changes = true })
	w.until(20)
	for round := range times(12, 3000) {
		var networks []*network
		for _, c := range far {
			n := newNetwork(t, s)
			networks = append(networks, n)
			toxic := toxics[rand.IntN(len(toxics))]
			for _, direction := range []string{"upstream", "downstream"} {
				if rand.IntN(3) > 0 {
					n.suffer(toxic.kind, direction, toxic.attributes())
				}
			}
			c.socket.Store(n.socket())
			c.cut()
		}
		for range 10 { // what is on its way may arrive, its answer does not
			time.Sleep(time.Duration(10+rand.IntN(60)) * time.Millisecond)
			w.clients[rand.IntN(len(w.clients))].cut()
		}
		for _, n := range networks {
			n.stop()
		}
		if l.isBroken() {
			break
		}
		l.progress(round + 1)
	}
	for _, c := range far {
		c.socket.Store(s.socket())
	}
	w.until(20)
	w.settle(s.socket())
}
