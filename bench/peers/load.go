//go:build linux

package main

import "time"

// load is what a case puts on a server.
type load struct {
	name        string
	connections int           // in one room, publishers among them
	publishers  int           // 0: nobody says anything
	outstanding int           // messages that each publisher keeps on their way
	rate        int           // messages a second of all publishers, by the clock; 0: as many as outstanding allows
	settle      time.Duration // of silence before memory is read
}

// loads are those of the table in docs/performance.md, as parley bench has them.
var loads = map[string]load{
	"fanout":     {connections: 1000, publishers: 1, outstanding: 32},
	"publishers": {connections: 1000, publishers: 4, outstanding: 1},
	"large":      {connections: 5000, publishers: 1, outstanding: 32},
	"paced":      {connections: 1000, publishers: 4, rate: 20},
	"idle":       {connections: 10_000, settle: 5 * time.Second},
}

// result is what one measurement found.
type result struct {
	Case       string  `json:"case"`
	Peer       string  `json:"peer"`
	Deliveries uint64  `json:"deliveries"`
	Lost       int64   `json:"lost"`                                 // negative: so many too many
	CPU        float64 `json:"serverCpuSecondsPerMillion,omitzero"`  // deliveries
	P50        float64 `json:"p50Millis,omitzero"`                   // from sending to delivery
	P99        float64 `json:"p99Millis,omitzero"`                   //
	Accept     float64 `json:"serverCpuMicrosPerHandshake,omitzero"` // up to 64 under way
	Bytes      float64 `json:"bytesPerConnection,omitzero"`          // of the server's own memory, idle and in the room
}
