package functions_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/chat"
	"parley/functions"
	"parley/memory"
)

// counter is a Poster that counts what each connection got. A connection whose
// id begins with "gone" is gone.
type counter struct {
	mu    sync.Mutex
	got   map[string]int
	posts int
}

func (c *counter) Post(ctx context.Context, frames [][]byte, to []string) (gone []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posts++
	for _, id := range to {
		if strings.HasPrefix(id, "gone") {
			gone = append(gone, id)
		}
		c.got[id] += len(frames)
	}
	return gone, nil
}

func (c *counter) Close(context.Context, int, string, ...string) error { return nil }

// invoker runs each event as Lambda would: later, in another process, here with
// a Sharing of its own. refuse counts down the events it does not accept.
type invoker struct {
	t      *testing.T
	mu     sync.Mutex
	events [][]byte
	refuse int
}

func (i *invoker) Invoke(ctx context.Context, event []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.refuse > 0 {
		i.refuse--
		return errors.New("429")
	}
	i.events = append(i.events, event)
	return nil
}

// run has the events done, and returns whom they found gone.
func (i *invoker) run(o functions.SharingOptions) (gone []string) {
	i.t.Helper()
	for _, event := range i.events {
		r := &recorder{}
		h, _ := functions.New(r, functions.Options{Shares: functions.NewSharing(o)}).Handler(functions.OnAction)
		if answer, err := h.Invoke(i.t.Context(), event); err != nil || string(answer) != `{"statusCode":200}` {
			i.t.Errorf("share: %s, %v", answer, err)
		}
		gone = append(gone, r.ended...)
	}
	return gone
}

// ranged is a table that can read a range by itself, and counts what it read.
type ranged struct {
	*memory.Table
	mu   sync.Mutex
	read int
}

func (r *ranged) InRoomBetween(ctx context.Context, room string, to chat.Audience, after, until string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for page, err := range r.InRoom(ctx, room, to) {
			var part []string
			for _, id := range page {
				if id > after && (until == "" || id <= until) {
					part = append(part, id)
				}
			}
			r.mu.Lock()
			r.read += len(part)
			r.mu.Unlock()
			if !yield(part, err) {
				return
			}
		}
	}
}

func TestSharing(t *testing.T) {
	for _, c := range []struct {
		members, from, refuse int
		events                int
	}{
		{4999, 5000, 0, 0}, {5000, 5000, 0, 1}, {9999, 5000, 0, 1}, {10000, 5000, 0, 2}, {15001, 5000, 0, 3}, {40000, 5000, 0, 3},
		{20000, 5000, 1, 2}, {20000, 5000, 3, 0}, {0, 5000, 0, 0}, {7, 2, 0, 3}, {4, 1, 0, 3}, {1, 1, 0, 0},
	} {
		for _, withRanges := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d members, %d refused, ranges %v", c.members, c.refuse, withRanges), func(t *testing.T) {
				table := &ranged{Table: memory.NewTable()}
				var members chat.Membership = table.Table
				if withRanges {
					members = table
				}
				var wantGone []string
				for i := range c.members {
					id := fmt.Sprintf("%08x", uint32(i*2654435761)) // in no order
					if i%10 == 9 {
						id = "gone" + id
						wantGone = append(wantGone, id)
					}
					if _, err := table.Join(t.Context(), "general", chat.Member{Connection: id}); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := table.Join(t.Context(), "general", chat.Member{Connection: "except"}); err != nil {
					t.Fatal(err)
				}
				poster, lambda := &counter{got: map[string]int{}}, &invoker{t: t, refuse: c.refuse}
				o := functions.SharingOptions{Poster: poster, Members: members, Invoker: lambda, From: c.from}
				gone, err := functions.NewSharing(o).PostRoom(t.Context(), "general", chat.Everyone, "except", [][]byte{[]byte(`{"a":"<&>"}`), []byte("b")})
				if err != nil {
					t.Fatal(err)
				}
				if len(lambda.events) != c.events {
					t.Errorf("%d events, want %d", len(lambda.events), c.events)
				}
				here := len(poster.got)
				if _, err := table.Join(t.Context(), "general", chat.Member{Connection: "zzz-late"}); err != nil {
					t.Fatal(err)
				}
				gone = append(gone, lambda.run(o)...)
				if c.refuse == 0 && c.events > 0 && poster.got["zzz-late"] != 2 {
					t.Error("who came before the last share was read did not get it")
				}
				delete(poster.got, "zzz-late")
				slices.Sort(gone)
				slices.Sort(wantGone)
				if !slices.Equal(gone, wantGone) {
					t.Errorf("%d gone, want %d", len(gone), len(wantGone))
				}
				if len(poster.got) != c.members {
					t.Errorf("%d got it, want %d", len(poster.got), c.members)
				}
				for id, n := range poster.got {
					if n != 2 || id == "except" {
						t.Fatalf("%s got %d frames, want 2", id, n)
					}
				}
				if c.refuse == 0 && c.events > 0 && here > c.members/(c.events+1)+1 {
					t.Errorf("%d of %d were posted here", here, c.members)
				}
			})
		}
	}
}

// TestSharingTooLarge: what does not fit into an event is posted here.
func TestSharingTooLarge(t *testing.T) {
	table := memory.NewTable()
	for i := range 10 {
		table.Join(t.Context(), "general", chat.Member{Connection: fmt.Sprint(i)})
	}
	poster, lambda := &counter{got: map[string]int{}}, &invoker{t: t}
	s := functions.NewSharing(functions.SharingOptions{Poster: poster, Members: table, Invoker: lambda, From: 2})
	frames := slices.Repeat([][]byte{make([]byte, 32<<10)}, 9)
	if _, err := s.PostRoom(t.Context(), "general", chat.Everyone, "", frames); err != nil || len(lambda.events) > 0 || len(poster.got) != 10 {
		t.Errorf("%v; %d events, %d got it", err, len(lambda.events), len(poster.got))
	}
}

// brokenTable fails after its first page.
type brokenTable struct{ chat.Membership }

func (brokenTable) InRoom(context.Context, string, chat.Audience) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		if yield([]string{"a", "b"}, nil) {
			yield(nil, errors.New("throttled"))
		}
	}
}

func TestSharingHalfRead(t *testing.T) {
	poster := &counter{got: map[string]int{}}
	s := functions.NewSharing(functions.SharingOptions{Poster: poster, Members: brokenTable{}, From: 1, Invoker: &invoker{t: t}})
	_, err := s.PostRoom(t.Context(), "general", chat.Everyone, "", [][]byte{[]byte("x")})
	if err == nil || len(poster.got) != 2 {
		t.Errorf("error %v, %d got it", err, len(poster.got))
	}
}

func TestShareNobodyTakes(t *testing.T) {
	r := &recorder{}
	answer, err := invoke(t, r, functions.Options{}, functions.OnAction, []byte(`{"parleyShare":{"room":"general","frames":["x"]}}`))
	if err != nil || answer != `{"statusCode":200}` || r.id != "" {
		t.Errorf("%s, %v, asked for %q", answer, err, r.id)
	}
}
