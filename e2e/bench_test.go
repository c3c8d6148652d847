//go:build linux

package e2e

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/protocol"
)

// Run without -race: go test -run '^$' -bench . -benchtime 200x ./e2e

// BenchmarkFanOut has one room of 1,000 connections and a sender that waits for
// its own copies, W messages under way. It prints the server's CPU time for
// one delivery, of parley and of the classic hub, measured in turns. Parley's
// messages are durable (one sync for all that wait); the hub stores nothing.
// It fails if a delivery is lost or comes twice, never because of time.
func BenchmarkFanOut(b *testing.B) {
	const connections, rounds = 1000, 4
	p := start(b)
	servers := []*fanOut{
		newFanOut(b, "parley", p.command.Process.Pid, p.host(), "/socket", connections),
		startHub(b, connections),
	}
	for _, window := range []int{1, 32} {
		b.Run(fmt.Sprintf("W=%d", window), func(b *testing.B) {
			cpu := make([]time.Duration, len(servers))
			for i := range rounds {
				messages := b.N*(i+1)/rounds - b.N*i/rounds
				for j, s := range servers {
					cpu[j] += s.send(b, messages, window)
				}
			}
			perDelivery := func(d time.Duration) float64 {
				return float64(d.Nanoseconds()) / 1e3 / float64(b.N) / connections
			}
			for j, s := range servers {
				b.ReportMetric(perDelivery(cpu[j]), s.name+"-µs/delivery")
			}
			if cpu[1] > 0 {
				b.ReportMetric(float64(cpu[0])/float64(cpu[1]), "ratio")
			}
		})
	}
}

