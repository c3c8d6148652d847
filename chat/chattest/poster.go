package chattest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/chat"
)

// patience is how long a frame may be on its way before a test gives up.
const patience = 5 * time.Second

// ErrEnded is what Recipient.Receive returns when the connection has ended.
var ErrEnded = errors.New("the connection has ended")

// Recipient is the far end of a connection: a browser, in a test.
type Recipient struct {
	ID chat.ConnectionID
	// Receive returns the next frame, or ErrEnded, or the context's error.
	Receive func(ctx context.Context) ([]byte, error)
	// Vanish ends the connection from the far end and returns when the home
	// has noticed.
	Vanish func()
}

// PosterHarness is a Poster and a way to connect to its home.
type PosterHarness struct {
	Poster chat.Poster
	// Connect opens a connection; the harness ends it with the test.
	Connect func(t testing.TB) Recipient
	// InOrder tells that the home promises order. Without it only completeness
	// is wanted.
	InOrder bool
	// Unread is how much a connection that never reads may be sent before the
	// home may end it, in bytes; 0 leaves such connections out of the test, for
	// homes where reading is somebody else's (API Gateway's).
	Unread int
}

// Poster holds an implementation to chat.Poster.
func Poster(t *testing.T, open func(t testing.TB) PosterHarness) {
	t.Run("each frame to each connection", func(t *testing.T) { eachToEach(t, open(t)) })
	t.Run("frames arrive as they are", func(t *testing.T) { framesWhole(t, open(t)) })
	t.Run("those that are gone are told", func(t *testing.T) { goneTold(t, open(t)) })
	t.Run("close ends a connection", func(t *testing.T) { closeEnds(t, open(t)) })
	t.Run("many post at once", func(t *testing.T) { postAtOnce(t, open(t)) })
	t.Run("one that does not read delays nobody", func(t *testing.T) { stalledReader(t, open(t)) })
}

func eachToEach(t *testing.T, h PosterHarness) {
	a, b, other := h.Connect(t), h.Connect(t), h.Connect(t)
	frames := frameRun("frame", 5)
	post(t, h, frames, a.ID, b.ID)
	post(t, h, nil, a.ID)                    // nothing to send
	post(t, h, [][]byte{[]byte(`"nobody"`)}) // nobody to send to
	post(t, h, [][]byte{[]byte(`"end"`)}, a.ID, b.ID, other.ID)
	for _, r := range []Recipient{a, b} {
		wantFrames(t, h, r, append(slices.Clone(frames), []byte(`"end"`)))
	}
	wantFrames(t, h, other, [][]byte{[]byte(`"end"`)})
}

func framesWhole(t *testing.T, h PosterHarness) {
	r := h.Connect(t)
	frames := [][]byte{
		[]byte(`{"type":"message","text":"<script>&amp; \u2028"}`),
		[]byte("{\"text\":\"\u2028 \u00e9 👩‍👩‍👧 \U0010ffff\"}"),
		[]byte(`"` + string(bytes.Repeat([]byte("x"), 125-2)) + `"`), // the sizes at which a WebSocket header grows
		[]byte(`"` + string(bytes.Repeat([]byte("x"), 126-2)) + `"`),
		[]byte(`"` + string(bytes.Repeat([]byte("x"), 32<<10-2)) + `"`),
	}
	sent := make([][]byte, len(frames))
	for i, f := range frames {
		sent[i] = bytes.Clone(f)
	}
	post(t, h, sent, r.ID)
	wantFrames(t, h, r, frames)
	for i := range frames {
		if !bytes.Equal(sent[i], frames[i]) {
			t.Errorf("Post changed a frame of its caller: %.60q", sent[i])
		}
	}
}

func goneTold(t *testing.T, h PosterHarness) {
	stays, vanished, never := h.Connect(t), h.Connect(t), "bm8gb25lIGlzCg=="
	vanished.Vanish()
	gone, err := h.Poster.Post(t.Context(), frameRun("frame", 2), []chat.ConnectionID{vanished.ID, stays.ID, never})
	must(t, err)
	slices.Sort(gone)
	want := []chat.ConnectionID{vanished.ID, never}
	if slices.Sort(want); !slices.Equal(gone, want) {
		t.Errorf("gone: got %q, want %q", gone, want)
	}
	wantFrames(t, h, stays, frameRun("frame", 2))
	if err := h.Poster.Close(t.Context(), 1000, "", vanished.ID, never); err != nil {
		t.Errorf("Close of connections that are gone: %v", err)
	}
}

