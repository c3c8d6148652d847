package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"parley/chat"
)

// hold keeps the writer busy until release is called, so that what is called
// meanwhile waits and goes into one batch.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	taken, free := make(chan struct{}), make(chan struct{})
	go s.writer.submit(context.Background(), 0, func(*batch) error {
		close(taken)
		<-free
		return nil
	})
	<-taken
	return sync.OnceFunc(func() { close(free) })
}

// waiting returns when n calls wait for the writer.
func waiting(t *testing.T, s *Store, n int) {
	t.Helper()
	for len(s.writer.queue) != n {
		runtime.Gosched()
		if t.Context().Err() != nil {
			t.Fatal("the calls do not come")
		}
	}
}

// TestBatchOneFails wants that a call that fails, in the middle of a batch and
// after it has written, takes nobody along and leaves nothing.
func TestBatchOneFails(t *testing.T) {
	s := openTest(t, Options{})
	boom := errors.New("boom")
	release := hold(t, s)
	answers := make([]chan error, 5)
	for i := range answers {
		answers[i] = make(chan error, 1)
		go func() {
			var err error
			switch i {
			case 2:
				err = s.writer.submit(t.Context(), 0, func(b *batch) error {
					if _, err := b.append("room", []chat.Entry{message("never", i)}); err != nil {
						return err
					}
					return boom
				})
			case 3:
				err = s.PutPerson(t.Context(), chat.Person{ID: "ann", Skeleton: "ann"})
			default:
				_, err = s.Append(t.Context(), "room", message("p", i))
			}
			answers[i] <- err
		}()
		waiting(t, s, i+1)
	}
	release()
	for i, answer := range answers {
		if err := <-answer; (i == 2) != errors.Is(err, boom) || (i != 2) != (err == nil) {
			t.Errorf("call %d: got %v", i, err)
		}
	}
	entries, err := s.Range(t.Context(), "room", 1, 10, 1<<20)
	if err != nil || len(entries) != 3 {
		t.Fatalf("got %d entries, %v, want 3", len(entries), err)
	}
	for i, e := range entries {
		if e.Seq != uint64(i)+1 || e.Person != "p" {
			t.Errorf("entry %d is %+v", i+1, e)
		}
	}
	if p, err := s.Persons(t.Context(), "ann"); err != nil || len(p) != 1 {
		t.Errorf("the person of that batch: got %+v, %v", p, err)
	}
}

// TestBatchNameTaken wants that of two in one batch who want one name the first
// gets it, and that the refusal is theirs alone.
func TestBatchNameTaken(t *testing.T) {
	s := openTest(t, Options{})
	release := hold(t, s)
	answers := make([]chan error, 3)
	for i := range answers {
		answers[i] = make(chan error, 1)
		go func() {
			if i == 2 {
				_, err := s.Append(t.Context(), "room", message("p", i))
				answers[i] <- err
				return
			}
			answers[i] <- s.PutPerson(t.Context(), chat.Person{ID: fmt.Sprint(i), Skeleton: "wanted"})
		}()
		waiting(t, s, i+1)
	}
	release()
	for i, want := range []error{nil, chat.ErrNameTaken, nil} {
		if err := <-answers[i]; !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i, err, want)
		}
	}
}

// TestCancelWhileWaiting wants an answer at once and the entry never stored.
func TestCancelWhileWaiting(t *testing.T) {
	s := openTest(t, Options{})
	release := hold(t, s)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		_, err := s.Append(ctx, "room", message("p", 1))
		answer <- err
	}()
	waiting(t, s, 1)
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Append: got %v, want context.Canceled", err)
	}
	release()
	if appended, err := s.Append(t.Context(), "room", message("p", 1)); err != nil || appended[0].Seq != 1 || appended[0].Repeat {
		t.Errorf("the same entry afterwards: got %+v, %v, want a new one", appended, err)
	}
}

// TestReadsDoNotWait reads while the writer is in the middle of a transaction.
func TestReadsDoNotWait(t *testing.T) {
	s := openTest(t, Options{})
	if _, err := s.Append(t.Context(), "room", message("p", 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.PutPerson(t.Context(), chat.Person{ID: "ann", Skeleton: "ann"}); err != nil {
		t.Fatal(err)
	}
	release := hold(t, s)
	defer release()
	if entries, err := s.Range(t.Context(), "room", 1, 1, 100); err != nil || len(entries) != 1 {
		t.Errorf("Range: got %+v, %v", entries, err)
	}
	if _, err := s.PersonByName(t.Context(), "ann"); err != nil {
		t.Errorf("PersonByName: %v", err)
	}
}

// TestClose closes under load: what was acknowledged is there, what came too
// late is told so.
func TestClose(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, Options{Dir: dir})
	var all sync.WaitGroup
	var mu sync.Mutex
	acknowledged := 0
	begun := make(chan struct{}, 8)
	for i := range 8 {
		all.Go(func() {
			for n := 0; ; n++ {
				_, err := s.Append(context.Background(), "room", message(fmt.Sprint("p", i), n))
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				mu.Lock()
				acknowledged++
				mu.Unlock()
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	for range cap(begun) {
		<-begun
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := s.Close(); err != ErrClosed {
		t.Errorf("a second Close: got %v, want ErrClosed", err)
	}
	for call, err := range map[string]error{
		"PutPerson":    s.PutPerson(t.Context(), chat.Person{ID: "p"}),
		"Extent":       func() error { _, err := s.Extent(t.Context(), "room"); return err }(),
		"PersonByName": func() error { _, err := s.PersonByName(t.Context(), "x"); return err }(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: got %v, want ErrClosed", call, err)
		}
	}
	s = openTest(t, Options{Dir: dir})
	if extent, err := s.Extent(t.Context(), "room"); err != nil || extent.Head != uint64(acknowledged) {
		t.Errorf("head: got %+v, %v, want %d", extent, err, acknowledged)
	}
}

// TestLogStaysBounded has readers in the file all the time. On a busy machine they
// may outlast one try to empty the log; see boundLog.
func TestLogStaysBounded(t *testing.T) {
	s := openTest(t, Options{Durability: Normal})
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if _, err := s.Range(context.Background(), "room", 1, 200, 1<<20); err != nil {
						t.Errorf("Range: %v", err)
						return
					}
				}
			}
		})
	}
	largest := int64(0)
	for n := range 80 {
		var entries []chat.Entry
		for i := range 50 {
			e := message("p", n*50+i)
			e.Text = strings.Repeat("x", 20_000)
			entries = append(entries, e)
		}
		if _, err := s.Append(t.Context(), "room", entries...); err != nil {
			t.Fatal(err)
		}
		largest = max(largest, logSize(t, s))
	}
	close(done)
	all.Wait()
	if bound := int64(2*walLimit + 3*maxBatchBytes); largest > bound {
		t.Errorf("the write-ahead log grew to %d bytes, want at most %d", largest, bound)
	}
	t.Logf("80 MB written, the write-ahead log had at most %d bytes", largest)
}

func logSize(t *testing.T, s *Store) int64 {
	t.Helper()
	info, err := os.Stat(s.writer.walPath)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