// BenchmarkIdle prints the server's memory for each of 5,000 connections that
// say nothing.
func BenchmarkIdle(b *testing.B) {
	const connections = 5000
	for name, enter := range map[string]func(*rawConnection){
		"plain": func(*rawConnection) {},
		"in a room": func(c *rawConnection) {
			c.write(`{"type":"hello","rooms":[{"room":"general"}]}`)
			c.read() // welcome
			c.read() // joined
		},
	} {
		b.Run(name, func(b *testing.B) {
			total := 0.0
			for range b.N {
				p := start(b)
				before := residentBytes(b, p.command.Process.Pid)
				all := make([]*rawConnection, connections)
				for i := range all {
					all[i] = dialRaw(b, p.host(), "/socket", name != "plain")
					enter(all[i])
				}
				time.Sleep(3 * time.Second) // garbage is collected, freed pages go back
				total += float64(residentBytes(b, p.command.Process.Pid)-before) / connections
				for _, c := range all {
					c.Close()
				}
				p.kill()
			}
			b.ReportMetric(total/float64(b.N)/1024, "KiB/connection")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkStart prints the time from starting the process to its first
// completed handshake, and until that connection is in a room, with 1,000,000
// messages stored: the worst of 20 starts, each after a SIGKILL while people
// were talking.
func BenchmarkStart(b *testing.B) {
	const stored, starts = 1_000_000, 20
	p := start(b, "--durability", "normal")
	fill(b, p, stored)
	listen := p.host()
	killUnderLoad(b, p.command.Process, listen)
	<-p.ended
	var shaken, joined, worstShaken, worstJoined time.Duration
	for range b.N * starts {
		begun := time.Now()
		server := exec.Command(parley(b), "serve", "--listen", listen, "--management", "off", "--data", p.data)
		server.Stderr = io.Discard
		stdout, err := server.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := server.Start(); err != nil {
			b.Fatal(err)
		}
		for lines := bufio.NewScanner(stdout); lines.Scan() && !strings.HasPrefix(lines.Text(), "WebSocket URL"); {
		}
		c := dialRaw(b, listen, "/socket", true)
		first := time.Since(begun)
		c.write(`{"type":"hello","rooms":[{"room":"general"}]}`)
		for waits := true; waits; {
			waits = !strings.HasPrefix(c.read(), `{"type":"joined"`)
		}
		whole := time.Since(begun)
		c.Close()
		shaken, worstShaken = shaken+first, max(worstShaken, first)
		joined, worstJoined = joined+whole, max(worstJoined, whole)
		killUnderLoad(b, server.Process, listen)
		server.Wait()
	}
	n := time.Duration(b.N * starts)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64((shaken / n).Milliseconds()), "ms/start")
	b.ReportMetric(float64(worstShaken.Milliseconds()), "ms-worst-start")
	b.ReportMetric(float64((joined / n).Milliseconds()), "ms/joined")
	b.ReportMetric(float64(worstJoined.Milliseconds()), "ms-worst-joined")
}

// killUnderLoad sends SIGKILL while some people talk, who do not wait for answers.
func killUnderLoad(b *testing.B, process *os.Process, host string) {
	b.Helper()
	var talking sync.WaitGroup
	var said atomic.Int64
	for i := range 4 {
		c := dialRaw(b, host, "/socket", false)
		talking.Go(func() {
			defer c.Close()
			for c.frame(opText, fmt.Sprintf(`{"type":"message","from":"speaker %d","text":"Shall we meet at noon, at the usual place?"}`, i)) == nil {
				if _, err := c.discard(); err != nil {
					return
				}
				said.Add(1)
			}
		})
	}
	for deadline := time.Now().Add(patience); said.Load() < 200; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%d messages came back in %s", said.Load(), patience)
		}
	}
	process.Kill()
	talking.Wait()
}

// fill says n messages as fast as they are taken.
func fill(b *testing.B, p *program, n int) {
	c := dialRaw(b, p.host(), "/socket", false)
	defer c.Close()
	const window = 500
	sent := 0
	for got := 0; got < n; {
		for ; sent < n && sent-got < window; sent++ {
			c.write(fmt.Sprintf(`{"type":"message","from":"filler","id":"m%d","text":"message %d, of a length that is usual in a chat"}`, sent, sent))
		}
		if strings.HasPrefix(c.read(), `{"type":"message"`) {
			got++
		}
	}
}

// fanOut is a server with a room full of connections.
type fanOut struct {
	name      string
	pid       int
	sender    *rawConnection
	others    int
	delivered atomic.Int64 // to the others
	sent      int64
}

func newFanOut(b *testing.B, name string, pid int, host, path string, connections int) *fanOut {
	b.Helper()
	f := &fanOut{name: name, pid: pid, others: connections - 1, sender: dialRaw(b, host, path, false)}
	var readers sync.WaitGroup
	var all []*rawConnection
	for range f.others {
		c := dialRaw(b, host, path, false)
		all = append(all, c)
		readers.Go(func() {
			for {
				if _, err := c.discard(); err != nil {
					return
				}
				f.delivered.Add(1)
			}
		})
	}
	b.Cleanup(func() {
		f.sender.Close()
		for _, c := range all {
			c.Close()
		}
		readers.Wait()
		if got, want := f.delivered.Load(), f.sent*int64(f.others); got != want && !b.Failed() {
			b.Errorf("%s delivered %d, want %d", f.name, got, want)
		}
	})
	return f
}

func startHub(b *testing.B, connections int) *fanOut {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), hubVariable+"=1")
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { command.Process.Kill(); command.Wait() })
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return newFanOut(b, "hub", command.Process.Pid, strings.TrimSpace(address), "/", connections)
}

// send says so many messages, waits until all have all of them, and returns the
// CPU time that the server took.
func (f *fanOut) send(b *testing.B, messages, window int) time.Duration {
	b.Helper()
	before := cpuTime(b, f.pid)
	sent := 0
	for got := 0; got < messages; got++ {
		for ; sent < messages && sent-got < window; sent++ {
			f.sender.write(`{"type":"message","from":"alice","text":"Shall we meet at noon, at the usual place?"}`)
		}
		if _, err := f.sender.discard(); err != nil {
			b.Fatal(err)
		}
	}
	f.sent += int64(messages)
	for deadline := time.Now().Add(patience); f.delivered.Load() < f.sent*int64(f.others); {
		if time.Now().After(deadline) {
			b.Fatalf("%s delivered %d of %d", f.name, f.delivered.Load(), f.sent*int64(f.others))
		}
		time.Sleep(time.Millisecond)
	}
	if got, want := f.delivered.Load(), f.sent*int64(f.others); got != want {
		b.Fatalf("%s delivered %d, want %d: something twice", f.name, got, want)
	}
	return cpuTime(b, f.pid) - before
}

