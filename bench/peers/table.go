//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
)

// table is Markdown: for each figure of each case a row, with the median of each
// peer, and the least and the most.
func table(results []result) string {
	var cases, who []string
	for _, r := range results {
		if !slices.Contains(cases, r.Case) {
			cases = append(cases, r.Case)
		}
		if !slices.Contains(who, r.Peer) {
			who = append(who, r.Peer)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(who, " | "), strings.Repeat("---|", len(who)))
	for _, name := range cases {
		for _, figure := range []struct {
			name string
			of   func(result) float64
		}{
			{"CPU s per million deliveries", func(r result) float64 { return r.CPU }},
			{"p50, ms", func(r result) float64 { return r.P50 }},
			{"p99, ms", func(r result) float64 { return r.P99 }},
			{"deliveries lost", func(r result) float64 { return float64(r.Lost) }},
			{"CPU µs per handshake", func(r result) float64 { return r.Accept }},
			{"bytes per idle connection", func(r result) float64 { return r.Bytes }},
		} {
			if idle := loads[name].publishers == 0; idle != (figure.name == "bytes per idle connection" || figure.name == "CPU µs per handshake") {
				continue
			}
			fmt.Fprintf(&b, "| %s: %s |", name, figure.name)
			for _, p := range who {
				var all []float64
				for _, r := range results {
					if r.Case == name && r.Peer == p {
						all = append(all, figure.of(r))
					}
				}
				fmt.Fprintf(&b, " %s |", spread(all))
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// spread is a median with its range.
func spread(all []float64) string {
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	median := (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	return fmt.Sprintf("%.3g (%.3g to %.3g)", median, all[0], all[len(all)-1])
}
