package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley/gateway"
)

// eachEngine is onEngines for benchmarks.
func eachEngine(b *testing.B, benchmark func(b *testing.B)) {
	for _, engine := range engines() {
		b.Run("engine="+string(engine), benchmark)
	}
}

// BenchmarkPost counts deliveries: one frame of 120 bytes reaching one of n connections, whose clients take all.
// A joined post carries 32 frames in one write.
//
//	go test -run '^$' -bench Post ./gateway
func BenchmarkPost(b *testing.B) { eachEngine(b, benchmarkPost) }

func benchmarkPost(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		for _, joined := range []int{1, 32} {
			b.Run(fmt.Sprintf("connections=%d/joined=%d", n, joined), func(b *testing.B) {
				s := start(b, gateway.Options{MaxQueueBytes: 64 << 20}, newHandler(), nil)
				ids := make([]string, n)
				var read atomic.Int64 // bytes, by the first connection
				for i := range ids {
					var c *client
					c, ids[i] = s.open()
					if i == 0 {
						go io.Copy(counter{&read}, c.Conn)
					} else {
						go io.Copy(io.Discard, c.Conn)
					}
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
					for int64(posts*joined*120)-read.Load() > 16<<20 { // flat out a reader falls behind; that is not what is timed
						runtime.Gosched()
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(posts*n*joined), "ns/delivery")
			})
		}
	}
}

// counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// BenchmarkRoundTrip is one message of one client: read, handled, posted back, taken.
func BenchmarkRoundTrip(b *testing.B) { eachEngine(b, benchmarkRoundTrip) }

func benchmarkRoundTrip(b *testing.B) {
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

// BenchmarkManagement is a function's fan-out: one text posted over the @connections API to 1,000 connections, on 200
// that are kept alive, the caller's part included.
func BenchmarkManagement(b *testing.B) {
	const recipients, width = 1000, 200
	s := start(b, gateway.Options{Stage: "live"}, newHandler(), nil)
	paths := make(chan string, recipients)
	var all []string
	for range recipients {
		c, id := s.open()
		go io.Copy(io.Discard, c.Conn)
		all = append(all, "/live/@connections/"+strings.ReplaceAll(id, "=", "%3D"))
	}
	management := httptest.NewServer(s.Management())
	defer management.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: width}
	defer transport.CloseIdleConnections()
	text := strings.Repeat("x", 120)
	var posted sync.WaitGroup
	for range width {
		go func() {
			for path := range paths {
				r, _ := http.NewRequest("POST", management.URL+path, strings.NewReader(text))
				if resp, err := transport.RoundTrip(r); err != nil || resp.StatusCode != 200 {
					b.Errorf("%v, error %v", resp, err)
				} else {
					resp.Body.Close()
				}
				posted.Done()
			}
		}()
	}
	defer close(paths)
	for b.Loop() {
		posted.Add(recipients)
		for _, path := range all {
			paths <- path
		}
		posted.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*recipients), "ns/post")
}

// BenchmarkConnect is a handshake and a clean close, the client's part included.
func BenchmarkConnect(b *testing.B) { eachEngine(b, benchmarkConnect) }

func benchmarkConnect(b *testing.B) {
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
