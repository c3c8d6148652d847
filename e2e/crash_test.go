package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/protocol"
)

// talker says one message after the other, as clients are to do it: at most one
// unacknowledged, the same one again under the same id after a lost connection.
type talker struct {
	name         string
	session      string
	said         int
	acknowledged map[string]uint64 // sequence by id
	twice        []string          // acknowledged with two sequences
	farewell     event             // the last error that answers no action
	closed       websocket.StatusCode
}

// talk goes on until done is closed and nothing is left unacknowledged, or ctx ends.
func (k *talker) talk(ctx context.Context, t testing.TB, socket string, done <-chan struct{}) {
	pending := ""
	for ctx.Err() == nil {
		if pending == "" {
			select {
			case <-done:
				return
			default:
			}
		}
		c, err := dial(ctx, t, socket, protocol.Subprotocol)
		if err == nil {
			pending, err = k.converse(ctx, c, pending, done)
			if status := websocket.CloseStatus(err); status != -1 {
				k.closed = status
			}
			c.ws.CloseNow()
		}
		if err != nil {
			time.Sleep(time.Duration(5+rand.IntN(20)) * time.Millisecond)
		}
	}
}

func (k *talker) converse(ctx context.Context, c *connection, pending string, done <-chan struct{}) (string, error) {
	hello := fmt.Sprintf(`{"type":"hello","id":"hello","name":%q,"rooms":[{"room":"general"}]`, k.name)
	if k.session != "" {
		hello += fmt.Sprintf(`,"session":%q`, k.session)
	}
	if err := c.write(ctx, []byte(hello+"}")); err != nil {
		return pending, err
	}
	named := false
	for {
		e, err := c.read(ctx)
		if err != nil {
			return pending, err
		}
		switch {
		case e.Type == "error" && e.ID == "":
			k.farewell = e
		case e.Type == "error" && e.Code == string(protocol.NameTaken):
			k.name = e.Suggestion // the crash came between storing the name and telling us the session
			if err := c.write(ctx, fmt.Appendf(nil, `{"type":"rename","id":"hello","name":%q}`, k.name)); err != nil {
				return pending, err
			}
		case e.Type == "error" && e.ID == pending && e.Retry:
			return pending, errors.New(e.raw)
		case e.Type == "error":
			return pending, fmt.Errorf("cannot go on: %s", e.raw)
		case e.Type == "welcome":
			k.session, named = e.Session, e.You.Name != ""
		case e.Type == "renamed" && e.ID == "hello":
			named = true
		case e.Type == "message" && pending != "" && e.ID == pending:
			if before, ok := k.acknowledged[pending]; ok && before != e.Seq {
				k.twice = append(k.twice, pending)
			}
			k.acknowledged[pending] = e.Seq
			pending = ""
			select {
			case <-done:
				return "", nil
			default:
			}
		}
		joined := e.Type == "joined" || e.Type == "renamed"
		if named && (joined && pending != "" || pending == "" && (joined || e.Type == "message")) {
			if pending == "" {
				k.said++
				pending = fmt.Sprintf("%s-%d", k.name, k.said)
			}
			if err := c.write(ctx, fmt.Appendf(nil, `{"type":"message","id":%q,"text":"this is %s"}`, pending, pending)); err != nil {
				return pending, err
			}
		}
	}
}

// listener follows the general room and resumes where it was.
type listener struct {
	epoch string
	seen  []protocol.Item // in sequence, without a hole
	heard atomic.Int64    // its length, for others to look at
	wrong []string
}

func (l *listener) last() uint64 { return uint64(len(l.seen)) }

func (l *listener) follow(ctx context.Context, t testing.TB, socket string) {
	for ctx.Err() == nil {
		c, err := dial(ctx, t, socket, protocol.Subprotocol)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		l.listen(ctx, c)
		c.ws.CloseNow()
	}
}

