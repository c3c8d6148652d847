package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"parley/client"
	"parley/protocol"
)

// in runs a test in a world of its own, by synctest's clock.
func in(t *testing.T, name string, run func(*testing.T, *world)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(7)
			defer w.close()
			run(t, w)
		})
	})
}

// come connects to a world and joins its room.
func come(t *testing.T, w *world, o client.Options) (*client.Client, *client.Room) {
	t.Helper()
	o.URL, o.HTTP = "ws://world/socket", w.client()
	if o.Name == "" {
		o.Name = "ada"
	}
	c := dial(t, o)
	return c, join(t, c, w.room, client.Now())
}

// instead lets a function act in the place of the world: it returns true for
// what it has dealt with.
func (w *world) instead(act func(*link, frame) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.act = act
}

func (w *world) says(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		w.someoneSays()
	}
}

// of returns how many connections there are and ever were.
func (w *world) of() (open, ever int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.links), w.seen.connections
}

func TestSendThrough(t *testing.T) {
	send := func(t *testing.T, r *client.Room, text string) (uint64, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		return r.Send(ctx, text)
	}
	in(t, "a connection that breaks before the acknowledgement", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		broken := false
		w.instead(func(l *link, f frame) bool {
			if f["type"] != "message" || broken {
				return false
			}
			broken = true
			l.joined = false // it hears nothing of it
			w.answer(l, frame{"type": "join"})
			l.joined = false
			w.claims[l.person+" "+f.text("id")] = w.append(logged{kind: "message", id: f.text("id"), person: l.person, text: f.text("text")})
			l.end()
			return true
		})
		seq, err := send(t, r, "once")
		if err != nil || seq != 1 || w.head() != 1 {
			t.Errorf("got %d, %v; the log has %d", seq, err, w.head())
		}
		if e := next(t, r); e.Text != "once" || e.Seq != 1 {
			t.Errorf("heard %+v", e)
		}
	})
	in(t, "a network that dies without a word: all in order on another connection", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		dead := true
		w.instead(func(l *link, f frame) bool { return dead }) // nothing is answered, nothing ends
		var pending []*client.Pending
		for _, text := range []string{"one", "two", "three"} {
			p, err := r.Post(text)
			if err != nil {
				t.Fatal(err)
			}
			pending = append(pending, p)
		}
		time.Sleep(25 * time.Second)
		w.mu.Lock()
		dead = false
		w.mu.Unlock()
		for i, p := range pending {
			if seq, err := p.Wait(t.Context()); err != nil || seq != uint64(i+1) {
				t.Errorf("message %d: %d, %v", i+1, seq, err)
			}
		}
		if _, ever := w.of(); ever < 2 {
			t.Error("the dead connection was kept")
		}
	})
	in(t, "two connections that break: it has failed, the next one goes", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		seen := map[string]int{}
		w.instead(func(l *link, f frame) bool {
			if f["type"] == "message" {
				seen[f.text("text")]++
			}
			if f.text("text") != "killer" {
				return false
			}
			l.end()
			return true
		})
		if _, err := send(t, r, "killer"); !errors.Is(err, client.ErrBroke) {
			t.Errorf("got %v, want ErrBroke", err)
		}
		if seq, err := send(t, r, "harmless"); err != nil || seq != 1 {
			t.Errorf("after it: %d, %v", seq, err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if seen["killer"] != 2 || seen["harmless"] != 1 {
			t.Errorf("sent %v", seen)
		}
	})
	in(t, "a close that blames it", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		sends := 0
		w.instead(func(l *link, f frame) bool {
			if f["type"] != "message" {
				return false
			}
			sends++
			e := protocol.Errorf(protocol.TooLarge, "A frame may have 32,768 bytes.")
			e.After = 1000
			w.give(l, e)
			time.AfterFunc(time.Second, func() { l.ws.Close(protocol.CloseTooBig, "") })
			return true
		})
		_, err := send(t, r, "too big")
		var refusal *protocol.Error
		if !errors.As(err, &refusal) || refusal.Code != protocol.TooLarge {
			t.Errorf("got %v, want too_large", err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if sends != 1 {
			t.Errorf("it was sent %d times", sends)
		}
	})
	in(t, "what is too large is not sent", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		for _, text := range []string{strings.Repeat("x", protocol.MaxTextRunes+1), strings.Repeat("😀", 7680)} {
			var refusal *protocol.Error
			if _, err := send(t, r, text); !errors.As(err, &refusal) || refusal.Code != protocol.TooLarge {
				t.Errorf("%d bytes: %v", len(text), err)
			}
		}
		if _, err := send(t, r, strings.Repeat("x", protocol.MaxTextRunes)); err != nil {
			t.Error(err)
		}
	})
	in(t, "no answer at all", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		sends := 0
		w.instead(func(l *link, f frame) bool {
			if f["type"] == "message" {
				sends++
			}
			return f["type"] == "message"
		})
		if _, err := send(t, r, "hello?"); !errors.Is(err, client.ErrUnanswered) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if sends != 4 {
			t.Errorf("%d sends", sends)
		}
	})
	in(t, "a time to wait", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		began, refused := time.Now(), false
		w.instead(func(l *link, f frame) bool {
			if f["type"] != "message" || refused {
				return false
			}
			refused = true
			w.give(l, protocol.Errorf(protocol.TooFast, "Slower.").WithID(f.text("id")).Retriable(7000))
			return true
		})
		if seq, err := send(t, r, "patience"); err != nil || seq != 1 || time.Since(began) < 7*time.Second || time.Since(began) > 8*time.Second {
			t.Errorf("got %d, %v after %s", seq, err, time.Since(began))
		}
	})
	in(t, "a membership that was lost", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		w.mu.Lock()
		for l := range w.links {
			l.joined = false
		}
		w.mu.Unlock()
		if seq, err := send(t, r, "still here"); err != nil || seq != 1 {
			t.Errorf("got %d, %v", seq, err)
		}
	})
	in(t, "the end of ctx: the message goes all the same", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		w.cut()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := r.Send(ctx, "later"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if e := next(t, r); e.Text != "later" {
			t.Errorf("heard %+v", e)
		}
	})
}