func closeEnds(t *testing.T, h PosterHarness) {
	told, stays := h.Connect(t), h.Connect(t)
	post(t, h, [][]byte{[]byte(`{"type":"error"}`)}, told.ID)
	must(t, h.Poster.Close(t.Context(), 4003, "banned", told.ID))
	wantFrames(t, h, told, [][]byte{[]byte(`{"type":"error"}`)}) // what was posted before still arrives
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if frame, err := told.Receive(ctx); !errors.Is(err, ErrEnded) {
		t.Errorf("after Close: received %.60q, %v, want ErrEnded", frame, err)
	}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		gone, err := h.Poster.Post(t.Context(), frameRun("late", 1), []chat.ConnectionID{told.ID, stays.ID})
		must(t, err)
		wantFrames(t, h, stays, frameRun("late", 1))
		if slices.Equal(gone, []chat.ConnectionID{told.ID}) {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("gone after Close: got %q, want %q", gone, told.ID)
		}
	}
}

// postAtOnce wants every frame once, those of one goroutine in their order.
func postAtOnce(t *testing.T, h PosterHarness) {
	const posters, posts, each = 6, 10, 3
	recipients := []Recipient{h.Connect(t), h.Connect(t), h.Connect(t)}
	var to []chat.ConnectionID
	for _, r := range recipients {
		to = append(to, r.ID)
	}
	together(posters, func(p int) {
		for n := range posts {
			var frames [][]byte
			for e := range each {
				frames = append(frames, fmt.Appendf(nil, `[%d,%d]`, p, n*each+e))
			}
			if gone, err := h.Poster.Post(t.Context(), frames, to); len(gone) != 0 || err != nil {
				t.Errorf("Post: gone %q, %v", gone, err)
			}
		}
	})
	for _, r := range recipients {
		var next [posters]int
		seen := make(map[[2]int]bool)
		for range posters * posts * each {
			frame := receive(t, r)
			var p, n int
			if _, err := fmt.Sscanf(string(frame), "[%d,%d]", &p, &n); err != nil || seen[[2]int{p, n}] {
				t.Fatalf("received %q: broken or a second time (%v)", frame, err)
			}
			seen[[2]int{p, n}] = true
			if h.InOrder && n != next[p] {
				t.Fatalf("from poster %d: received frame %d, want %d", p, n, next[p])
			}
			next[p]++
		}
	}
}

func stalledReader(t *testing.T, h PosterHarness) {
	if h.Unread == 0 {
		t.Skip("this home does not read for its recipients")
	}
	reads, stalled := h.Connect(t), h.Connect(t)
	frame := []byte(`"` + string(bytes.Repeat([]byte("x"), 16<<10)) + `"`)
	// The kernel's buffers of both ends stand between Post and a full queue: up to
	// 10 MB on Linux, and what they took is not the home's to bound.
	most := (h.Unread + 16<<20) / len(frame)
	for n := range most {
		start := time.Now()
		gone, err := h.Poster.Post(t.Context(), [][]byte{frame}, []chat.ConnectionID{stalled.ID, reads.ID})
		must(t, err)
		if took := time.Since(start); took > patience/2 {
			t.Fatalf("Post %d waited %v for a connection that does not read", n, took)
		}
		if slices.Contains(gone, reads.ID) {
			t.Fatalf("the connection that reads is gone after %d frames", n)
		}
		if got := receive(t, reads); !bytes.Equal(got, frame) {
			t.Fatalf("received %.60q", got)
		}
		if slices.Contains(gone, stalled.ID) {
			return
		}
	}
	t.Errorf("%d frames of %d bytes were queued for a connection that does not read", most, len(frame))
}

func frameRun(what string, n int) (frames [][]byte) {
	for i := range n {
		frames = append(frames, fmt.Appendf(nil, `{%q:%d}`, what, i))
	}
	return frames
}

func post(t testing.TB, h PosterHarness, frames [][]byte, to ...chat.ConnectionID) {
	t.Helper()
	if gone, err := h.Poster.Post(t.Context(), frames, to); len(gone) != 0 || err != nil {
		t.Fatalf("Post: got gone %q, %v, want none", gone, err)
	}
}

func receive(t testing.TB, r Recipient) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	frame, err := r.Receive(ctx)
	if err != nil {
		t.Fatalf("Receive: %v", err)
	}
	return bytes.Clone(frame)
}

func wantFrames(t testing.TB, h PosterHarness, r Recipient, want [][]byte) {
	t.Helper()
	var got [][]byte
	for range want {
		got = append(got, receive(t, r))
	}
	want = slices.Clone(want)
	if !h.InOrder {
		slices.SortFunc(got, bytes.Compare)
		slices.SortFunc(want, bytes.Compare)
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("received:\n got %.200q\nwant %.200q", got, want)
	}
}
