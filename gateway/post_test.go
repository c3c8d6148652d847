package gateway_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/gateway"
)

func texts(s ...string) (b [][]byte) {
	for _, t := range s {
		b = append(b, []byte(t))
	}
	return b
}

func TestPost(t *testing.T) { onEngines(t, testPost) }

func testPost(t *testing.T) {
	for _, transport := range transportsOf(t) {
		t.Run(transport.name, func(t *testing.T) {
			s := start(t, gateway.Options{MaxQueueBytes: 64 << 20}, newHandler(), transport.listen)
			t.Run("tells who is gone, in order", func(t *testing.T) {
				a, idA := s.in(t).open()
				b, idB := s.in(t).open()
				b.send(bye(1000, ""))
				b.wantClose(1000)
				b.Close()
				receive(t, s.handler.disconnected)
				lost, err := s.Post(t.Context(), texts("x"), []string{"never", idA, idB, ""})
				if want := []string{"never", idB, ""}; err != nil || !slices.Equal(lost, want) {
					t.Errorf("gone %q, error %v; want %q", lost, err, want)
				}
				a.want(text, "x")
			})
			t.Run("frames of all lengths, several at once", func(t *testing.T) {
				c, id := s.in(t).open()
				all := texts("", strings.Repeat("a", 125), strings.Repeat("b", 126), strings.Repeat("c", 1<<16-1), strings.Repeat("d", 1<<16), strings.Repeat("e", 3<<20), "end")
				if lost, err := s.Post(t.Context(), all, []string{id}); lost != nil || err != nil {
					t.Fatalf("gone %v, error %v", lost, err)
				}
				for _, want := range all {
					c.want(text, string(want))
				}
			})
			t.Run("posts of one goroutine arrive in order, those of several whole", func(t *testing.T) {
				const posters, posts = 8, 500
				readers := make([]*client, 4)
				ids := make([]string, 4)
				for i := range readers {
					readers[i], ids[i] = s.in(t).open()
				}
				padding := strings.Repeat("-", 5000) // 20 MB to each, more than the kernel takes at once
				for p := range posters {
					go func() {
						for i := range posts {
							s.Post(context.Background(), texts(fmt.Sprintf("%d %d %s", p, i, padding)), ids)
						}
					}()
				}
				var all sync.WaitGroup
				for _, c := range readers {
					all.Go(func() {
						var next [posters]int
						for range posters * posts {
							_, got, err := c.frame()
							if err != nil {
								t.Error(err)
								return
							}
							fields := strings.Fields(got)
							p, _ := strconv.Atoi(fields[0])
							if i, _ := strconv.Atoi(fields[1]); i != next[p] || len(fields[2]) != len(padding) {
								t.Errorf("got post %d of poster %d, want %d", i, p, next[p])
								return
							}
							next[p]++
						}
					})
				}
				all.Wait()
			})
		})
	}
}

func TestSlowReader(t *testing.T) { onEngines(t, testSlowReader) }

