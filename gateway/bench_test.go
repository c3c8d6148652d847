package gateway_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"parley/gateway"
)

// BenchmarkPost counts deliveries: one frame of 120 bytes reaching one of n connections, whose clients take all.
// A joined post carries 32 frames in one write.
//
//	go test -run '^$' -bench Post ./gateway
func BenchmarkPost(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		for _, joined := range []int{1, 32} {
			b.Run(fmt.Sprintf("connections=%d/joined=%d", n, joined), func(b *testing.B) {
				s := start(b, gateway.Options{MaxQueueBytes: 64 << 20}, newHandler(), nil)
				ids := make([]string, n)
				for i := range ids {
					var c *client
					c, ids[i] = s.open()
					go io.Copy(io.Discard, c.Conn)
				}
				frames := make([][]byte, joined)
				for i := range frames {
					frames[i] = []byte(strings.Repeat("x", 120))
				}
				b.ReportAllocs()
				posts := 0
				for b.Loop() {
					if lost, err := s.Post(context.Background(), frames, ids); lost != nil || err != nil {
						b.Fatal(lost, err)
					}
					posts++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(posts*n*joined), "ns/delivery")
			})
		}
	}
}

// BenchmarkRoundTrip is one message of one client: read, handled, posted back, taken.
func BenchmarkRoundTrip(b *testing.B) {
	s := start(b, gateway.Options{}, newHandler(), nil)
	s.handler.onAction = func(ctx context.Context, id string, frames ...[]byte) error {
		<-s.handler.acted
		_, err := s.Post(ctx, frames, []string{id})
		return err
	}
	c, _ := s.open()
	said := say(strings.Repeat("x", 120))
	b.ReportAllocs()
	for b.Loop() {
		c.send(said)
		if _, _, err := c.frame(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConnect is a handshake and a clean close, the client's part included.
func BenchmarkConnect(b *testing.B) {
	s := start(b, gateway.Options{}, newHandler(), nil)
	b.ReportAllocs()
	for b.Loop() {
		c, _ := s.open()
		c.send(bye(1000, ""))
		c.wantClose(1000)
		c.Close()
		<-s.handler.disconnected
	}
}
