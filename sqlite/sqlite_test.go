package sqlite

import (
	"testing"

	"go.uber.org/goleak"

	"parley/chat"
	"parley/chat/chattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
