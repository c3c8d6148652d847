package functions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/chat/chattest"
	"parley/functions"
)

func TestPosterContract(t *testing.T) {
	chattest.Poster(t, func(t testing.TB) chattest.PosterHarness {
		a := newAPI(t)
		return chattest.PosterHarness{
			Poster: a.poster(t, nil),
			Connect: func(t testing.TB) chattest.Recipient {
				id := a.connect()
				a.mu.Lock()
				frames := a.open[id]
				a.mu.Unlock()
				return chattest.Recipient{
					ID: id,
					Receive: func(ctx context.Context) ([]byte, error) {
						select {
						case frame, ok := <-frames:
							if !ok {
								return nil, chattest.ErrEnded
							}
							return frame, nil
						case <-ctx.Done():
							return nil, ctx.Err()
						}
					},
					Vanish: func() { a.vanish(id) },
				}
			},
			InOrder: true, // more than AWS promises: what is posted one after the other is sent so
		}
	})
}

// TestAnswers is one recipient's way through each answer of the API.
func TestAnswers(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	reset := func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }
	for _, c := range []struct {
		name    string
		answers []answering
		calls   int // of 2 frames
		gone    bool
		err     string // part of it; empty: none
		log     string // part of it; empty: nothing is logged
	}{
		{"taken", nil, 2, false, "", ""},
		{"410 with a type", []answering{fail(410, "GoneException")}, 1, true, "", ""},
		{"410 without a type", []answering{fail(410, "")}, 1, true, "", ""},
		{"410 with a body", []answering{func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(410)
			fmt.Fprint(w, `{"message":"Gone"}`)
		}}, 1, true, "", ""},
		{"410 at the second frame", []answering{nil, fail(410, "GoneException")}, 2, true, "", ""},
		{"400", []answering{fail(400, "BadRequestException")}, 1, true, "", ""},
		{"403", []answering{fail(403, "ForbiddenException")}, 1, false, "403 ForbiddenException; hint: ", ""},
		{"404", []answering{fail(404, "")}, 1, false, "404", ""},
		{"413", []answering{fail(413, "PayloadTooLargeException")}, 1, false, "413 PayloadTooLargeException", ""},
		{"302", []answering{fail(302, "")}, 1, false, "302", ""},
		{"429 once", []answering{fail(429, "LimitExceededException")}, 3, false, "", ""},
		{"429 at the second frame", []answering{nil, fail(429, "")}, 3, false, "", ""},
		{"429 twice", []answering{fail(429, ""), fail(429, "")}, 2, false, "", `"busy":1`},
		{"429, then gone", []answering{fail(429, ""), fail(410, "")}, 2, true, "", ""},
		{"500 once", []answering{fail(500, "")}, 3, false, "", ""},
		{"503 twice", []answering{fail(503, ""), fail(503, "")}, 2, false, "", `"failed":1`},
		{"hangs", []answering{hang}, 1, false, "", `"slow":1`},
		{"reset once", []answering{reset}, 3, false, "", ""},
		{"reset twice", []answering{reset, reset}, 2, false, "EOF", `"unreached":1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t)
			a.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			id := a.connect()
			a.on(id, c.answers...)
			var log bytes.Buffer
			p := a.poster(t, func(o *functions.PosterOptions) {
				o.Patience = 200 * time.Millisecond
				o.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			})
			gone, err := p.Post(t.Context(), [][]byte{[]byte("one"), []byte("two")}, []string{id})
			if got := slices.Contains(gone, id); got != c.gone || len(gone) > 1 {
				t.Errorf("gone %q, want %v", gone, c.gone)
			}
			if err == nil && c.err != "" || err != nil && (c.err == "" || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if c.log == "" && log.Len() > 0 || !strings.Contains(log.String(), c.log) {
				t.Errorf("logged %q, want %q", &log, c.log)
			}
			if calls := a.callsOf(id); calls != c.calls {
				t.Errorf("%d requests, want %d", calls, c.calls)
			}
			if !c.gone && c.err == "" && c.log == "" {
				var got []string
				for len(a.open[id]) > 0 {
					got = append(got, string(<-a.open[id]))
				}
				if !slices.Equal(got, []string{"one", "two"}) {
					t.Errorf("received %q", got)
				}
			}
		})
	}
}

// TestOneHangs wants 199 served at once while one never answers.
func TestOneHangs(t *testing.T) {
	a := newAPI(t)
	held := make(chan struct{})
	var ids []string
	for range 200 {
		ids = append(ids, a.connect())
	}
	a.on(ids[7], func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})
	p := a.poster(t, func(o *functions.PosterOptions) { o.Patience = time.Minute })
	returned := make(chan error, 1)
	go func() {
		_, err := p.Post(t.Context(), [][]byte{[]byte("hello")}, ids)
		returned <- err
	}()
	for i, id := range ids {
		if i == 7 {
			continue
		}
		select {
		case <-a.open[id]:
		case <-time.After(10 * time.Second):
			t.Fatalf("recipient %d waits for another", i)
		}
	}
	select {
	case err := <-returned:
		t.Fatalf("Post returned before its time: %v", err)
	default:
	}
	close(held)
	if err := <-returned; err != nil {
		t.Error(err)
	}
}

// TestManyHang: more hang than are posted to at first, and the rest is served
// long before these are given up.
func TestManyHang(t *testing.T) {
	a := newAPI(t)
	release := make(chan struct{})
	var ids []string
	for i := range 100 {
		id := a.connect()
		if i < 60 {
			a.on(id, func(w http.ResponseWriter, r *http.Request) { <-release })
		}
		ids = append(ids, id)
	}
	p := a.poster(t, func(o *functions.PosterOptions) { o.Patience = time.Minute })
	returned := make(chan error, 1)
	go func() {
		_, err := p.Post(t.Context(), [][]byte{[]byte("hello")}, ids)
		returned <- err
	}()
	for i, id := range ids[60:] {
		select {
		case <-a.open[id]:
		case <-time.After(20 * time.Second):
			t.Fatalf("recipient %d waits for others", 60+i)
		}
	}
	close(release)
	if err := <-returned; err != nil {
		t.Error(err)
	}
}

func TestOneRefusalForTheWholeBatch(t *testing.T) {
	a := newAPI(t)
	var ids []string
	for range 50 {
		ids = append(ids, a.on(a.connect(), fail(403, "ForbiddenException")))
	}
	gone := a.on(a.connect(), fail(410, ""))
	got, err := a.poster(t, nil).Post(t.Context(), [][]byte{[]byte("x")}, append(ids, gone))
	if !slices.Equal(got, []string{gone}) {
		t.Errorf("gone %q, want %q", got, gone)
	}
	if err == nil || strings.Count(err.Error(), "403") != 1 || !strings.Contains(err.Error(), "50 of 51") {
		t.Errorf("error %v", err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	a := newAPI(t)
	a.Server.Close()
	ids := []string{a.connect(), a.connect()}
	gone, err := a.poster(t, nil).Post(t.Context(), [][]byte{[]byte("x")}, ids)
	if len(gone) > 0 || err == nil || !strings.Contains(err.Error(), "2 of 2") {
		t.Errorf("gone %q, error %v", gone, err)
	}
	if err := a.poster(t, nil).Close(t.Context(), 1000, "", ids...); err == nil {
		t.Error("Close: no error")
	}
}

func TestCancelled(t *testing.T) {
	a := newAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ids []string
	for i := range 30 {
		id := a.connect()
		if i%3 == 0 {
			a.on(id, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
		}
		ids = append(ids, id)
	}
	start := time.Now()
	_, err := a.poster(t, func(o *functions.PosterOptions) { o.Width, o.Patience = 4, time.Minute }).Post(ctx, [][]byte{[]byte("x")}, ids)
	if !errors.Is(err, context.Canceled) || time.Since(start) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestCloseThatFails(t *testing.T) {
	a := newAPI(t)
	stays, goes := a.connect(), a.connect()
	a.on(stays, fail(500, ""), fail(500, ""))
	if err := a.poster(t, nil).Close(t.Context(), 1008, "too_fast", stays, goes); err == nil || !strings.Contains(err.Error(), "1 of 2") {
		t.Errorf("error %v", err)
	}
	if _, open := a.open[goes]; open {
		t.Error("the other one is open still")
	}
}

// TestWidth wants no more at once than allowed, also from many callers.
func TestWidth(t *testing.T) {
	a := newAPI(t)
	p := a.poster(t, func(o *functions.PosterOptions) { o.Width = 5 })
	var ids []string
	for range 40 {
		ids = append(ids, a.on(a.connect(), func(w http.ResponseWriter, r *http.Request) { time.Sleep(2 * time.Millisecond) }))
	}
	done := make(chan error)
	for i := range 4 {
		go func() {
			_, err := p.Post(t.Context(), [][]byte{[]byte("x")}, ids[i*10:][:10])
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if a.peak > 5 || a.peak < 2 {
		t.Errorf("%d at once, want up to 5", a.peak)
	}
}

// TestThaw: what was idle while Lambda froze the process is not used again.
func TestThaw(t *testing.T) {
	a := newAPI(t)
	id := a.connect()
	now := time.Now()
	dials := map[string]bool{}
	a.on(id, slices.Repeat([]answering{func(w http.ResponseWriter, r *http.Request) { dials[r.RemoteAddr] = true }}, 3)...)
	p := a.poster(t, func(o *functions.PosterOptions) { o.Now = func() time.Time { return now } })
	for i, want := range []int{1, 1, 2} {
		if _, err := p.Post(t.Context(), [][]byte{[]byte("x")}, []string{id}); err != nil {
			t.Fatal(err)
		}
		if len(dials) != want {
			t.Errorf("after post %d: %d connections, want %d", i+1, len(dials), want)
		}
		now = now.Add(time.Duration(i) * time.Minute) // 0 after the first, 1 min after the second
	}
}
