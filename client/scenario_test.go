package client_test

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"parley/client"
	"parley/protocol"
)

// scenario is a session of one client in the room general, told frame by frame.
// The JavaScript library is held to the same ones.
type scenario struct {
	About string
	Begin jsontext.Value // the first joined
	Steps []struct {
		// What happens.
		Say  jsontext.Value // the server sends this; "$id" is the id of the action expected last, "$m" of the one named m
		End  int            // the connection ends with this close code; 1006: without one
		Send string         // the person says this
		Wait int            // milliseconds

		// What must be so.
		Expect     jsontext.Value    // an action with these fields was sent since the last one expected
		As         string            // a name for its id
		Within     int               // or is within so many milliseconds
		Quiet      string            // no such action was sent since
		Has        []uint64          // the messages there are
		Texts      map[uint64]string // of messages
		Incomplete *int              // how often it was told that something is missing
		Pending    *int              // messages not acknowledged, not failed
		Failed     *int              // messages that failed
	}
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../protocol/testdata/resume/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d scenarios: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s scenario
			if err := json.Unmarshal(b, &s, json.MatchCaseInsensitiveNames(true), json.RejectUnknownMembers(true)); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, s.play)
		})
	}
}

func (s scenario) play(t *testing.T) {
	server := newScripted()
	defer server.close()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := client.New(client.Options{URL: "ws://scripted/socket", HTTP: server.client(), Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer c.Close()
	defer cancel()
	var room *client.Room
	running.Go(func() { room, err = c.Join(ctx, protocol.GeneralRoom, client.Recent()) })
	names := map[string]string{}
	for _, first := range []struct{ action, event string }{
		{`{"type":"hello"}`, strings.Replace(goldenEvent(t, "welcome"), `"rooms":["general"]`, `"rooms":[]`, 1)},
		{`{"type":"join"}`, string(s.Begin)},
	} {
		names["id"] = server.expect(t, first.action, time.Second)
		server.say(strings.Replace(first.event, `"id":"h1"`, `"id":"`+names["id"]+`"`, 1))
	}
	synctest.Wait()
	if room == nil || err != nil {
		t.Fatalf("Join: %v", err)
	}
	seen := &shown{texts: map[uint64]string{}, edited: map[uint64]uint64{}}
	running.Go(func() {
		for e, err := range room.Entries(ctx) {
			if err != nil {
				return
			}
			seen.take(e)
		}
	})
	fill := func(v jsontext.Value) string {
		text := string(v)
		for name, id := range names {
			text = strings.ReplaceAll(text, `"$`+name+`"`, `"`+id+`"`)
		}
		return text
	}
	failed := 0
	for i, step := range s.Steps {
		if step.Say != nil {
			server.say(fill(step.Say))
		}
		if step.End != 0 {
			server.end(websocket.StatusCode(step.End))
		}
		if step.Send != "" {
			p, err := room.Post(step.Send)
			if err != nil {
				t.Fatal(err)
			}
			running.Go(func() {
				if _, err := p.Wait(ctx); err != nil && ctx.Err() == nil {
					failed++
				}
			})
		}
		time.Sleep(time.Duration(step.Wait) * time.Millisecond)
		synctest.Wait()
		if step.Expect != nil {
			names["id"] = server.expect(t, fill(step.Expect), time.Duration(step.Within)*time.Millisecond)
			if step.As != "" {
				names[step.As] = names["id"]
			}
		}
		if step.Quiet != "" {
			server.quiet(t, step.Quiet)
		}
		if step.Has != nil && !slices.Equal(seen.messages(), step.Has) {
			t.Errorf("has %v, want %v", seen.messages(), step.Has)
		}
		for seq, want := range step.Texts {
			if seen.texts[seq] != want {
				t.Errorf("message %d is %q, want %q", seq, seen.texts[seq], want)
			}
		}
		for what, is := range map[string][2]*int{"incomplete": {&seen.gaps, step.Incomplete}, "failed": {&failed, step.Failed}} {
			if is[1] != nil && *is[0] != *is[1] {
				t.Errorf("%s %d, want %d", what, *is[0], *is[1])
			}
		}
		if got := len(room.Unsent()); step.Pending != nil && got != *step.Pending {
			t.Errorf("%d pending, want %d", got, *step.Pending)
		}
		if t.Failed() {
			t.Fatalf("in step %d of: %s", i+1, s.About)
		}
	}
}

// shown is what a view of the room would show.
type shown struct {
	texts  map[uint64]string
	edited map[uint64]uint64
	gaps   int
}

func (s *shown) take(e client.Entry) {
	_, there := s.texts[e.Target]
	switch e.Kind {
	case client.KindMessage:
		s.texts[e.Seq], s.edited[e.Seq] = e.Text, e.Edited
	case client.KindEdit:
		if there && e.Text != "" && e.Seq > s.edited[e.Target] {
			s.texts[e.Target], s.edited[e.Target] = e.Text, e.Seq
		}
	case client.KindDelete:
		if there {
			s.texts[e.Target] = ""
		}
	case client.KindGap:
		s.gaps++
		clear(s.texts)
		clear(s.edited)
	}
}

func (s *shown) messages() []uint64 { return slices.Sorted(maps.Keys(s.texts)) }

func goldenEvent(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../protocol/testdata/events/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// scripted is a server that does nothing by itself.
type scripted struct {
	listener *pipes
	server   *http.Server
	mu       sync.Mutex
	ws       *websocket.Conn // the newest
	news     []any           // actions since the last one expected
}

func newScripted() *scripted {
	s := &scripted{listener: newPipes()}
	s.server = &http.Server{Handler: s}
	go s.server.Serve(s.listener)
	return s
}

func (s *scripted) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.listener.dial, DisableKeepAlives: true}}
}

