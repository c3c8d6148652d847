package runtimeapi

import (
	"time"
)

// environment is one process of a function, which handles one event at a time, and the Runtime API that this process
// alone talks to. One goroutine (run) owns it; whatever happens comes to that goroutine as a message.
type environment struct {
	function *Function
	number   int              // 1, 2, 3 …: names it in log lines
	work     chan *invocation // given to it while it is idle; has room for one
	messages chan message
	over     chan struct{} // closed when nobody takes messages any more

	process *process      // nil: it has ended
	about   bool          // it has answered, and not asked for the next event yet; guarded by Function.mu
	poll    chan delivery // where the next event goes; has room for one. nil: the function is not asking
}

// message is what the process does.
type message struct {
	kind  messageKind
	id    string        // of the invocation that is answered
	body  []byte        // an answer, or an error's JSON
	cause string        // an error's type; how the process ended
	poll  chan delivery // of a poll: has room for one; closed when another poll takes its place
	reply chan verdict  // of the others, save an exit: has room for one
}

type messageKind uint8

const (
	polled messageKind = iota
	answered
	errored  // answered with an error
	tooLarge // answered with more than maxPayload
	initFailed
	exited // the last one
)

// verdict is whether what a process says fits what it was asked.
type verdict bool

// delivery is what a poll gets.
type delivery struct {
	id       string
	event    []byte
	deadline time.Time
}

func newEnvironment(f *Function, number int) *environment {
	return &environment{
		function: f, number: number, work: make(chan *invocation, 1),
		messages: make(chan message), over: make(chan struct{}),
	}
}

// run is the environment's life. i is what it was started for.
func (e *environment) run(i *invocation) {
	f := e.function
	api, err := e.listen()
	if err != nil {
		close(e.over)
		i.finish(nil, f.failed(KindInit, "no port for its Runtime API: %v", err))
		return
	}
	defer api.Close()
	defer e.end()
	if err := e.begin(api.address); err != nil {
		i.finish(nil, err)
		return
	}
	for i != nil && e.handle(i) {
		if i = f.next(e); i != nil && e.process == nil {
			if err := f.assign(i); err != nil { // it was given to a process that had just ended
				i.finish(nil, err)
			}
			return
		}
	}
}

// begin starts the process and waits for its first poll.
func (e *environment) begin(address string) error {
	f, o := e.function, e.function.options
	started := time.Now()
	var err error
	if e.process, err = e.start(address); err != nil {
		return f.failed(KindInit, "cannot be started: %v; %s is to be an executable for this machine", err, o.Program)
	}
	limit := time.NewTimer(o.InitTimeout)
	defer limit.Stop()
	for {
		select {
		case m := <-e.messages:
			switch m.kind {
			case polled:
				e.poll = m.poll
				f.log.Debug("environment started", "environment", e.number, "took", time.Since(started))
				return nil
			case initFailed:
				m.reply <- true
				return &Error{f.options.Name, KindInit, "failed to start: " + said(m.body, m.cause), m.body}
			case exited:
				e.process = nil
				return f.failed(KindInit, "ended before it asked for an event: %s; its last lines in the log tell more", m.cause)
			default:
				e.unexpected(m)
			}
		case <-limit.C:
			return f.failed(KindInit, "did not ask for an event within %v of its start, and was ended; is it a Lambda program, and what does it wait for?", o.InitTimeout)
		case <-f.closing:
			return f.gone()
		}
	}
}

// handle has an invocation done, and waits until the function asks for the next one; false: the environment is to end.
func (e *environment) handle(i *invocation) (goOn bool) {
	f := e.function
	i.deadline = time.Now().Add(f.options.Timeout)
	limit := time.NewTimer(f.options.Timeout)
	defer limit.Stop()
	e.poll <- delivery{i.id, i.event, i.deadline}
	e.poll = nil
	for done := false; ; {
		var err error // that ends the environment
		select {
		case m := <-e.messages:
			switch {
			case m.kind == polled:
				if e.poll = m.poll; !done {
					i.finish(nil, f.failed(KindNoAnswer, "asked for the next event without having answered this one"))
				}
				return true
			case m.kind == exited:
				e.process = nil
				err = f.failed(KindExit, "its process ended: %s; the next event starts it anew", m.cause)
			case m.kind == initFailed || m.id != i.id || done:
				e.unexpected(m)
				continue
			default:
				m.reply <- m.kind != tooLarge
				f.answered(e) // before its caller can ask again
				i.finish(e.outcome(m))
				done = true
				continue
			}
		case <-limit.C:
			err = f.failed(KindTimeout, "not done after %v, and was ended; give it a longer timeout, or find what it waits for", f.options.Timeout)
		case <-f.closing:
			err = f.gone()
		}
		if !done {
			i.finish(nil, err)
		} else if kindOf(err) != KindNotRunning {
			f.log.Warn("ended after its answer, without asking for the next event", "environment", e.number, "why", err)
		}
		return false
	}
}

// outcome is what an answer means for its invocation.
func (e *environment) outcome(m message) ([]byte, error) {
	switch m.kind {
	case answered:
		return m.body, nil
	case tooLarge:
		return nil, e.function.failed(KindTooLarge, "answered with more than 6 MB; what is that long belongs elsewhere")
	}
	return nil, &Error{e.function.options.Name, KindUnhandled, "failed: " + said(m.body, m.cause), m.body}
}

// unexpected deals with what the process says although nobody has asked.
func (e *environment) unexpected(m message) {
	switch m.kind {
	case polled: // its client may have given the one before up
		if e.poll != nil {
			close(e.poll)
		}
		e.poll = m.poll
	default:
		m.reply <- false
		e.function.log.Warn("answered an event that it does not have: twice, or after its time", "environment", e.number, "request", oneLine(m.id, 40))
	}
}

// end leaves nothing of the process.
func (e *environment) end() {
	if e.process != nil {
		e.process.kill()
		for {
			m := <-e.messages
			if m.kind == exited {
				break
			}
			if m.reply != nil {
				m.reply <- false
			}
		}
	}
	close(e.over)
}

// tell gives run a message; false: it has ended.
func (e *environment) tell(m message) bool {
	select {
	case e.messages <- m:
		return true
	case <-e.over:
		return false
	}
}
