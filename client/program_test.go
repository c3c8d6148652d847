package client_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/client"
	"parley/e2e"
)

var scratch string // removed after the tests

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "parley-client-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	e2e.StopDynamoDB()
	os.RemoveAll(dir)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "the tests left something behind:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// parley is the program, built once for all tests.
var parley = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "parley")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	command := exec.Command("go", "build", "-o", binary, ".")
	command.Dir = ".."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// program is a parley serve that can be killed and started again.
type program struct {
	t       *testing.T
	data    string
	address string // HOST:PORT
	flags   []string
	kill    func()
}

// serve runs the program on a free port, with data of its own, until the test ends.
func serve(t *testing.T, flags ...string) *program {
	t.Helper()
	p := &program{t: t, data: t.TempDir(), address: freeAddress(), flags: flags}
	p.start()
	t.Cleanup(func() { p.kill() })
	return p
}

// freeAddress is one where nobody listens: a program that is killed must come
// back on the same one.
func freeAddress() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func (p *program) url() string { return "http://" + p.address }

func (p *program) start() {
	p.t.Helper()
	if err := p.run(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) run() error {
	binary, err := parley()
	if err != nil {
		return err
	}
	command := exec.Command(binary, append([]string{"serve", "--listen", p.address, "--management", "off", "--data", p.data}, p.flags...)...)
	var output bytes.Buffer // written by the goroutine of Cmd, read after Wait
	command.Stderr = &output
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "WebSocket URL: ") {
				close(ready)
			}
		}
		io.Copy(io.Discard, stdout)
		command.Wait()
	}()
	p.kill = func() {
		command.Process.Kill()
		<-ended
	}
	select {
	case <-ready:
		return nil
	case <-ended:
		return fmt.Errorf("parley ended at once:\n%s", output.String())
	case <-time.After(20 * time.Second):
		return errors.New("parley did not print its addresses")
	}
}

// example is a site for the examples, and somebody else who is there.
type example struct {
	url  string
	stop func()
}

func exampleSite() *example {
	data, err := os.MkdirTemp(scratch, "example-")
	if err != nil {
		log.Fatal(err)
	}
	p := &program{data: data, address: freeAddress()}
	if err := p.run(); err != nil {
		log.Fatal(err)
	}
	return &example{p.url(), func() { p.kill() }}
}

