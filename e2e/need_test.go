package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLockFilesNameNoAddress(t *testing.T) {
	lockFile, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lockFile), `"resolved"`) {
		t.Error(`package-lock.json records where packages came from; npm config set omit-lockfile-registry-resolved true, and make it again`)
	}
	if !strings.Contains(string(lockFile), `"integrity"`) {
		t.Error("package-lock.json has no checksums")
	}
}

func TestLock(t *testing.T) {
	t.Run("one at a time", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "lock")
		var inside, most atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				unlock, err := lock(file)
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(10 * time.Millisecond)
				inside.Add(-1)
				unlock()
			})
		}
		all.Wait()
		if most.Load() != 1 {
			t.Errorf("%d held the lock at once", most.Load())
		}
	})
	t.Run("a dead holder's is taken over", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "lock")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-2 * lockStale)
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
		unlock, err := lock(file)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	})
}
