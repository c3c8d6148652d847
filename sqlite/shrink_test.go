package sqlite

import (
	"fmt"
	"sync"
	"testing"

	"parley/chat"
)

// TestShrink has a store shrink while it is used, and wants it to hold less of
// the file then, and to work as before.
func TestShrink(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 500 {
				id := fmt.Sprint(i, ".", n)
				if err := s.PutPerson(t.Context(), chat.Person{ID: id, Name: id, Skeleton: id, Created: 1}); err != nil {
					t.Error(err)
				}
				if n%100 == 0 {
					if err := s.Shrink(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	before := cached(s.writer.conn.Conn)
	if err := s.Shrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := cached(s.writer.conn.Conn); after > before/4 {
		t.Errorf("the writer holds %d bytes of the file, and held %d before", after, before)
	}
	if _, ok, _ := s.people.get("3.499"); ok {
		t.Error("a person is still held")
	}
	if p, err := s.PersonByName(t.Context(), "3.499"); err != nil || p.ID != "3.499" {
		t.Errorf("got %+v, %v", p, err)
	}
}