func TestHearThrough(t *testing.T) {
	in(t, "a tail that was lost while nobody spoke", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		w.mu.Lock()
		w.append(logged{kind: "message", person: "somebody", text: "silently"})
		w.mu.Unlock()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if e, err := r.Next(ctx); err != nil || e.Text != "silently" || time.Since(began) > 4*time.Minute+2*time.Second {
			t.Errorf("after %s: %+v, %v", time.Since(began), e, err)
		}
	})
	in(t, "a gap, which is waited for and then asked for", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		asked := 0
		w.instead(func(l *link, f frame) bool {
			if f["type"] == "history" {
				asked++
			}
			return false
		})
		w.mu.Lock()
		w.append(logged{kind: "message", person: "somebody", text: "first"})
		w.append(logged{kind: "message", person: "somebody", text: "second"})
		w.tellEntry(2)
		time.AfterFunc(250*time.Millisecond, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.tellEntry(1)
		})
		w.mu.Unlock()
		for _, want := range []string{"first", "second"} {
			if e := next(t, r); e.Text != want {
				t.Errorf("heard %+v, want %s", e, want)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if asked != 0 {
			t.Error("it was asked for what came by itself")
		}
		w.mu.Lock()
		w.append(logged{kind: "message", person: "somebody", text: "third"})
		w.someoneSays()
		w.mu.Unlock()
		began := time.Now()
		if e := next(t, r); e.Text != "third" || time.Since(began) < 300*time.Millisecond || time.Since(began) > 700*time.Millisecond || asked != 1 {
			t.Errorf("after %s and %d questions: %+v", time.Since(began), asked, e)
		}
	})
	in(t, "a log that was replaced", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		w.says(5)
		for range 5 {
			next(t, r)
		}
		w.mu.Lock()
		w.epoch, w.log, w.claims = "e2", nil, map[string]uint64{}
		w.someoneSays()
		w.mu.Unlock()
		w.cut()
		if e := next(t, r); e.Kind != client.KindGap || e.Epoch != "e2" || e.Seq != 0 {
			t.Errorf("heard %+v, want a gap", e)
		}
		if e := next(t, r); e.Seq != 1 || e.Epoch != "e2" {
			t.Errorf("after it %+v", e)
		}
		if p := r.Position(); p != (client.Position{Epoch: "e2", Seq: 1}) {
			t.Errorf("at %+v", p)
		}
	})
	in(t, "more than can be resumed", func(t *testing.T, w *world) {
		c, r := come(t, w, client.Options{})
		w.says(1)
		next(t, r)
		w.cut()
		w.says(50)
		if e := next(t, r); e.Kind != client.KindGap || e.Seq != 41 {
			t.Errorf("heard %+v, want a gap up to 41", e)
		}
		for want := uint64(42); want <= 51; want++ {
			if e := next(t, r); e.Seq != want {
				t.Errorf("heard %+v, want %d", e, want)
			}
		}
		if c.State() != client.Online {
			t.Error(c.State())
		}
	})
	in(t, "a peer that is gone without a word", func(t *testing.T, w *world) {
		_, r := come(t, w, client.Options{})
		w.mu.Lock()
		for l := range w.links {
			l.dead = true
		}
		w.someoneSays()
		w.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		if e, err := r.Next(ctx); err != nil || e.Seq != 1 {
			t.Errorf("%+v, %v", e, err)
		}
	})
	in(t, "a reader who takes nothing: what is kept is bounded, nothing is lost", func(t *testing.T, w *world) {
		w.resume = 1 << 20
		_, r := come(t, w, client.Options{Buffer: 4 << 10})
		const all = 500
		for range all {
			w.says(1)
			time.Sleep(10 * time.Millisecond)
		}
		if seq, err := r.Send(t.Context(), "heard all the same"); err != nil || seq != all+1 {
			t.Errorf("Send: %d, %v", seq, err)
		}
		time.Sleep(time.Minute)
		for want := uint64(1); want <= all+1; want++ {
			if e := next(t, r); e.Seq != want {
				t.Fatalf("heard %d, want %d", e.Seq, want)
			}
		}
	})
	in(t, "a position that was kept", func(t *testing.T, w *world) {
		w.says(9)
		c, r := come(t, w, client.Options{})
		if r.Behind() {
			t.Error("Now begins with what was there")
		}
		if err := r.Leave(t.Context()); err == nil { // the world knows no leave
			t.Error("left")
		}
		r = join(t, c, w.room, client.After(client.Position{Epoch: "e1", Seq: 7}))
		if e := next(t, r); e.Seq != 8 || e.Live {
			t.Errorf("heard %+v, want 8", e)
		}
	})
}

