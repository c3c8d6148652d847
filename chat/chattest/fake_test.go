package chattest_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"

	"parley/chat"
	"parley/chat/chattest"
)

// fakeHome is the least thing that delivers as chat.Poster promises: the
// Poster suite is tried on it, and on what mutants make of it.
type fakeHome struct {
	mu          sync.Mutex
	connections map[chat.ConnectionID]*fakeConnection
	next        int
}

type fakeConnection struct {
	queue   chan []byte
	waiting int // bytes in the queue
}

// fakeUnread is how much a fakeConnection may have waiting, in bytes.
const fakeUnread = 1 << 20

func (f *fakeHome) Post(ctx context.Context, frames [][]byte, to []chat.ConnectionID) (gone []chat.ConnectionID, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range to {
		c, ok := f.connections[id]
		for _, frame := range frames {
			if ok && c.waiting+len(frame) > fakeUnread {
				f.end(id)
				ok = false
			}
			if ok {
				c.waiting += len(frame)
				c.queue <- bytes.Clone(frame)
			}
		}
		if !ok {
			gone = append(gone, id)
		}
	}
	return gone, ctx.Err()
}

func (f *fakeHome) Close(_ context.Context, _ int, _ string, ids ...chat.ConnectionID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.end(id)
	}
	return nil
}

func (f *fakeHome) end(id chat.ConnectionID) {
	if c, ok := f.connections[id]; ok {
		close(c.queue)
		delete(f.connections, id)
	}
}

func (f *fakeHome) connect(testing.TB) chattest.Recipient {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	id := string(rune('a' + f.next))
	c := &fakeConnection{queue: make(chan []byte, 10_000)}
	f.connections[id] = c
	return chattest.Recipient{
		ID: id,
		Receive: func(ctx context.Context) ([]byte, error) {
			select {
			case frame, ok := <-c.queue:
				if !ok {
					return nil, chattest.ErrEnded
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				c.waiting -= len(frame)
				return frame, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
		Vanish: func() { f.Close(context.Background(), 0, "", id) },
	}
}

// poster runs the Poster suite on a fakeHome, seen through mutate.
func poster(t *testing.T, mutate func(chat.Poster) chat.Poster) {
	chattest.Poster(t, func(testing.TB) chattest.PosterHarness {
		f := &fakeHome{connections: make(map[chat.ConnectionID]*fakeConnection)}
		return chattest.PosterHarness{Poster: mutate(f), Connect: f.connect, InOrder: true, Unread: fakeUnread}
	})
}

func TestPoster(t *testing.T) { poster(t, func(p chat.Poster) chat.Poster { return p }) }

// posterFunc is a Poster with another Post.
type posterFunc struct {
	chat.Poster
	post func(frames [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error)
}

func (p posterFunc) Post(_ context.Context, frames [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
	return p.post(frames, to)
}

func reversed(frames [][]byte) [][]byte {
	frames = slices.Clone(frames)
	slices.Reverse(frames)
	return frames
}
