package runtimeapi

import (
	"slices"
	"time"
)

// pollGrace is how long an invocation waits for an environment that has just answered, rather than start another one:
// else two processes would take turns where one is enough.
const pollGrace = 20 * time.Millisecond

// maxWaitingBytes is what the events of invocations that wait may have together, so that a flood stays in memory.
const maxWaitingBytes = 64 << 20

// assign finds an environment for an invocation: an idle one, a new one, or a place in the queue.
func (f *Function) assign(i *invocation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch last := len(f.idle) - 1; {
	case f.closed:
		return f.gone()
	case last >= 0:
		e := f.idle[last]
		f.idle[last] = nil
		f.idle = f.idle[:last]
		e.work <- i // it has room for one
	case f.alive < f.options.MaxEnvironments && f.about <= len(f.waiting):
		f.start(i)
	case len(f.waiting) >= f.options.MaxWaiting || f.waitingBytes()+len(i.event) > maxWaitingBytes:
		return f.throttled()
	default:
		f.waiting = append(f.waiting, i)
	}
	return nil
}

func (f *Function) waitingBytes() (sum int) {
	for _, i := range f.waiting {
		sum += len(i.event)
	}
	return sum
}

// start begins an environment for an invocation, which it is bound to, as on Lambda. f.mu is held.
func (f *Function) start(i *invocation) {
	f.alive++
	f.started++
	e := newEnvironment(f, f.started)
	f.running.Go(func() {
		e.run(i)
		f.ended(e)
	})
}

// ended counts an environment out, and gives its place to who waits.
func (f *Function) ended(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alive--
	f.settle(e)
	if len(f.waiting) > 0 && !f.closed {
		i := f.waiting[0]
		f.waiting = slices.Delete(f.waiting, 0, 1)
		f.start(i)
	}
}

// answered notes that e is about to ask for the next event.
func (f *Function) answered(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.about = true
	f.about++
}

// settle notes that it has, or will not. f.mu is held.
func (f *Function) settle(e *environment) {
	if e.about {
		e.about = false
		f.about--
	}
}

// hurry starts an environment for an invocation that waits for one about to be free, if there may be another.
func (f *Function) hurry(i *invocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at := slices.Index(f.waiting, i); at >= 0 && f.alive < f.options.MaxEnvironments && !f.closed {
		f.waiting = slices.Delete(f.waiting, at, at+1)
		f.start(i)
	}
}

// withdraw takes an invocation out of the queue; false: an environment has it.
func (f *Function) withdraw(i *invocation) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.Index(f.waiting, i)
	if at >= 0 {
		f.waiting = slices.Delete(f.waiting, at, at+1)
	}
	return at >= 0
}

// next waits for something to do. It returns nil when the environment is to end: idle for too long, crashed, closing.
func (f *Function) next(e *environment) *invocation {
	f.mu.Lock()
	f.settle(e)
	if len(f.waiting) > 0 {
		i := f.waiting[0]
		f.waiting = slices.Delete(f.waiting, 0, 1)
		f.mu.Unlock()
		return i
	}
	f.idle = append(f.idle, e)
	f.mu.Unlock()

	reap := time.NewTimer(f.options.IdleTimeout)
	defer reap.Stop()
	for {
		select {
		case i := <-e.work:
			return i
		case m := <-e.messages:
			if m.kind != exited {
				e.unexpected(m)
				continue
			}
			e.process = nil
			f.log.Warn("the function ended although nothing was asked of it; the next event starts it anew",
				"environment", e.number, "how", m.cause)
		case <-reap.C:
			f.log.Debug("idle for long", "environment", e.number)
		case <-f.closing:
		}
		return f.retire(e)
	}
}

// retire takes an environment out of those that are idle, or returns what it has been given meanwhile.
func (f *Function) retire(e *environment) *invocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at := slices.Index(f.idle, e); at >= 0 {
		f.idle = slices.Delete(f.idle, at, at+1)
		return nil
	}
	return <-e.work
}