func TestStayConnected(t *testing.T) {
	in(t, "before two hours the next connection comes first", func(t *testing.T, w *world) {
		var states []client.State
		c, r := come(t, w, client.Options{Heard: func(hint any) {
			if s, ok := hint.(client.State); ok {
				states = append(states, s)
			}
		}})
		for i := range 24 * 6 {
			if seq, err := r.Send(t.Context(), "tick"); err != nil || seq != uint64(i+1) {
				t.Fatalf("Send: %d, %v", seq, err)
			}
			if e := next(t, r); e.Seq != uint64(i+1) {
				t.Fatalf("heard %+v", e)
			}
			time.Sleep(10 * time.Minute)
			w.mu.Lock()
			for l := range w.links { // as API Gateway does
				if time.Since(l.began) > 2*time.Hour {
					t.Error("a connection is older than two hours")
				}
			}
			w.mu.Unlock()
		}
		open, ever := w.of()
		if open != 1 || ever < 13 || ever > 16 {
			t.Errorf("%d connections are open, %d were", open, ever)
		}
		if len(states) != 1 || c.State() != client.Online {
			t.Errorf("it was not always online: %v", states)
		}
	})
	in(t, "told to stay away, it stays away and says why", func(t *testing.T, w *world) {
		c, r := come(t, w, client.Options{})
		w.mu.Lock()
		for l := range w.links {
			w.give(l, protocol.Errorf(protocol.TooFast, "This connection was told to slow down and did not."))
			time.AfterFunc(time.Second, func() { l.ws.Close(protocol.ClosePolicy, "") })
		}
		w.mu.Unlock()
		var refusal *protocol.Error
		if _, err := r.Next(t.Context()); !errors.As(err, &refusal) || refusal.Code != protocol.TooFast {
			t.Errorf("got %v", err)
		}
		time.Sleep(48 * time.Hour)
		if _, ever := w.of(); ever != 1 || c.State() != client.Stopped {
			t.Errorf("%d connections, %s", ever, c.State())
		}
		if _, err := c.Join(t.Context(), "other", client.Now()); !errors.As(err, &refusal) {
			t.Errorf("Join: %v", err)
		}
	})
	for code, stays := range map[websocket.StatusCode]bool{protocol.CloseBanned: true, protocol.CloseSignedOut: true, protocol.CloseGoingAway: false, protocol.CloseSlowReader: false, 1000: false, 1011: false} {
		in(t, fmt.Sprintf("close code %d alone", code), func(t *testing.T, w *world) {
			c, _ := come(t, w, client.Options{})
			w.mu.Lock()
			for l := range w.links {
				go l.ws.Close(code, "")
			}
			w.mu.Unlock()
			time.Sleep(time.Hour)
			if _, ever := w.of(); stays != (c.State() == client.Stopped) || !stays && ever != 2 {
				t.Errorf("%s after %d connections", c.State(), ever)
			}
		})
	}
	in(t, "told when, it comes then", func(t *testing.T, w *world) {
		c, _ := come(t, w, client.Options{})
		began := time.Now()
		w.mu.Lock()
		for l := range w.links {
			w.give(l, protocol.Errorf(protocol.Restarting, "Back soon.").Retriable(90_000))
			time.AfterFunc(time.Second, func() { l.ws.Close(protocol.CloseRestarting, "") })
		}
		w.mu.Unlock()
		time.Sleep(10 * time.Second)
		if c.State() != client.Waiting {
			t.Errorf("%s meanwhile", c.State())
		}
		if err := c.Online(t.Context()); err != nil || time.Since(began) < 90*time.Second || time.Since(began) > 93*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
	in(t, "nobody there: full jitter up to 30 s, and Wake at once", func(t *testing.T, w *world) {
		tries := 0
		c, err := client.New(client.Options{URL: "ws://world/socket", HTTP: &http.Client{Transport: refusing(func() { tries++ })}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		time.Sleep(time.Hour)
		synctest.Wait()
		if tries < 130 || tries > 500 { // 15 s on average
			t.Errorf("%d tries in an hour", tries)
		}
		before := tries
		c.Wake()
		synctest.Wait()
		if tries != before+1 && tries != before+2 {
			t.Errorf("%d tries after Wake", tries-before)
		}
	})
}

// refusing is a network on which nobody listens.
type refusing func()

func (f refusing) RoundTrip(*http.Request) (*http.Response, error) {
	f()
	return nil, errors.New("connection refused")
}

// What was not acknowledged goes when the program runs again, under its id and
// as the same person: it is there once.
func TestOutboxOutlivesTheProcess(t *testing.T) {
	in(t, "acknowledged to nobody", func(t *testing.T, w *world) {
		dir := t.TempDir()
		options := func() client.Options {
			return client.Options{
				URL: "ws://world/socket", Name: "bot", HTTP: w.client(),
				Identity: client.IdentityFile(filepath.Join(dir, "identity.json")), Outbox: client.NewOutboxFile(filepath.Join(dir, "outbox")),
			}
		}
		stored := false
		w.instead(func(l *link, f frame) bool { // the first one is stored, and nobody hears of it
			if f["type"] == "message" && !stored {
				stored = true
				w.claims[l.person+" "+f.text("id")] = w.append(logged{kind: "message", id: f.text("id"), person: l.person, text: f.text("text")})
			}
			return f["type"] == "message"
		})
		o := options()
		c, err := client.Dial(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r := join(t, c, w.room, client.Now())
		for _, text := range []string{"one", "two", "three"} {
			if _, err := r.Post(text); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if err := errors.Join(c.Close(), o.Outbox.(*client.OutboxFile).Close()); err != nil {
			t.Fatal(err)
		}
		w.instead(nil)

		o = options()
		c = dial(t, o)
		r = join(t, c, w.room, client.After(client.Position{}))
		unsent := r.Unsent()
		for _, p := range unsent {
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for i, want := range []string{"one", "two", "three"} {
			if e := next(t, r); e.Text != want || e.Seq != uint64(i+1) {
				t.Errorf("heard %+v, want %s", e, want)
			}
		}
		if len(w.people) != 1 || w.head() != 3 {
			t.Errorf("%d persons, %d messages", len(w.people), w.head())
		}
		if err := errors.Join(c.Close(), o.Outbox.(*client.OutboxFile).Close()); err != nil {
			t.Fatal(err)
		}
		if left, err := client.NewOutboxFile(filepath.Join(dir, "outbox")).Load(); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
}
