package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"parley/planted"
)

const (
	// maxWaiting is how many calls may wait for the writer. Callers beyond it
	// wait to be let in, so what is queued is bounded by what they hold anyway.
	maxWaiting = 1024
	// maxBatchBytes is about how much text goes into one commit, so that no
	// call waits for more than that to be written.
	maxBatchBytes = 4 << 20
)

// writer owns the connection that writes. It takes all calls that wait, runs
// them in one transaction and answers them when it is committed: one sync of
// the disk for all of them (group commit). It never waits for more to come: a
// lone call is written at once, and while the disk syncs, the next ones gather.
type writer struct {
	conn    connection
	path    string
	walPath string
	place   *place
	st      *writerStatements
	queue   chan *call
	done    chan struct{} // closed when the goroutine has ended
	heads   *recent[string, roomHead]
	people  *personCache
	scratch []byte
	forceAt int64 // see boundLog; bytes

	scrubAt   *time.Timer
	scrubbing bool // scrubAt is running

	failure atomic.Pointer[error] // of the last transaction; nil: it succeeded

	mu     sync.RWMutex // held to read while a call is put into the queue
	closed bool
}

// call is one caller's change.
type call struct {
	ctx   context.Context
	bytes int
	// do makes the change within the transaction. It may run again, in another
	// transaction, after a failure that need not have been its own; so what it
	// tells its caller it sets anew each time. An error is a failure of the store.
	do     func(*batch) error
	taken  atomic.Bool
	answer chan error
}

func startWriter(ctx context.Context, conn connection, path string, people *personCache) (*writer, error) {
	place, err := findPlace(path)
	if err != nil {
		return nil, err
	}
	st, err := prepareWriter(ctx, conn.Conn)
	if err != nil {
		return nil, err
	}
	w := &writer{
		conn: conn, path: path, walPath: path + "-wal", place: place, st: st, people: people,
		queue:   make(chan *call, maxWaiting),
		done:    make(chan struct{}),
		heads:   newRecent[string, roomHead](cachedRooms),
		scrubAt: time.NewTimer(scrubDelay),
	}
	w.scrubAt.Stop()
	go w.run()
	return w, nil
}

// submit has do run by the writer and returns when it is committed, or has
// failed. The context counts until the writer takes the call; what it has taken
// it finishes, so that the caller always learns which it was.
func (w *writer) submit(ctx context.Context, bytes int, do func(*batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, bytes: bytes, do: do, answer: make(chan error, 1)}
	if err := w.enqueue(c); err != nil {
		return err
	}
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		if c.taken.CompareAndSwap(false, true) {
			return ctx.Err() // the writer will pass over it
		}
		return <-c.answer
	}
}

func (w *writer) enqueue(c *call) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- c:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case first, open := <-w.queue:
			if !open {
				return
			}
			w.commit(w.gather(first))
		case <-w.scrubAt.C:
			w.scrub()
		}
	}
}

// gather returns the call and all that wait behind it, without waiting itself.
func (w *writer) gather(first *call) (calls []*call) {
	bytes := 0
	for next := first; next != nil; {
		if next.taken.CompareAndSwap(false, true) { // else its caller has given up
			calls = append(calls, next)
			bytes += next.bytes
		}
		if len(calls) == maxWaiting || bytes >= maxBatchBytes {
			break
		}
		select {
		case next = <-w.queue: // nil when the queue is closed and empty
		default:
			next = nil
		}
	}
	return calls
}

// commit runs the calls in one transaction. If that fails each is tried in one
// of its own, so that a call that cannot succeed does not take others along.
func (w *writer) commit(calls []*call) {
	if len(calls) == 0 {
		return
	}
	err := w.attempt(calls)
	w.note(err)
	if planted.Is(planted.IgnoredFailure) {
		err = nil
	}
	if err != nil && len(calls) > 1 {
		for _, c := range calls {
			err := w.attempt([]*call{c})
			w.note(err)
			c.answer <- classify(err)
		}
		return
	}
	for _, c := range calls {
		c.answer <- classify(err)
	}
	if err == nil {
		w.boundLog()
	}
}

// note remembers whether the store takes anything at present.
func (w *writer) note(err error) {
	if err == nil {
		w.failure.Store(nil)
		return
	}
	err = classify(err)
	w.failure.Store(&err)
}

// attempt runs the calls in one transaction, all or none.
func (w *writer) attempt(calls []*call) (err error) {
	ctx := context.Background() // see submit
	if err := w.place.check(); err != nil {
		return err
	}
	if _, err := w.st.begin.ExecContext(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// SQLite has rolled back by itself after some failures, and says so
			// with an error that means nothing here.
			w.st.rollback.ExecContext(ctx)
			w.heads.clear() // after trouble the file is asked again
		}
	}()
	b := &batch{writer: w, ctx: ctx, heads: make(map[string]roomHead)}
	for _, c := range calls {
		if err := c.do(b); err != nil {
			return err
		}
	}
	if err := b.storeHeads(); err != nil {
		return err
	}
	if planted.Is(planted.EarlyAcknowledgement) {
		for _, c := range calls {
			if c.bytes > 0 { // messages
				c.answer <- nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := w.st.commit.ExecContext(ctx); err != nil {
		return err
	}
	b.publish()
	return w.place.check()
}

// boundLog empties the write-ahead log by force when readers, one after the
// other without a pause, have kept SQLite from doing it in passing. One that
// stays for long (a backup, a shell) is waited for only shortly, and again only
// after as much more has been written.
func (w *writer) boundLog() {
	info, err := os.Stat(w.walPath)
	if err != nil || info.Size() <= walLimit {
		w.forceAt = walLimit
		return
	}
	if info.Size() < w.forceAt {
		return
	}
	w.forceAt = info.Size() + walLimit
	for _, pragma := range []string{"busy_timeout = 100", "wal_checkpoint(restart)", fmt.Sprint("busy_timeout = ", busyTimeout)} {
		w.conn.ExecContext(context.Background(), "PRAGMA "+pragma) // what fails is tried again as said above
	}
}

// stop lets in no more calls and waits for those that were. It reports whether
// it was the first to do so.
func (w *writer) stop() bool {
	w.mu.Lock()
	first := !w.closed
	if first {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	return first
}

func (w *writer) close() error {
	return errors.Join(w.st.close(), w.conn.close())
}

func (w *writer) isClosed() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.closed
}
