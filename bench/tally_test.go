package bench

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTally(t *testing.T) {
	for _, c := range []struct {
		name                         string
		start                        uint64
		got                          []uint64
		last                         uint64
		missing, doubled, disordered uint64
	}{
		{name: "all in order", got: []uint64{1, 2, 3}, last: 3},
		{name: "nothing came", last: 3, missing: 3},
		{name: "the end is missing", got: []uint64{1}, last: 3, missing: 2},
		{name: "one is missing", got: []uint64{1, 3}, last: 3, missing: 1},
		{name: "one is late", got: []uint64{1, 3, 2}, last: 3, disordered: 1},
		{name: "one came twice", got: []uint64{1, 2, 2, 3}, last: 3, doubled: 1},
		{name: "a late one came twice", got: []uint64{3, 1, 1, 2}, last: 3, doubled: 1, disordered: 2},
		{name: "from the middle of a hole", got: []uint64{5, 3}, last: 5, missing: 3, disordered: 1},
		{name: "what was before it joined", start: 7, got: []uint64{8, 7, 9}, last: 9, doubled: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			count := tally{high: c.start}
			for _, n := range c.got {
				count.take(n)
			}
			if m := count.missing(c.last); m != c.missing || count.doubled != c.doubled || count.disordered != c.disordered {
				t.Errorf("of %v: missing %d, doubled %d, out of order %d; want %d, %d, %d",
					c.got, m, count.doubled, count.disordered, c.missing, c.doubled, c.disordered)
			}
		})
	}
}

// TestTallyIsExact compares with a count that remembers everything.
func TestTallyIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const last = 30
		got := rapid.SliceOf(rapid.Uint64Range(1, last)).Draw(t, "got")
		var count tally
		seen := map[uint64]bool{}
		high, doubled, disordered := uint64(0), uint64(0), uint64(0)
		for _, n := range got {
			if isNew := count.take(n); isNew == seen[n] {
				t.Fatalf("take(%d) says new: %v", n, isNew)
			}
			switch {
			case seen[n]:
				doubled++
			case n < high:
				disordered++
			}
			seen[n], high = true, max(high, n)
		}
		if m := count.missing(last); m != last-uint64(len(seen)) || count.doubled != doubled || count.disordered != disordered {
			t.Fatalf("missing %d, doubled %d, out of order %d; want %d, %d, %d", m, count.doubled, count.disordered, last-len(seen), doubled, disordered)
		}
	})
}