// say says something as Ada, and leaves.
func (x *example) say(ctx context.Context, text string) {
	ada, err := client.Dial(ctx, client.Options{URL: x.url, Name: "Ada", AnyName: true})
	if err != nil {
		log.Fatal(err)
	}
	defer ada.Close()
	room, err := ada.Join(ctx, "general", client.Now())
	if err == nil {
		_, err = room.Send(ctx, text)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// dial connects to a server until the test ends.
func dial(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func join(t *testing.T, c *client.Client, room string, start client.Start) *client.Room {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := c.Join(ctx, room, start)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// next returns the next entry, which must come.
func next(t *testing.T, r *client.Room) client.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	e, err := r.Next(ctx)
	if err != nil {
		t.Fatalf("%s: %v", r.Name(), err)
	}
	return e
}

// What is said, changed and deleted comes to others in order, live and later.
func TestTalk(t *testing.T) {
	p := serve(t)
	ada, grace := dial(t, client.Options{URL: p.url(), Name: "Ada"}), dial(t, client.Options{URL: "ws://" + p.address + "/socket", Name: "Grace"})
	a, g := join(t, ada, "design", client.Now()), join(t, grace, "design", client.Now())
	first, err := a.Send(t.Context(), "Shall we?")
	if err != nil || first != 1 {
		t.Fatalf("Send: %d, %v; want 1", first, err)
	}
	if _, err := g.Send(t.Context(), "Yes"); err != nil {
		t.Fatal(err)
	}
	if seq, err := a.Edit(t.Context(), first, "Shall we meet?"); err != nil || seq != 3 {
		t.Fatalf("Edit: %d, %v; want 3", seq, err)
	}
	if seq, err := g.Delete(t.Context(), 2); err != nil || seq != 4 {
		t.Fatalf("Delete: %d, %v; want 4", seq, err)
	}
	if seq, err := g.Delete(t.Context(), 2); err != nil || seq != 4 {
		t.Errorf("Delete again: %d, %v; want 4", seq, err)
	}
	if _, err := g.Edit(t.Context(), first, "No"); err == nil || !strings.Contains(err.Error(), "not_yours") {
		t.Errorf("Edit of another's message: %v", err)
	}
	for _, room := range []*client.Room{a, g} {
		for i, want := range []string{"message 1 Shall we?", "message 2 Yes", "edit 3 1 Shall we meet?", "delete 4 2"} {
			e := next(t, room)
			got := fmt.Sprintf("%s %d", e.Kind, e.Seq)
			if e.Target > 0 {
				got += fmt.Sprintf(" %d", e.Target)
			}
			if e.Text != "" {
				got += " " + e.Text
			}
			if got != want || !e.Live || e.At.IsZero() || e.Person == "" {
				t.Errorf("entry %d: %q, want %q (%+v)", i, got, want, e)
			}
		}
	}
	late := join(t, dial(t, client.Options{URL: p.url()}), "design", client.Recent())
	if e := next(t, late); e.Text != "Shall we meet?" || e.Edited != 3 || e.Live {
		t.Errorf("read later: %+v", e)
	}
	if e := next(t, late); !e.Deleted || e.Text != "" {
		t.Errorf("deleted, read later: %+v", e)
	}
}

// The server is killed again and again while it is talked to. What was
// acknowledged is there once; each listener sees all, once and in order.
func TestKilledUnderLoad(t *testing.T) {
	p := serve(t, "--rate-limits", "off")
	const talkers, each = 4, 60
	listener := join(t, dial(t, client.Options{URL: p.url()}), "load", client.Now())
	var talking sync.WaitGroup
	acknowledged := make([][]uint64, talkers)
	var heard [talkers]atomic.Int64
	for i := range talkers {
		room := join(t, dial(t, client.Options{URL: p.url(), Name: fmt.Sprintf("talker %d", i)}), "load", client.Now())
		talking.Go(func() {
			for n := range each {
				seq, err := room.Send(t.Context(), fmt.Sprintf("%d %d", i, n))
				if err != nil {
					t.Errorf("talker %d, message %d: %v", i, n, err)
					return
				}
				acknowledged[i] = append(acknowledged[i], seq)
				heard[i].Add(1)
				time.Sleep(rand.N(20 * time.Millisecond))
			}
		})
	}
	done := make(chan struct{})
	go func() { talking.Wait(); close(done) }()
	kills := 0
	for running := true; running && kills < 6; {
		select {
		case <-done:
			running = false
		case <-time.After(200*time.Millisecond + rand.N(200*time.Millisecond)):
			var before [talkers]int64
			for i := range talkers {
				before[i] = heard[i].Load()
			}
			p.kill()
			kills++
			p.start()
			for i := range talkers { // two kills under one message would fail it, as they should
				for running && heard[i].Load() == before[i] && before[i] < each {
					select {
					case <-done:
						running = false
					case <-time.After(10 * time.Millisecond):
					}
				}
			}
		}
	}
	<-done
	order := make([]int, talkers)
	for want := uint64(1); want <= talkers*each; want++ {
		e := next(t, listener)
		var i, n int
		fmt.Sscanf(e.Text, "%d %d", &i, &n)
		if e.Kind != client.KindMessage || e.Seq != want || n != order[i] || acknowledged[i][n] != e.Seq {
			t.Fatalf("entry %d: %+v; talker %d was at %d, acknowledged %v", want, e, i, order[i], acknowledged[i])
		}
		order[i]++
	}
	if kills == 0 {
		t.Error("nothing was killed")
	}
	t.Logf("%d kills, %d messages acknowledged and heard, 0 lost, doubled or out of order", kills, talkers*each)
}
