package runtimeapi_test

import (
	"log/slog"
	"testing"

	"parley/runtimeapi"
)

// BenchmarkInvoke is what a Lambda invocation costs here beyond the function's own work, with AWS's library in the
// function; and a process start to its first poll and answer.
//
//	go test -run '^$' -bench Invoke ./runtimeapi
func BenchmarkInvoke(b *testing.B) {
	quiet := slog.New(slog.DiscardHandler)
	b.Run("warm", func(b *testing.B) {
		f, _ := function(b, "library", runtimeapi.FunctionOptions{Logger: quiet})
		must(b, f, `"hello"`)
		for b.Loop() {
			must(b, f, `"hello"`)
		}
	})
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			f, _ := function(b, "library", runtimeapi.FunctionOptions{Logger: quiet})
			must(b, f, `"hello"`)
			f.Close()
		}
	})
}
