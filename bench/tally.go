package bench

import "slices"

// tally takes in the numbers that one receiver gets, which should come as 1, 2,
// 3 …, and knows exactly which were lost, came twice, or came late. It grows only
// with what is missing.
type tally struct {
	high       uint64 // the highest so far; to begin with, the last one that need not come
	holes      []hole // below high, ascending
	doubled    uint64
	disordered uint64 // came after a higher one
}

// hole is a run of numbers that have not come, both ends included.
type hole struct{ from, to uint64 }

// take tells whether the number had not come before.
func (t *tally) take(n uint64) bool {
	switch {
	case n == t.high+1:
		t.high = n
	case n > t.high:
		t.holes = append(t.holes, hole{t.high + 1, n - 1})
		t.high = n
	default:
		return t.fill(n)
	}
	return true
}

// fill takes in a number that is not above the highest.
func (t *tally) fill(n uint64) bool {
	i := slices.IndexFunc(t.holes, func(h hole) bool { return h.from <= n && n <= h.to })
	if i < 0 {
		t.doubled++
		return false
	}
	t.disordered++
	switch h := &t.holes[i]; {
	case h.from == h.to:
		t.holes = slices.Delete(t.holes, i, i+1)
	case n == h.from:
		h.from++
	case n == h.to:
		h.to--
	default:
		after := hole{n + 1, h.to}
		h.to = n - 1
		t.holes = slices.Insert(t.holes, i+1, after)
	}
	return true
}

// missing is how many of the numbers up to last have not come.
func (t *tally) missing(last uint64) uint64 {
	n := uint64(0)
	for _, h := range t.holes {
		n += h.to - h.from + 1
	}
	if last > t.high {
		n += last - t.high
	}
	return n
}
