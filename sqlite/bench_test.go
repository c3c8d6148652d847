package sqlite

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/chat"
)

func message(person string, n int) chat.Entry {
	return chat.Entry{
		Kind: chat.KindMessage, At: time.Now().UnixMilli(), Person: person, From: "Ann of Green Gables",
		ID: fmt.Sprintf("%s-%016d", person, n), Text: "A message as people write them: a sentence, and sometimes two.",
	}
}

// BenchmarkAppend is a durable message each, by so many who each wait for
// theirs before they send the next.
func BenchmarkAppend(b *testing.B) {
	for _, d := range []Durability{Full, Normal} {
		for _, speakers := range []int{1, 32, 1000} {
			b.Run(fmt.Sprintf("%s/speakers=%d", d, speakers), func(b *testing.B) {
				s := openTest(b, Options{Durability: d})
				var next atomic.Int64
				var all sync.WaitGroup
				b.ReportAllocs()
				b.ResetTimer()
				for i := range speakers {
					all.Go(func() {
						person := fmt.Sprint("person", i)
						for {
							n := next.Add(1)
							if n > int64(b.N) {
								return
							}
							if _, err := s.Append(b.Context(), fmt.Sprint("room", i%10), message(person, int(n))); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
			})
		}
	}
}

// filled makes a store with n messages in 10 rooms and closes it.
func filled(b *testing.B, n int) (dir string) {
	dir = b.TempDir()
	s, err := Open(b.Context(), Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < n; i += 100 {
		var entries []chat.Entry
		for j := range 100 {
			entries = append(entries, message("person", i+j))
		}
		if _, err := s.Append(b.Context(), fmt.Sprint("room", i/100%10), entries...); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkFirstPage is what joining a room reads: its newest 40 messages.
func BenchmarkFirstPage(b *testing.B) {
	s := openTest(b, Options{Dir: filled(b, 100_000)})
	b.ReportAllocs()
	for b.Loop() {
		extent, err := s.Extent(b.Context(), "room3")
		if err != nil {
			b.Fatal(err)
		}
		entries, err := s.RangeBack(b.Context(), "room3", extent.Head-39, extent.Head, 24<<10)
		if err != nil || len(entries) != 40 {
			b.Fatal(len(entries), err)
		}
	}
}

// BenchmarkOpen is opening, and closing, a store with so many messages.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{0, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			dir := filled(b, n)
			var opening time.Duration
			for b.Loop() {
				start := time.Now()
				s, err := Open(b.Context(), Options{Dir: dir})
				if err != nil {
					b.Fatal(err)
				}
				opening += time.Since(start)
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(opening.Microseconds())/1000/float64(b.N), "ms/open")
		})
	}
}

// BenchmarkPersons is looking a message's speaker up.
func BenchmarkPersons(b *testing.B) {
	s := openTest(b, Options{})
	if err := s.PutPerson(b.Context(), chat.Person{ID: "ann", Name: "Ann", Skeleton: "ann"}); err != nil {
		b.Fatal(err)
	}
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p, err := s.Persons(b.Context(), "ann"); err != nil || len(p) != 1 {
				b.Fatal(p, err)
			}
		}
	})
	b.Run("from the file", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.PersonByName(b.Context(), "ann"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
