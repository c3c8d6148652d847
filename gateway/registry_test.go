package gateway

import (
	"strings"
	"sync"
	"testing"
)

// TestRegistry lets connections come and go in the same places, and wants each to be found by its own id alone.
func TestRegistry(t *testing.T) {
	var r registry
	var all sync.WaitGroup
	const each = 3 * len(block{})
	for range 4 {
		all.Go(func() {
			var before string
			for range 3 {
				var mine []*connection
				for range each {
					c := &connection{}
					r.add(c)
					mine = append(mine, c)
				}
				for _, c := range mine {
					if !validID(c.id) || r.get(c.id) != c {
						t.Errorf("%q is not found", c.id)
					}
					c.hidden.Store(true)
					if r.get(c.id) != nil {
						t.Errorf("%q is found before it is to be", c.id)
					}
					c.hidden.Store(false)
				}
				if r.get(before) != nil {
					t.Errorf("%q is found after its end, in whose place there may be another one", before)
				}
				for _, c := range mine {
					r.remove(c)
					r.remove(c)
				}
				before = mine[0].id
			}
		})
	}
	all.Wait()
	n := 0
	r.each(func(*connection) { n++ })
	if n != 0 || len(r.free) != int(r.next) || int(r.next) > 4*each {
		t.Errorf("left behind: %d connections, %d places of which %d are free", n, r.next, len(r.free))
	}
	for _, id := range []string{"", "AAA", "AAAA", "____" + strings.Repeat("A", 12), "=AAAAAAAAAAAAAAA", "\x00\xff\xff\xff", "ääää"} {
		if r.get(id) != nil {
			t.Errorf("%q is found", id)
		}
	}
}

func BenchmarkRegistry(b *testing.B) {
	var r registry
	var ids []string
	for range 1000 {
		c := &connection{}
		r.add(c)
		ids = append(ids, c.id)
	}
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if r.get(ids[i%len(ids)]) == nil {
				b.Fatal("not found")
			}
		}
	})
}
