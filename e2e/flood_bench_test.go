//go:build linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"parley/protocol"
)

// floodVariable makes the test binary be who floods, from so many connections of
// one address, so that those whom it measures do not share a process with it.
const floodVariable = "PARLEY_E2E_FLOODERS"

const (
	floodRate  = 1000 // messages a second, of all flooders together
	floodTwice = time.Second
	quietPause = 250 * time.Millisecond // between two messages of somebody who is within the limits
)

// serveFlood is the whole process: it floods the address in its first argument
// until its input ends. Whoever is closed comes back after a second.
func serveFlood(connections, socket string) int {
	flooders, err := strconv.Atoi(connections)
	if err != nil || flooders < 1 {
		fmt.Fprintln(os.Stderr, floodVariable, "is a number of connections:", connections)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var all sync.WaitGroup
	for i := range flooders {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				floodAtRate(ctx, socket, fmt.Sprint("Flood ", i, " ", n), time.Duration(flooders)*time.Second/floodRate)
				pause(ctx, floodTwice)
			}
		})
	}
	all.Wait()
	return 0
}

// floodAtRate says a message each period until it is closed.
func floodAtRate(ctx context.Context, socket, name string, period time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ws, err := dialFlood(ctx, socket, fromAddress)
	if err != nil {
		return // 429: this address has come too often
	}
	defer ws.CloseNow()
	go func() {
		defer cancel()
		for { // what it is told
			if _, _, err := ws.Read(ctx); err != nil {
				return
			}
		}
	}()
	if err := sayHello(ctx, ws, name); err != nil {
		return
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for i := 0; sayFlood(ctx, ws, i) == nil; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// BenchmarkFlood is how long a message takes from one person to another, in the
// flooded room and in another, while nobody floods and while somebody does, in
// turns. All limits are the default ones.
func BenchmarkFlood(b *testing.B) {
	for _, flooders := range []int{1, 50} {
		for _, room := range []string{"general", "elsewhere"} {
			b.Run(fmt.Sprintf("connections=%d/room=%s", flooders, room), func(b *testing.B) { benchmarkFlood(b, flooders, room) })
		}
	}
}

func benchmarkFlood(b *testing.B, flooders int, room string) {
	const turn = 64 // messages; about four seconds
	p := startForFlood(b)
	reader := connect(b, p, protocol.Subprotocol)
	reader.send(map[string]any{"type": "hello", "name": "Reader", "rooms": []any{map[string]any{"room": room}}})
	reader.next("joined")
	var quiet [4]*connection
	for i := range quiet {
		quiet[i] = connect(b, p, protocol.Subprotocol)
		quiet[i].send(map[string]any{"type": "hello", "name": fmt.Sprint("Quiet ", i), "rooms": []any{map[string]any{"room": room}}})
		quiet[i].next("joined")
		go drain(b.Context(), quiet[i])
	}
	asked := 0
	ask := func(messages int) (took []time.Duration) {
		for range messages {
			time.Sleep(quietPause / time.Duration(len(quiet)))
			asked++
			begun := time.Now()
			id := fmt.Sprint("q", asked)
			quiet[asked%len(quiet)].send(map[string]any{"type": "message", "room": room, "id": id, "text": "a question"})
			for reader.next("message").ID != id {
			}
			took = append(took, time.Since(begun))
		}
		return took
	}

	ask(turn / 4) // warm
	var calm, flooded []time.Duration
	for left := b.N; left > 0; left -= turn {
		calm = append(calm, ask(min(left, turn))...)
		stop := startFlood(b, p, flooders)
		time.Sleep(floodTwice) // it is under way
		flooded = append(flooded, ask(min(left, turn))...)
		stop()
		time.Sleep(floodTwice)
	}
	at := func(took []time.Duration, percent int) float64 {
		slices.Sort(took)
		return float64(took[len(took)*percent/100].Microseconds())
	}
	b.ReportMetric(at(calm, 50), "p50-µs")
	b.ReportMetric(at(calm, 99), "p99-µs")
	b.ReportMetric(at(flooded, 50)/at(calm, 50), "p50-flooded/calm")
	b.ReportMetric(at(flooded, 99)/at(calm, 99), "p99-flooded/calm")
	b.ReportMetric(float64(residentBytes(b, p.command.Process.Pid)>>20), "MiB")
	b.ReportMetric(0, "ns/op") // says nothing here
}

// drain reads what nobody waits for.
func drain(ctx context.Context, c *connection) {
	for {
		if _, _, err := c.ws.Read(ctx); err != nil {
			return
		}
	}
}

func startFlood(b *testing.B, p *program, flooders int) (stop func()) {
	b.Helper()
	flood := exec.Command(os.Args[0], p.socket)
	flood.Env = append(os.Environ(), fmt.Sprintf("%s=%d", floodVariable, flooders))
	flood.Stderr = os.Stderr
	until, err := flood.StdinPipe()
	if err == nil {
		err = flood.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		until.Close()
		if err := flood.Wait(); err != nil {
			b.Error(err)
		}
	}
}