func (l *listener) listen(ctx context.Context, c *connection) {
	hello := fmt.Sprintf(`{"type":"hello","rooms":[{"room":"general","epoch":%q,"after":%d}]}`, l.epoch, l.last())
	if l.epoch == "" {
		hello = `{"type":"hello","rooms":[{"room":"general","after":0}]}`
	}
	if c.write(ctx, []byte(hello)) != nil {
		return
	}
	early := map[uint64]protocol.Item{} // live messages that came before the pages were through
	for {
		e, err := c.read(ctx)
		if err != nil {
			return
		}
		switch e.Type {
		case "message":
			early[e.Seq] = protocol.Item{Seq: e.Seq, ID: e.ID, Text: e.Text, Person: e.Person}
		case "joined", "history":
			if !e.Complete {
				l.wrong = append(l.wrong, fmt.Sprintf("not complete after %d: %.200s", l.last(), e.raw))
				return
			}
			l.epoch = e.Epoch
			for _, m := range e.Messages {
				early[m.Seq] = m
			}
			if e.More && e.To < l.last()+uint64(len(e.Messages)) {
				l.wrong = append(l.wrong, fmt.Sprintf("a page after %d does not go on: %.200s", l.last(), e.raw))
				return
			}
			if e.More {
				if c.write(ctx, fmt.Appendf(nil, `{"type":"history","room":"general","after":%d}`, e.To)) != nil {
					return
				}
			}
		}
		for m, ok := early[l.last()+1]; ok; m, ok = early[l.last()+1] {
			l.seen = append(l.seen, m)
		}
		l.heard.Store(int64(len(l.seen)))
	}
}

// load is some talkers and a listener at work on one program after another.
type load struct {
	t        testing.TB
	talkers  []*talker
	listener *listener
	done     chan struct{}
	stop     context.CancelFunc
	talking  sync.WaitGroup
	hearing  sync.WaitGroup
}

