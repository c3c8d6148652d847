//go:build linux && !race

package faults

// slower is how many times slower the store is in this process, roughly.
const slower = 1
