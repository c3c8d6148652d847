//go:build linux && !planted

package faults

// tags are what programs are built with besides their own.
const tags = ""