func testSlowReader(t *testing.T) {
	for _, transport := range transportsOf(t) {
		t.Run(transport.name, func(t *testing.T) {
			const limit = 256 << 10
			var logged strings.Builder
			h := newHandler()
			s := start(t, gateway.Options{
				MaxQueueBytes: limit,
				Farewell:      func(code int) []byte { return fmt.Appendf(nil, "farewell %d", code) },
				Logger:        slog.New(slog.NewTextHandler(&logged, nil)),
			}, h, transport.listen)
			slow, slowID := s.open()
			quick, quickID := s.open()

			// The quick one reads all; the slow one nothing, until it is given up.
			message := func(i int) string { return fmt.Sprintf("%07d%s", i, strings.Repeat("x", 20000-7)) }
			before := heap()
			sent, longest := 0, time.Duration(0)
			for gone := false; !gone && sent < 2000; sent++ {
				began := time.Now()
				lost, err := s.Post(t.Context(), texts(message(sent)), []string{slowID, quickID})
				longest = max(longest, time.Since(began))
				if err != nil {
					t.Fatal(err)
				}
				gone = slices.Equal(lost, []string{slowID})
				quick.want(text, message(sent))
			}
			if sent == 2000 {
				t.Fatal("never given up")
			}
			if grown := heap() - before; grown > 4*limit {
				t.Errorf("heap grew by %d bytes, limit of what waits is %d", grown, limit)
			}
			t.Logf("given up after %d messages of 20 kB; longest Post %v", sent, longest)
			if lost, _ := s.Post(t.Context(), texts("x"), []string{slowID}); len(lost) == 0 {
				t.Error("not gone after it was given up")
			}

			// It sees whole messages without a hole, then why, then the close.
			for i := 0; ; i++ {
				op, got, err := slow.frame()
				if err != nil || op != text {
					t.Fatalf("frame %x %.40q, error %v; want messages and the farewell", op, got, err)
				}
				if got == "farewell 4008" {
					break
				}
				if got != message(i) || i >= sent {
					t.Fatalf("message %d: %.7s", i, got)
				}
			}
			slow.wantClose(4008)
			slow.send(bye(4008, ""))
			slow.Close()
			if got := receive(t, h.disconnected); got != slowID {
				t.Errorf("%s disconnected, want %s", got, slowID)
			}
			if strings.Contains(logged.String(), "xxxx") {
				t.Error("a message's text was logged")
			}
		})
	}
	t.Run("that never reads again is cut", func(t *testing.T) {
		h := newHandler()
		s := start(t, gateway.Options{MaxQueueBytes: 1 << 10, FarewellTimeout: 50 * time.Millisecond}, h, nil)
		c, id := s.open()
		c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		for lost := []string(nil); lost == nil; {
			lost, _ = s.Post(t.Context(), texts(strings.Repeat("x", 100_000)), []string{id})
		}
		receive(t, h.disconnected)
	})
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("when too much waits in all the slowest goes first; kept otherwise: %t", keep), func(t *testing.T) {
			s := start(t, gateway.Options{MaxQueueBytes: 1 << 30, MaxQueuedBytes: 64 << 20, KeepSlowReaders: keep}, newHandler(), nil)
			megabyte := texts(strings.Repeat("x", 1<<20))
			var clients []*client
			var ids []string
			for _, megabytes := range []int{20, 45, 0} {
				c, id := s.open()
				clients, ids = append(clients, c), append(ids, id)
				for range megabytes {
					if lost, _ := s.Post(t.Context(), megabyte, []string{id}); lost != nil {
						t.Fatal("gone before the limit")
					}
				}
			}
			var lost []string
			for n := 0; lost == nil && n < 40; n++ { // the kernels hold some of it
				s.Post(t.Context(), megabyte, ids[2:])
				lost, _ = s.Post(t.Context(), texts("y"), ids)
			}
			if !slices.Equal(lost, ids[1:2]) {
				t.Fatalf("gone %q, want only the slowest, %s", lost, ids[1])
			}
			for {
				op, _, err := clients[1].frame()
				if err != nil {
					t.Fatal(err)
				}
				if op == closing {
					break
				}
			}
			for range 20 {
				clients[0].want(text, strings.Repeat("x", 1<<20))
			}
			clients[0].want(text, "y")
		})
	}
	// A client that takes nothing could have its queue kept for ever by a word now and then.
	for _, keep := range []bool{false, true} {
		inBubble(t, fmt.Sprintf("that takes nothing but speaks is closed after 10 s, unless it is kept: %t", keep), func(t *testing.T) {
			h := newHandler()
			s := startPipes(t, gateway.Options{KeepSlowReaders: keep}, h, nil)
			c, id := s.open()
			c.SetDeadline(time.Time{})
			began := time.Now()
			s.Post(t.Context(), texts(strings.Repeat("x", 32<<10), "y"), []string{id})
			gone := time.Duration(0)
			for gone == 0 && time.Since(began) < time.Minute {
				time.Sleep(time.Second)
				c.send(masked(final|ping, ""), say("z"))
				if lost, _ := s.Post(t.Context(), texts("y"), []string{id}); lost != nil {
					gone = time.Since(began)
				}
			}
			if keep {
				if gone != 0 {
					t.Errorf("gone after %v", gone)
				}
				return
			}
			if gone < 10*time.Second || gone > 12*time.Second {
				t.Errorf("gone after %v, want 10 s", gone)
			}
			c.want(text, strings.Repeat("x", 32<<10)) // it had begun
			c.wantClose(4008)
		})
	}
	t.Run("that only pings costs no memory", func(t *testing.T) {
		s := start(t, gateway.Options{MaxQueueBytes: 64 << 20}, newHandler(), nil)
		c, id := s.open()
		s.Post(t.Context(), texts(strings.Repeat("x", 32<<20)), []string{id}) // more than the kernel takes
		before := heap()
		const pings = 1000 // so many cost the connection
		c.send(slices.Repeat(masked(final|ping, strings.Repeat("p", 125)), pings))
		grown := heap() - before
		for end := time.Now().Add(patience); grown > 1<<20 && time.Now().Before(end); grown = heap() - before {
			time.Sleep(10 * time.Millisecond) // they are still being read
		}
		if grown > 1<<20 {
			t.Errorf("heap grew by %d bytes in %d pings", grown, pings)
		}
		c.want(text, strings.Repeat("x", 32<<20))
		c.wantClose(1008)
	})
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestPostMany(t *testing.T) { onEngines(t, testPostMany) }

func testPostMany(t *testing.T) {
	h := newHandler()
	s := start(t, gateway.Options{}, h, nil)
	const n = 200
	var ids []string
	var clients []*client
	for range n {
		c, id := s.open()
		clients, ids = append(clients, c), append(ids, id)
	}
	for i := range n / 2 { // half of them vanish while posts go on
		go clients[i].Close()
	}
	for i := range 100 {
		s.Post(t.Context(), texts(fmt.Sprint(i)), ids)
	}
	for _, c := range clients[n/2:] {
		for i := range 100 {
			c.want(text, fmt.Sprint(i))
		}
	}
	gone := map[string]bool{}
	for range n / 2 {
		gone[receive(t, h.disconnected)] = true
	}
	for i, id := range ids {
		if gone[id] != (i < n/2) {
			t.Errorf("connection %d: disconnected %t", i, gone[id])
		}
	}
}