func startLoad(t testing.TB, p *program, talkers int) *load {
	l := &load{t: t, listener: &listener{}, done: make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	l.stop = cancel
	for i := range talkers {
		k := &talker{name: fmt.Sprintf("talker%d", i), acknowledged: map[string]uint64{}}
		l.talkers = append(l.talkers, k)
		l.talking.Go(func() { k.talk(ctx, t, p.socket, l.done) })
	}
	l.hearing.Go(func() { l.listener.follow(ctx, t, p.socket) })
	t.Cleanup(func() { cancel(); l.talking.Wait(); l.hearing.Wait() })
	return l
}

// verify lets everybody finish and compares what was acknowledged, what the
// listener saw, and what is stored.
func (l *load) verify(p *program) {
	t := l.t
	t.Helper()
	close(l.done)
	l.talking.Wait()
	stored := history(t, p, "general")
	for deadline := time.Now().Add(patience); l.listener.heard.Load() < int64(len(stored)) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	l.stop()
	l.hearing.Wait()

	bySequence := map[uint64]string{}
	times := map[string]int{}
	for _, m := range stored {
		bySequence[m.Seq] = m.ID
		times[m.ID]++
		if m.Text != "this is "+m.ID {
			t.Errorf("message %d, %s, has the text %q", m.Seq, m.ID, m.Text)
		}
	}
	total := 0
	for _, k := range l.talkers {
		total += len(k.acknowledged)
		for id, seq := range k.acknowledged {
			if bySequence[seq] != id || times[id] != 1 {
				t.Errorf("%s was acknowledged as %d; it is stored %d times, and %d is %q", id, seq, times[id], seq, bySequence[seq])
			}
		}
		if len(k.twice) > 0 {
			t.Errorf("acknowledged with two sequences: %q", k.twice)
		}
		if len(k.acknowledged) == 0 {
			t.Errorf("%s said nothing", k.name)
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s is stored %d times", id, n)
		}
	}
	for _, wrong := range l.listener.wrong {
		t.Errorf("the listener: %s", wrong)
	}
	if len(l.listener.seen) != len(stored) {
		t.Errorf("the listener saw %d messages, %d are stored", len(l.listener.seen), len(stored))
	}
	for i, m := range l.listener.seen[:min(len(l.listener.seen), len(stored))] {
		if m.ID != stored[i].ID {
			t.Errorf("the listener saw %q as %d, stored is %q", m.ID, i+1, stored[i].ID)
			break
		}
	}
	t.Logf("%d messages acknowledged, %d stored", total, len(stored))
}

// What was acknowledged survives kill -9, once and in order, for those who
// resume and for those who come later.
func TestKillUnderLoad(t *testing.T) {
	const kills = 6
	p := start(t)
	l := startLoad(t, p, 4)
	for range kills {
		time.Sleep(time.Duration(150+rand.IntN(400)) * time.Millisecond)
		p.kill()
		p = p.again()
	}
	time.Sleep(200 * time.Millisecond)
	l.verify(p)

	for _, k := range l.talkers {
		if strings.Contains(p.output.String(), k.session) {
			t.Error("a session's token is in the log")
		}
	}
	if strings.Contains(p.output.String(), "this is ") {
		t.Error("texts are in the log")
	}
}

// The same id again is the same message, on this connection and another one,
// before and after a crash.
func TestSendAgain(t *testing.T) { inBothHomes(t, sendAgain) }

func sendAgain(t *testing.T, p *program) {
	c := connect(t, p, protocol.Subprotocol)
	c.send(`{"type":"hello","name":"Ada","rooms":[{"room":"general"}]}`)
	session := c.next("welcome").Session
	c.next("joined")
	again := func(c *connection, when string) {
		t.Helper()
		for range 2 {
			c.send(`{"type":"message","id":"once","text":"only once"}`)
			if e := c.next("message", "error"); e.Seq != 1 || e.ID != "once" || e.Text != "only once" {
				t.Errorf("%s: got %s", when, e.raw)
			}
		}
	}
	comeBack := func(p *program) *connection {
		c := connect(t, p, protocol.Subprotocol)
		c.send(fmt.Sprintf(`{"type":"hello","session":%q,"rooms":[{"room":"general"}]}`, session))
		if e := c.next("welcome"); e.You.Name != "Ada" {
			t.Errorf("came back as %s", e.raw)
		}
		c.next("joined")
		return c
	}
	again(c, "on the same connection")
	again(comeBack(p), "on another connection")
	p.kill()
	p = p.again()
	again(comeBack(p), "after a crash")
	other := enter(t, p, "Grace")
	other.send(`{"type":"message","id":"once","text":"somebody else's"}`)
	if e := other.next("message", "error"); e.Seq != 2 {
		t.Errorf("the same id of another person: %s", e.raw)
	}
	if all := history(t, p, "general"); len(all) != 2 {
		t.Errorf("%d messages are stored, want 2", len(all))
	}
}

// SIGTERM tells everybody when to come back, and loses nothing.
func TestTerminateUnderLoad(t *testing.T) {
	p := start(t)
	l := startLoad(t, p, 4)
	quiet := enter(t, p, "Quiet")
	plain := connect(t, p)
	time.Sleep(500 * time.Millisecond)

	ended := make(chan int, 1)
	go func() { ended <- p.terminate() }()
	for name, c := range map[string]*connection{"with the sub-protocol": quiet, "plain": plain} {
		e := c.next("error")
		if e.Code != string(protocol.Restarting) || !e.Retry || e.After <= 0 {
			t.Errorf("%s: told %s", name, e.raw)
		}
		_, err := c.read(t.Context())
		if status := websocket.CloseStatus(err); status != protocol.CloseRestarting {
			t.Errorf("%s: closed with %d (%v), want %d", name, status, err, protocol.CloseRestarting)
		}
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	p = p.again()
	l.verify(p)
	for _, k := range l.talkers {
		if k.closed != protocol.CloseRestarting || k.farewell.Code != string(protocol.Restarting) || k.farewell.After <= 0 {
			t.Errorf("%s: closed with %d after %s", k.name, k.closed, k.farewell.raw)
		}
	}
}

// Two servers on the same data would give the same sequence twice.
func TestSecondServer(t *testing.T) {
	p := start(t)
	second := exec.Command(parley(t), "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data", p.data)
	out, err := second.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err == nil || second.ProcessState.ExitCode() <= 0 {
		t.Errorf("the second server ended with %v", err)
	}
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "parley: ") || !strings.HasPrefix(lines[1], "hint: ") {
		t.Errorf("it said, instead of one line and a hint:\n%s", out)
	}
	enter(t, p, "Ada") // the first one works on
	p.kill()
	enter(t, p.again(), "Ada-2") // and a lock does not outlive its process
}
