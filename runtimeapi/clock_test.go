package runtimeapi_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/runtimeapi"
)

// target is a function that takes its time, until it is no longer waited for.
type target struct {
	takes   time.Duration
	fail    error
	begun   atomic.Int64
	left    atomic.Int64 // that nobody waited for
	unknown atomic.Int64 // events that were another
}

func (f *target) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.begun.Add(1)
	if string(event) != `{"now":1}` {
		f.unknown.Add(1)
	}
	select {
	case <-time.After(f.takes):
		return nil, f.fail
	case <-ctx.Done():
		f.left.Add(1)
		return nil, ctx.Err()
	}
}

func TestClock(t *testing.T) {
	for name, test := range map[string]struct {
		takes       time.Duration
		fail        error
		begun, left int64 // after three and a half periods of an hour
		logged      bool
	}{
		"at once":              {0, nil, 3, 0, false},
		"slower than the rate": {100 * time.Minute, nil, 3, 2, false},
		"failing":              {0, errors.New("no"), 3, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, l := &target{takes: test.takes, fail: test.fail}, &log{}
				c := runtimeapi.StartClock(time.Hour, f, []byte(`{"now":1}`), slog.New(slog.NewTextHandler(l, nil)))
				time.Sleep(59 * time.Minute)
				if n := f.begun.Load(); n != 0 {
					t.Errorf("%d invocations before the first hour is over", n)
				}
				time.Sleep(151 * time.Minute)
				c.Close()
				time.Sleep(24 * time.Hour)
				if begun, left, unknown := f.begun.Load(), f.left.Load(), f.unknown.Load(); begun != test.begun || left != test.left || unknown != 0 {
					t.Errorf("%d begun, %d left, %d of another event; want %d, %d, 0", begun, left, unknown, test.begun, test.left)
				}
				if logged := l.String() != ""; logged != test.logged {
					t.Errorf("logged: %s", l)
				}
			})
		})
	}
}
