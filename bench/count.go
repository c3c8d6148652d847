package bench

// complete tells whether every message sent has been answered, and every
// connection has what any other one of its room has.
func (r *run) complete() bool {
	for _, p := range r.publishers {
		if !p.ended.Load() && p.done.Load() < p.sent.Load() {
			return false
		}
	}
	for _, s := range r.shards {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	heads := r.heads()
	for _, c := range r.connections {
		if c.end == nil && c.seen.missing(heads[c.room]) > 0 {
			return false
		}
	}
	return true
}

// heads are the highest sequences that anybody has got, by room.
func (r *run) heads() []uint64 {
	heads := make([]uint64, r.o.Rooms)
	for _, c := range r.connections {
		heads[c.room] = max(heads[c.room], c.seen.high)
	}
	return heads
}

// count counts what went wrong. Nothing comes any more when it is called.
func (r *run) count() {
	f := &r.report.Faults
	heads := r.heads()
	for _, c := range r.connections {
		f.Lost += c.seen.missing(heads[c.room])
		f.Doubled += c.seen.doubled
		f.OutOfOrder += c.seen.disordered
		if c.end != nil && f.First == "" {
			f.First = c.end.Error()
		}
	}
	for _, p := range r.publishers {
		f.Repeated += p.copies.doubled
		f.Unacknowledged += p.sent.Load() - min(p.sent.Load(), p.done.Load())
	}
	all := r.counts()
	f.Refused, f.Ended = all.refused, all.ended
	if all.refusal != nil {
		f.First = all.refusal.Error()
	}
}
