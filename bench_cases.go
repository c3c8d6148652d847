package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"parley/bench"
)

// benchRun is one measurement.
type benchRun struct {
	name    string // of its case
	options bench.Options
}

// benchCases are what docs/performance.md has figures of. A case of several runs
// compares them with its first.
var benchCases = map[string][]bench.Options{
	"fanout":     {{Connections: 1000, Publishers: 1, Outstanding: 32}},
	"publishers": {{Connections: 1000, Publishers: 4, Outstanding: 1}},
	"large":      {{Connections: 5000, Publishers: 1, Outstanding: 32}},
	"paced":      {{Connections: 1000, Publishers: 10, Rate: 20}},
	"idle":       {{Connections: 10_000, Settle: 3 * time.Second}}, // garbage is collected, freed pages go back
	"accept":     {{Connections: 64, Storm: true}},
	"rooms": {
		{Connections: 10_000, Publishers: 1, Outstanding: 1},
		{Connections: 10_000, Rooms: 1000, Publishers: 1000, Outstanding: 1},
	},
}

func caseNames() []string { return slices.Sorted(maps.Keys(benchCases)) }

// about says in a sentence what a run does.
func about(o bench.Options) string {
	if o.Storm {
		return fmt.Sprintf("%s connections at a time are opened and closed, for %s", grouped(o.Connections), o.Duration)
	}
	rooms := "one room"
	if o.Rooms > 1 {
		rooms = fmt.Sprintf("%s rooms", grouped(o.Rooms))
	}
	s := fmt.Sprintf("%s connections in %s", grouped(o.Connections), rooms)
	if o.Stalled > 0 {
		s += fmt.Sprintf(", and %s that read nothing", grouped(o.Stalled))
	}
	each := ""
	if o.Publishers > 1 {
		each = " each"
	}
	switch {
	case o.Publishers == 0:
		return fmt.Sprintf("%s say nothing, for %s", s, o.Duration)
	case o.Rate > 0:
		return fmt.Sprintf("%s; %s of them say %g messages a second together, for %s", s, grouped(o.Publishers), o.Rate, o.Duration)
	case o.Outstanding > 1:
		return fmt.Sprintf("%s; %s of them %s %s messages on their way%s, for %s", s, grouped(o.Publishers), keeps(o.Publishers), grouped(o.Outstanding), each, o.Duration)
	}
	return fmt.Sprintf("%s; %s of them %s one message on its way%s, for %s", s, grouped(o.Publishers), keeps(o.Publishers), each, o.Duration)
}

func keeps(n int) string {
	if n == 1 {
		return "keeps"
	}
	return "keep"
}
