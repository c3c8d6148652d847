package bench

import "time"

// Report is what came of a run. What could not be known is null: the server's CPU
// time and memory, where it is no process of this machine.
type Report struct {
	Connections int     `json:"connections"`
	Rooms       int     `json:"rooms"`
	Publishers  int     `json:"publishers"`
	Outstanding int     `json:"outstanding,omitzero"` // messages that each publisher keeps on their way
	Rate        float64 `json:"rate,omitzero"`        // messages a second, where they go by the clock
	TextBytes   int     `json:"textBytes"`
	Stalled     int     `json:"stalled"`
	Server      string  `json:"server"` // name and version, as it says
	Interrupted bool    `json:"interrupted"`

	Connect *Opening `json:"connect"` // TCP and WebSocket handshakes
	Enter   *Opening `json:"enter"`   // hello under a name, into one room: each one is stored
	Idle    *Idle    `json:"idle"`
	Talk    *Talk    `json:"talk"`
	Storm   *Opening `json:"storm"` // connections opened, and closed with both close frames

	Faults Faults `json:"faults"`

	GeneratorCPU *float64 `json:"generatorCpuSeconds"` // this program's, of the whole run
}

// Opening is many connections doing the same thing, up to 64 at a time.
type Opening struct {
	Count     int      `json:"count"`
	Seconds   float64  `json:"seconds"`
	PerSecond float64  `json:"perSecond"`
	ServerCPU *float64 `json:"serverCpuMicros"` // for each one
}

// Idle is a server with connections that say nothing.
type Idle struct {
	BaseBytes  *int64   `json:"baseBytes"`      // its own resident memory, without its program's, before the first connection
	Connected  *float64 `json:"connectedBytes"` // grown by, for each connection that has not said hello
	Member     *float64 `json:"memberBytes"`    // grown by, for each that is a person in a room
	Seconds    float64  `json:"seconds"`        // of silence
	CPUPerMill *float64 `json:"serverCpuMillisPerSecond"`
}

// Talk is the measured time. CPU time and deliveries are counted from its start
// until the last message has reached everybody.
type Talk struct {
	Seconds             float64  `json:"seconds"`
	Messages            uint64   `json:"messages"` // acknowledged: the sender's own copy came back
	MessagesPerSecond   float64  `json:"messagesPerSecond"`
	Deliveries          uint64   `json:"deliveries"` // of a message to one connection
	DeliveriesPerSecond float64  `json:"deliveriesPerSecond"`
	BytesPerDelivery    float64  `json:"bytesPerDelivery"` // of the event, without TCP's and WebSocket's headers
	PerRead             float64  `json:"deliveriesPerRead"`
	ServerCPU           *float64 `json:"serverCpuSecondsPerMillion"`    // deliveries
	GeneratorCPU        *float64 `json:"generatorCpuSecondsPerMillion"` // deliveries
	Latency             Latency  `json:"latency"`
}

// Latency is the time from sending a message to reading it, of every delivery.
// By the clock, a message counts from when it should have been sent.
type Latency struct {
	P50  float64 `json:"p50Millis"`
	P99  float64 `json:"p99Millis"`
	P999 float64 `json:"p999Millis"`
	Max  float64 `json:"maxMillis"`
}

// Faults are counted exactly, of the whole run: by each room's sequence at each
// connection, and by each publisher's own count in its copies.
type Faults struct {
	Lost           uint64 `json:"lost"`           // deliveries: what another member of the room got and this one did not
	Doubled        uint64 `json:"doubled"`        // deliveries: the same sequence again
	OutOfOrder     uint64 `json:"outOfOrder"`     // deliveries: after one with a higher sequence
	Unacknowledged uint64 `json:"unacknowledged"` // messages: sent, and neither their copy nor an error came back
	Repeated       uint64 `json:"repeated"`       // messages: one sent once came back again, under another sequence
	Refused        uint64 `json:"refused"`        // answered by an error
	Ended          uint64 `json:"ended"`          // connections that the server ended, those of stalled readers apart
	First          string `json:"first,omitzero"` // what the server said to the first that was refused or ended

	StalledEnded int `json:"stalledEnded"` // stalled readers that the server has ended; no fault
}

// Any tells whether anything went wrong.
func (f *Faults) Any() bool {
	return f.Lost+f.Doubled+f.OutOfOrder+f.Unacknowledged+f.Repeated+f.Refused+f.Ended > 0
}

func latencyOf(h *histogram) Latency {
	millis := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return Latency{P50: millis(h.quantile(0.5)), P99: millis(h.quantile(0.99)), P999: millis(h.quantile(0.999)), Max: millis(h.max)}
}