func (s *scripted) close() {
	s.server.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws != nil {
		s.ws.CloseNow()
	}
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		return
	}
	defer ws.CloseNow()
	s.mu.Lock()
	s.ws = ws
	s.mu.Unlock()
	for {
		_, frame, err := ws.Read(context.Background())
		if err != nil {
			return
		}
		var action any
		if err := json.Unmarshal(frame, &action); err != nil {
			panic(err)
		}
		s.mu.Lock()
		s.news = append(s.news, action)
		s.mu.Unlock()
	}
}

func (s *scripted) newest() *websocket.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ws
}

func (s *scripted) say(event string) {
	s.newest().Write(context.Background(), websocket.MessageText, []byte(event))
}

func (s *scripted) end(code websocket.StatusCode) {
	if code == websocket.StatusAbnormalClosure {
		s.newest().CloseNow()
	} else {
		go s.newest().Close(code, "")
	}
	synctest.Wait()
}

// expect waits for an action with some fields, and returns its id.
func (s *scripted) expect(t *testing.T, fields string, within time.Duration) string {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(fields), &wanted); err != nil {
		t.Fatal(err)
	}
	for waited := time.Duration(0); ; waited += 50 * time.Millisecond {
		synctest.Wait()
		s.mu.Lock()
		i := slices.IndexFunc(s.news, func(action any) bool { return includes(action, wanted) })
		if i >= 0 {
			id, _ := s.news[i].(map[string]any)["id"].(string)
			s.news = s.news[i+1:]
			s.mu.Unlock()
			return id
		}
		if waited >= within {
			t.Fatalf("no %s within %s; there came %v", fields, within, s.news)
		}
		s.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *scripted) quiet(t *testing.T, kind string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, action := range s.news {
		if includes(action, map[string]any{"type": kind}) {
			t.Errorf("it sent %v", action)
		}
	}
}

// includes tells whether an action has these fields, and its lists have them.
func includes(action, wanted any) bool {
	switch w := wanted.(type) {
	case map[string]any:
		a, ok := action.(map[string]any)
		for name, value := range w {
			ok = ok && includes(a[name], value)
		}
		return ok
	case []any:
		a, ok := action.([]any)
		ok = ok && len(a) >= len(w)
		for i := 0; ok && i < len(w); i++ {
			ok = includes(a[i], w[i])
		}
		return ok
	}
	return reflect.DeepEqual(action, wanted)
}
