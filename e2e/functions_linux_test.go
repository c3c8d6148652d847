package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sort"
	"strings"
	"testing"
	"time"
)

// What the AWS sample's handlers in Node.js 20 take (aws-samples/simple-websockets-chat-app
// at fb1f0d6, unmodified, with a stand-in for Lambda's Runtime API on a 2-core
// machine): process start to first poll, median, and CPU time of the process
// for one broadcast to 1,000 connections. It scans the table for each.
const (
	nodeStart     = "345 to 515 ms, 211 to 219 ms CPU"
	nodeBroadcast = "650 to 750 ms CPU"
	nodeCalls     = "connect 1 PutItem; message 1 Scan, first page only; disconnect 1 DeleteItem"
)

// BenchmarkFunctions prints what the Lambda program takes: from the start of
// its process to its first poll, CPU time for one broadcast to 1,000
// connections, and the calls of DynamoDB. Run it without -race:
//
//	go test -run '^$' -bench Functions -benchtime 40x -v ./e2e
func BenchmarkFunctions(b *testing.B) {
	b.Run("start", benchmarkFunctionStart)
	b.Run("broadcast to 1000", benchmarkBroadcast)
	b.Run("calls", benchmarkCalls)
}

func benchmarkFunctionStart(b *testing.B) {
	polled := make(chan time.Time, 1)
	lambda := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/runtime/invocation/next") {
			polled <- time.Now()
			<-r.Context().Done() // there is no event
		}
	}))
	defer lambda.Close()
	program := bootstrap(b)
	var wall, cpu []float64 // ms
	for range b.N {
		function := exec.Command(program)
		function.Env = []string{
			"_HANDLER=OnAction", "AWS_LAMBDA_RUNTIME_API=" + lambda.Listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=OnAction",
			"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024", "AWS_REGION=us-east-1",
			"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "TABLE_NAME=none", "MANAGEMENT_ENDPOINT=http://127.0.0.1:1/socket",
		}
		started := time.Now()
		if err := function.Start(); err != nil {
			b.Fatal(err)
		}
		select {
		case at := <-polled:
			wall = append(wall, at.Sub(started).Seconds()*1e3)
		case <-time.After(patience):
			b.Error("it did not ask for an event")
		}
		function.Process.Kill()
		function.Wait()
		cpu = append(cpu, (function.ProcessState.UserTime()+function.ProcessState.SystemTime()).Seconds()*1e3)
	}
	b.ReportMetric(median(wall), "ms-to-poll")
	b.ReportMetric(median(cpu), "ms-CPU")
	b.ReportMetric(0, "ns/op")
	b.Logf("start to first poll: median %.1f ms, least %.1f ms, %.1f ms CPU (n=%d); the sample's in Node.js: %s", median(wall), wall[0], median(cpu), b.N, nodeStart)
}

// median sorts the numbers, too.
func median(all []float64) float64 {
	sort.Float64s(all)
	return all[len(all)/2]
}

func benchmarkBroadcast(b *testing.B) {
	const recipients = 1000
	p := startStack(b)
	room := newFanOut(b, "functions", p.command.Process.Pid, p.host(), "/socket", recipients)
	say := func(n int) {
		for range n {
			room.sender.write(`{"type":"message","from":"alice","text":"Shall we meet at noon, at the usual place?"}`)
			for !strings.HasPrefix(room.sender.read(), `{"type":"message"`) { // it is told its name
			}
			room.sent++
			wait(b, "everybody to have it", func() bool { return room.delivered.Load() >= room.sent*int64(room.others) })
			time.Sleep(200 * time.Millisecond) // a person may say 5 a second
		}
	}
	say(2) // the processes are warm
	before := functionTime(b, p, "OnAction")
	b.ResetTimer()
	say(b.N)
	b.StopTimer()
	cpu := (functionTime(b, p, "OnAction") - before).Seconds() * 1e3 / float64(b.N)
	b.ReportMetric(cpu, "ms-CPU/broadcast")
	b.ReportMetric(0, "ns/op")
	b.Logf("CPU per broadcast to %d: %.0f ms (n=%d); the sample's in Node.js: %s", recipients, cpu, b.N, nodeBroadcast)
}

// functionTime is what all processes of a function have taken so far.
func functionTime(b *testing.B, p *program, name string) (sum time.Duration) {
	for _, pid := range functionProcesses(b, p, name) {
		sum += cpuTime(b, pid)
	}
	return sum
}

func benchmarkCalls(b *testing.B) {
	proxy := startProxy(b)
	p := startStackOn(b, proxy.url)
	var told []string
	step := func(what string, do func()) {
		do()
		calls := proxy.take()
		told = append(told, fmt.Sprintf("%s %s", what, tell(calls)))
		b.ReportMetric(float64(len(calls)), strings.ReplaceAll(what, " ", "-")+"-calls")
	}
	for i := range b.N {
		told = nil
		enter(b, p, fmt.Sprint("Grace ", i)) // the functions have read what they keep
		proxy.take()
		var c *connection
		step("connect", func() { c = connect(b, p, "parley.v1") })
		step("hello with a name and a room", func() {
			c.send(map[string]any{"type": "hello", "name": fmt.Sprint("Ada ", i), "rooms": []any{map[string]any{"room": "general"}}})
			c.next("joined")
		})
		step("first message", func() { c.send(`{"type":"message","id":"1","text":"hello"}`); c.next("message") })
		step("message", func() { c.send(`{"type":"message","id":"2","text":"hello"}`); c.next("message") })
		step("disconnect", func() {
			c.ws.CloseNow()
			wait(b, "OnDisconnect", func() bool { return proxy.count("DeleteItem") >= 2 })
		})
	}
	b.ReportMetric(0, "ns/op")
	b.Logf("calls of DynamoDB: %s; the sample's: %s", strings.Join(told, "; "), nodeCalls)
}
