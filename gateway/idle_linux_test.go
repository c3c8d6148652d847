package gateway_test

import (
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"parley/gateway"
)

// BenchmarkIdle is what a silent connection costs: bytes of heap and stack after a collection. The clients are bare
// descriptors, so that nothing of it is theirs.
//
//	go test -run '^$' -bench Idle -benchtime 2000x ./gateway
func BenchmarkIdle(b *testing.B) { eachEngine(b, benchmarkIdle) }

func benchmarkIdle(b *testing.B) {
	h := newHandler()
	s := start(b, gateway.Options{MaxConnections: 20_000}, h, nil)
	request := []byte(strings.Join(append(s.upgrade(), "User-Agent: Mozilla/5.0 (X11; Linux x86_64)"), "\r\n") + "\r\n\r\n")
	address := netip.MustParseAddrPort(s.address)
	descriptors := make([]int, 0, 20_000)
	b.Cleanup(func() {
		for _, fd := range descriptors {
			syscall.Close(fd)
		}
	})
	bare := func() {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			b.Fatal(err)
		}
		descriptors = append(descriptors, fd)
		if err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}); err != nil {
			b.Fatal(err)
		}
		syscall.Write(fd, request)
		receive(b, h.connected)
	}
	bare()
	before := live()
	for b.Loop() {
		bare()
	}
	time.Sleep(10 * time.Millisecond) // the last handshake's worker ends
	b.ReportMetric(float64(live()-before)/float64(b.N), "B/connection")
}

// live is what heap and stacks hold.
func live() int64 {
	runtime.GC()
	runtime.GC() // what pools have kept over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
