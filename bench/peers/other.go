//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "peers: this needs Linux: it keeps the server on one core and the generator on another")
	os.Exit(1)
}
