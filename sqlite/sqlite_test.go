package sqlite

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"parley/chat"
	"parley/chat/chattest"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		runChild(what)
	}
	goleak.VerifyTestMain(m)
}

// openTest opens a store and closes it with the test.
func openTest(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && err != ErrClosed {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestMessageLog(t *testing.T) {
	chattest.MessageLog(t, func(t testing.TB) chat.MessageLog { return openTest(t, Options{}) })
}

func TestPeople(t *testing.T) {
	chattest.People(t, func(t testing.TB) chat.People { return openTest(t, Options{}) })
}

func TestMessageLogReopen(t *testing.T) {
	chattest.MessageLogReopen(t, func(t testing.TB, dir string) (chat.MessageLog, func()) {
		s := openTest(t, Options{Dir: dir})
		return s, func() { s.Close() }
	})
}

func TestPeopleReopen(t *testing.T) {
	chattest.PeopleReopen(t, func(t testing.TB, dir string) (chat.People, func()) {
		s := openTest(t, Options{Dir: dir})
		return s, func() { s.Close() }
	})
}

// ctx is for what runs without a test around it.
func ctx() context.Context { return context.Background() }
