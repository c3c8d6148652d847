package sqlite

import (
	"fmt"
	"sync"
	"testing"

	"parley/chat"
)

// TestPersonCacheAgrees changes persons while others look them up: nobody sees
// a state older than one that was acknowledged before the look-up began. The
// cache is too small for all, so that it forgets and fills all the time.
func TestPersonCacheAgrees(t *testing.T) {
	const persons, changes = 8, 60
	s := openTest(t, Options{Durability: Normal})
	s.people.persons.limit = 2
	var acknowledged [persons]struct {
		sync.Mutex
		seen int64
	}
	var all sync.WaitGroup
	for i := range persons {
		id := fmt.Sprint("p", i)
		all.Go(func() {
			for seen := int64(1); seen <= changes; seen++ {
				if err := s.PutPerson(t.Context(), chat.Person{ID: id, Skeleton: id, Holder: "c", Seen: seen}); err != nil {
					t.Errorf("PutPerson: %v", err)
				}
				if err := s.ReleaseName(t.Context(), id, "c"); err != nil {
					t.Errorf("ReleaseName: %v", err)
				}
				if p, err := s.Persons(t.Context(), id); err != nil || p[0].Seen != seen || p[0].Skeleton != "" {
					t.Errorf("Persons after ReleaseName: got %+v, %v, want seen %d and no skeleton", p, err, seen)
				}
				acknowledged[i].Lock()
				acknowledged[i].seen = seen
				acknowledged[i].Unlock()
			}
		})
		all.Go(func() {
			for range 10 * changes {
				acknowledged[i].Lock()
				least := acknowledged[i].seen
				acknowledged[i].Unlock()
				p, err := s.Persons(t.Context(), id)
				if err != nil || least > 0 && (len(p) != 1 || p[0].Seen < least) {
					t.Errorf("Persons: got %+v, %v, want seen at least %d", p, err, least)
				}
			}
		})
	}
	all.Wait()
}

// TestPersonCacheLateFill is the race that the change counter is for: read
// from the file, then changed, then remembered.
func TestPersonCacheLateFill(t *testing.T) {
	c := newPersonCache(10)
	_, _, changes := c.get("ann")
	c.put(chat.Person{ID: "ann", Seen: 2})
	c.forget("ann")
	c.fill(chat.Person{ID: "ann", Seen: 1}, changes)
	if p, ok, _ := c.get("ann"); ok {
		t.Errorf("remembered what was read before the change: %+v", p)
	}
}

func TestRecentIsBounded(t *testing.T) {
	r := newRecent[int, int](10)
	for i := range 1000 {
		r.put(i, i)
		r.put(7, i) // used all the time: never forgotten
		if v, ok := r.get(7); !ok || v != i {
			t.Fatalf("after %d others: got %d, %v", i, v, ok)
		}
		if n := len(r.young) + len(r.old); n > 20 {
			t.Fatalf("%d are remembered, want at most twice the limit", n)
		}
	}
	r.delete(7)
	if _, ok := r.get(7); ok {
		t.Error("deleted and still remembered")
	}
}