// rawConnection is a WebSocket client that costs next to nothing, so that the
// server has the machine.
type rawConnection struct {
	net.Conn
	b *testing.B
	r *bufio.Reader
}

func dialRaw(b *testing.B, host, path string, withProtocol bool) *rawConnection {
	b.Helper()
	c, err := tryRaw(b, host, path, withProtocol)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// tryRaw is dialRaw where there may be no server; any goroutine may call it.
func tryRaw(b *testing.B, host, path string, withProtocol bool) (*rawConnection, error) {
	conn, err := net.DialTimeout("tcp", host, dialWithin)
	if err != nil {
		return nil, err
	}
	c := &rawConnection{conn, b, bufio.NewReaderSize(conn, 1024)}
	if err := c.shakeHands(host, path, withProtocol); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *rawConnection) shakeHands(host, path string, withProtocol bool) error {
	c.SetDeadline(time.Now().Add(dialWithin))
	defer c.SetDeadline(time.Time{})
	headers := ""
	if withProtocol {
		headers = "Sec-WebSocket-Protocol: " + protocol.Subprotocol + "\r\n"
	}
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", path, host, headers)
	status, err := c.r.ReadString('\n')
	if err != nil || !strings.Contains(status, " 101 ") {
		return fmt.Errorf("handshake: %q, %v", status, err)
	}
	for line := ""; line != "\r\n"; {
		if line, err = c.r.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

func (c *rawConnection) write(text string) {
	if err := c.frame(opText, text); err != nil {
		c.b.Fatal(err)
	}
}

// Opcodes of RFC 6455, section 5.2.
const (
	opText = 0x1
	opPing = 0x9
	opPong = 0xa
)

// frame sends one, masked with zeros (RFC 6455, section 5.3, leaves the choice
// of the key to the client).
func (c *rawConnection) frame(opcode byte, text string) error {
	frame := append(make([]byte, 0, len(text)+8), 0x80|opcode)
	if len(text) < 126 {
		frame = append(frame, 0x80|byte(len(text)))
	} else {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(len(text)))
	}
	frame = append(frame, 0, 0, 0, 0)
	_, err := c.Write(append(frame, text...))
	return err
}

// header reads until the payload of the next text frame, and answers pings.
func (c *rawConnection) header() (length int, err error) {
	for {
		head := make([]byte, 2, 8)
		if _, err := io.ReadFull(c.r, head); err != nil {
			return 0, err
		}
		length = int(head[1] & 0x7f)
		if length == 126 {
			extended := head[2:4]
			if _, err := io.ReadFull(c.r, extended); err != nil {
				return 0, err
			}
			length = int(binary.BigEndian.Uint16(extended))
		} else if length == 127 {
			return 0, errors.New("a frame of more than 64 KiB")
		}
		opcode := head[0] & 0x0f
		if opcode == opText {
			return length, nil
		}
		payload := make([]byte, length)
		if _, err := io.ReadFull(c.r, payload); err != nil {
			return 0, err
		}
		if opcode == opPing {
			if err := c.frame(opPong, string(payload)); err != nil {
				return 0, err
			}
		}
	}
}

func (c *rawConnection) read() string {
	length, err := c.header()
	if err != nil {
		c.b.Fatal(err)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		c.b.Fatal(err)
	}
	return string(payload)
}

func (c *rawConnection) discard() (int, error) {
	length, err := c.header()
	if err != nil {
		return 0, err
	}
	return c.r.Discard(length)
}

// cpuTime is what a process has taken so far, in user and kernel mode, in steps of 10 ms.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	const tick = 10 * time.Millisecond // sysconf(_SC_CLK_TCK) is 100 on all of Linux's common platforms
	_, afterName, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(afterName) // from field 3 on
	user, _ := strconv.Atoi(fields[14-3])
	system, _ := strconv.Atoi(fields[15-3])
	return time.Duration(user+system) * tick
}

// residentBytes is the memory that a process holds.
func residentBytes(b testing.TB, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes << 10
}
