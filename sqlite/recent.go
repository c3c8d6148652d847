package sqlite

// recent is a map that keeps at least its limit's worth of what was used last,
// and at most twice as much. It throws away half at a time, so that using
// something costs one look-up and no list. Not safe for concurrent use.
type recent[K comparable, V any] struct {
	limit      int
	young, old map[K]V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, young: make(map[K]V), old: nil}
}

func (r *recent[K, V]) get(key K) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	if ok {
		r.put(key, v)
	}
	return v, ok
}

func (r *recent[K, V]) put(key K, value V) {
	if len(r.young) >= r.limit {
		r.old, r.young = r.young, make(map[K]V)
	}
	r.young[key] = value
}

func (r *recent[K, V]) delete(key K) {
	delete(r.young, key)
	delete(r.old, key)
}

func (r *recent[K, V]) clear() {
	r.young, r.old = make(map[K]V), nil // a map that is emptied keeps its memory
}
