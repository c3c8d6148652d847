package client

import (
	"errors"
	"sync"
)

// courier runs what must not run under the Client's lock, one after the other:
// the caller's Heard, and what leaves the Outbox.
type courier struct {
	mu     sync.Mutex
	work   []func() error
	hints  int
	ready  chan struct{} // has room for one
	closed bool
	done   chan struct{}
	err    error // of the work
}

// mostHints may wait for a Heard that takes its time. What leaves the outbox is
// bounded by what was in it.
const mostHints = 256

func newCourier() *courier {
	k := &courier{ready: make(chan struct{}, 1), done: make(chan struct{})}
	go k.run()
	return k
}

// hint runs f in its turn, or never.
func (k *courier) hint(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.hints >= mostHints {
		return
	}
	k.hints++
	k.add(func() error {
		f()
		k.mu.Lock()
		defer k.mu.Unlock()
		k.hints--
		return nil
	})
}

// do runs f in its turn.
func (k *courier) do(f func() error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.add(f)
	}
}

func (k *courier) add(f func() error) {
	k.work = append(k.work, f)
	select {
	case k.ready <- struct{}{}:
	default:
	}
}

func (k *courier) run() {
	defer close(k.done)
	for range k.ready {
		for {
			k.mu.Lock()
			if len(k.work) == 0 {
				closed := k.closed
				k.mu.Unlock()
				if closed {
					return
				}
				break
			}
			f := k.work[0]
			k.work = k.work[1:]
			k.mu.Unlock()
			if err := f(); err != nil {
				k.mu.Lock()
				k.err = errors.Join(k.err, err)
				k.mu.Unlock()
			}
		}
	}
}

// close waits until everything has run, and returns what went wrong.
func (k *courier) close() error {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		k.add(func() error { return nil })
	}
	k.mu.Unlock()
	<-k.done
	return k.err
}
